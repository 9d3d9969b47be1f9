// The containers of a pod in the order in which upstream visits them.
import type { Container, PodSpec } from '#api/core/v1.ts';
import { child, index } from '../../field-errors.ts';

/** All containers of a pod with their paths, init containers first, as upstream visits them. */
export function containersWithPaths(spec: PodSpec, path: string): { readonly container: Container; readonly at: string }[] {
  const found: { readonly container: Container; readonly at: string }[] = [];
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const list: readonly Container[] | undefined | null = spec[field];
    if (list === undefined || list === null) continue;
    const at = child(path, field);
    for (let i = 0; i < list.length; i++) found.push({ container: list[i] as Container, at: index(at, i) });
  }
  return found;
}
