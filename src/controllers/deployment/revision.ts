// Revisions: every ReplicaSet of a Deployment carries the number of the rollout that made it current, and the
// numbers it had before, so that `kubectl rollout undo` finds its way back.
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import { annotate, type Draft } from './draft.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

const historyLimitChars = 2000;

/** Annotations of the Deployment that its ReplicaSets do not inherit. */
const notInherited: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deprecated.deployment.rollback.to',
]);

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** The revision of a ReplicaSet; 0 when it has none, undefined when it says nonsense. */
export function revisionOf(replicaSet: ReplicaSet): number | undefined {
  const text = replicaSet.metadata?.annotations?.[revisionAnnotation];
  return text === undefined ? 0 : integer(text);
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((max, each) => Math.max(max, revisionOf(each) ?? 0), 0);
}

export function setReplicasAnnotations(draft: Draft, desired: number, max: number): boolean {
  return annotate(draft, { [desiredAnnotation]: String(desired), [maxAnnotation]: String(max) });
}

/** A count kept in an annotation; undefined when absent or nonsense. */
export function countAnnotation(replicaSet: ReplicaSet, name: string): number | undefined {
  const count = integer(replicaSet.metadata?.annotations?.[name]);
  return count === undefined || count < 0 || count > 2 ** 31 - 1 ? undefined : count;
}

/** Gives the current ReplicaSet the Deployment's annotations and at least `revision`. */
export function setRevision(draft: Draft, deployment: Deployment, revision: number): void {
  const wanted: Record<string, string> = {};
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notInherited.has(key)) wanted[key] = value;
  }
  const annotations = draft.object.metadata?.annotations ?? {};
  const text = annotations[revisionAnnotation];
  const before = text === undefined || text === '' ? 0 : integer(text);
  if (before !== undefined && before < revision) {
    wanted[revisionAnnotation] = String(revision);
    // It had a revision and gets a new one: somebody rolled back to it.
    if (text !== undefined) wanted[historyAnnotation] = lengthened(annotations[historyAnnotation] ?? '', text);
  }
  annotate(draft, wanted);
}

function lengthened(history: string, revision: string): string {
  if (history === '') return revision;
  const entries = history.split(',');
  while (entries.length > 0 && entries.join(',').length + revision.length + 1 > historyLimitChars) entries.shift();
  return [...entries, revision].join(',');
}
