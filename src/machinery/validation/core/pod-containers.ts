// The containers of a pod in the order in which upstream visits them.
import type { Container, PodSpec } from '#api/core/v1.ts';
import { child, index } from '../../field-errors.ts';

/** All containers of a pod with their paths, init containers first, as upstream visits them. */
export function containersWithPaths(spec: PodSpec, path: string): { readonly container: Container; readonly at: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    (spec[field] ?? []).map((container: Container, i) => ({ container, at: index(child(path, field), i) })),
  );
}
