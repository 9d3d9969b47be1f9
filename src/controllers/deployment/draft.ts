// The working copy of a Deployment's ReplicaSets during one reconcile: changes collect in drafts, so that each
// ReplicaSet is written at most once, with the event that its scaling deserves.
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import { parseTime } from '#base/clock.ts';
import { maxSurge } from './fenceposts.ts';
import { setReplicasAnnotations } from './revision.ts';

export interface Draft {
  /** As it is to be. Annotations and replicas may be changed; all else is shared with the cache. */
  object: ReplicaSet;
  /** undefined when it is to be created. */
  readonly original: ReplicaSet | undefined;
  changed: boolean;
  /** What it had before scaling. */
  scaledFrom: number | undefined;
}

export function draftOf(replicaSet: ReplicaSet): Draft {
  return { object: replicaSet, original: replicaSet, changed: false, scaledFrom: undefined };
}

export function size(draft: Draft): number {
  return draft.object.spec?.replicas ?? 1;
}

export function available(draft: Draft): number {
  return draft.object.status?.availableReplicas ?? 0;
}

export function active(drafts: readonly Draft[]): Draft[] {
  return drafts.filter((draft) => size(draft) > 0);
}

export function total(drafts: readonly Draft[], count: (draft: Draft) => number): number {
  return drafts.reduce((sum, draft) => sum + count(draft), 0);
}

/** Sets annotations on the draft; true when that changed anything. */
export function annotate(draft: Draft, annotations: Readonly<Record<string, string>>): boolean {
  const before = draft.object.metadata?.annotations ?? {};
  if (Object.entries(annotations).every(([key, value]) => before[key] === value)) return false;
  draft.object = { ...draft.object, metadata: { ...draft.object.metadata, annotations: { ...before, ...annotations } } };
  draft.changed = true;
  return true;
}

/** Scales the draft. Unless `force` is set nothing happens when the size is right already. True when it was scaled. */
export function scale(draft: Draft, deployment: Deployment, replicas: number, force = false): boolean {
  const before = size(draft);
  if (!force && before === replicas) return false;
  const wanted = deployment.spec?.replicas ?? 1;
  setReplicasAnnotations(draft, wanted, wanted + maxSurge(deployment));
  if (before === replicas || draft.object.spec === undefined) return false;
  draft.object = { ...draft.object, spec: { ...draft.object.spec, replicas } };
  draft.changed = true;
  draft.scaledFrom ??= before;
  return true;
}

function created(draft: Draft): number {
  // What is not created yet is the newest of all.
  const at = parseTime(draft.object.metadata?.creationTimestamp);
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}

function nameOf(draft: Draft): string {
  return draft.object.metadata?.name ?? '';
}

/** Oldest first, then by name. */
export function byAge(a: Draft, b: Draft): number {
  const ageA = created(a);
  const ageB = created(b);
  return ageA === ageB ? (nameOf(a) < nameOf(b) ? -1 : 1) : ageA - ageB;
}

export function bySizeNewerFirst(a: Draft, b: Draft): number {
  return size(b) - size(a) || byAge(b, a);
}

export function bySizeOlderFirst(a: Draft, b: Draft): number {
  return size(b) - size(a) || byAge(a, b);
}
