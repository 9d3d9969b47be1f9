// Pods that nobody will ever clean up: too many finished ones, those of nodes that are gone or declared out of
// service, and those deleted before they were ever scheduled.
import type { Node, Pod, PodCondition } from '#api/core/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { isFinished } from '../pod-state.ts';

/** A node must be missing this long before its pods are given up. */
export const quarantineMs = 40_000;

export interface Observed {
  readonly pods: readonly Pod[];
  readonly nodes: ReadonlyMap<string, Node>;
  /** Finished pods to keep; 0 keeps all. */
  readonly keepFinished: number;
  /** When each node that pods name was first found missing. */
  readonly missingSince: ReadonlyMap<string, number>;
}

export interface Deletion {
  readonly pod: Pod;
  /** Told of a pod that had not finished. */
  readonly condition: PodCondition | undefined;
}

export interface Actions {
  readonly remove: readonly Deletion[];
  /** Pods to delete once their node is confirmed to be gone, past the cache. */
  readonly orphans: ReadonlyMap<string, readonly Pod[]>;
  readonly missingSince: ReadonlyMap<string, number>;
}

function isEvicted(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' && pod.status.reason === 'Evicted';
}

/** Evicted first, then the oldest. */
function leastWanted(a: Pod, b: Pod): number {
  return Number(isEvicted(b)) - Number(isEvicted(a)) || parseTime(a.metadata?.creationTimestamp) - parseTime(b.metadata?.creationTimestamp) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

function isOutOfService(node: Node | undefined): boolean {
  const ready = node?.status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
  return node !== undefined && !ready && (node.spec?.taints ?? []).some((taint) => taint.key === 'node.kubernetes.io/out-of-service');
}

/** What to delete now. */
export function reconcile({ pods, nodes, keepFinished, missingSince }: Observed, nowMs: number): Actions {
  const remove = new Map<Pod, Deletion>();
  const plain = (pod: Pod): void => void remove.set(pod, { pod, condition: undefined });
  if (keepFinished > 0) {
    const finished = pods.filter(isFinished);
    if (finished.length > keepFinished) for (const pod of [...finished].sort(leastWanted).slice(0, finished.length - keepFinished)) plain(pod);
  }
  const stillMissing = new Map<string, number>();
  const orphans = new Map<string, Pod[]>();
  for (const pod of pods) {
    const nodeName = pod.spec?.nodeName ?? '';
    const deleted = pod.metadata?.deletionTimestamp !== undefined;
    if (deleted && (nodeName === '' || isOutOfService(nodes.get(nodeName)))) plain(pod);
    if (nodeName === '' || nodes.has(nodeName)) continue;
    const since = missingSince.get(nodeName) ?? nowMs;
    stillMissing.set(nodeName, since);
    if (nowMs - since >= quarantineMs) orphans.set(nodeName, [...(orphans.get(nodeName) ?? []), pod]);
  }
  return { remove: [...remove.values()], orphans, missingSince: stillMissing };
}

/** Told of a pod whose node is gone. */
export function orphanCondition(nowMs: number): PodCondition {
  return { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', lastTransitionTime: rfc3339(nowMs) };
}
