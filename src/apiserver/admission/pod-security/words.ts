// The words that all Pod Security checks make their sentences of.
import type { Container, PodSpec } from '#api/core/v1.ts';

export interface Violation {
  /** Succinct: shown alone where many pods are judged. */
  readonly reason: string;
  readonly detail: string;
}

export interface Judged {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** undefined: allowed. */
export type PodCheck = (pod: Judged) => Violation | undefined;

export function quoted(items: Iterable<string>): string {
  return [...items].map((item) => `"${item}"`).join(', ');
}

export function plural(singular: string, many: string, count: number): string {
  return count === 1 ? singular : many;
}

/** Init, then ordinary, then ephemeral ones: the order in which they are named. */
export function containersOf(spec: PodSpec): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

export function namesOf(containers: readonly Container[]): string[] {
  return containers.map((container) => container.name);
}

/** `container "a"`, `containers "a", "b"`. */
export function containerList(names: readonly string[]): string {
  return `${plural('container', 'containers', names.length)} ${quoted(names)}`;
}

/** Who set something: the pod, containers, or both. */
export function setters(pod: boolean, containers: readonly string[], more: readonly string[] = []): string {
  return [...(pod ? ['pod'] : []), ...(containers.length === 0 ? [] : [containerList(containers)]), ...more].join(' and ');
}

export function sorted(items: Iterable<string>): string[] {
  return [...new Set(items)].sort();
}

export function isWindows(spec: PodSpec): boolean {
  return spec.os?.name === 'windows';
}

/** A pod with users of its own may be root: root of nothing else. */
export function hasOwnUsers(spec: PodSpec): boolean {
  return spec.hostUsers === false;
}
