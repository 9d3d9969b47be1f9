// Which pods a controller gives up first when it has too many: unassigned before assigned, pending before
// running, not ready before ready, cheap (pod-deletion-cost) before dear, doubled up on a node before alone,
// freshly ready before long ready, often restarted before calm, young before old. Ages are compared on a
// logarithmic scale, so that among pods of about the same age chance (the uid) decides (KEP-2185).
import type { Pod } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { isReady, podCondition } from './pod-state.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

export interface DeletionOptions {
  /** All pods of the same workload, old revisions included: they make a node doubled up. */
  readonly related: readonly Pod[];
  readonly nowMs: number;
}

/** The `count` pods to delete, best candidates first. */
export function podsToDelete(pods: readonly Pod[], count: number, { related, nowMs }: DeletionOptions): Pod[] {
  if (count >= pods.length) return [...pods];
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (node !== '' && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded' && pod.metadata?.deletionTimestamp === undefined) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): number => perNode.get(pod.spec?.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compare(a, b, rank(b) - rank(a), nowMs)).slice(0, count);
}

/** Negative when `a` is to be deleted before `b`. */
function compare(a: Pod, b: Pod, byRank: number, nowMs: number): number {
  const assigned = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 0 : 1);
  const phase = (pod: Pod): number => phases[pod.status?.phase ?? ''] ?? 0;
  const ready = (pod: Pod): number => (isReady(pod) ? 1 : 0);
  const early = assigned(a) - assigned(b) || phase(a) - phase(b) || ready(a) - ready(b) || deletionCost(a) - deletionCost(b) || byRank;
  if (early !== 0) return early;
  if (isReady(a)) {
    const times = compareTimes(a, b, podCondition(a, 'Ready')?.lastTransitionTime, podCondition(b, 'Ready')?.lastTransitionTime, nowMs);
    if (times !== 0) return times;
  }
  const [restartsA, sidecarsA] = restarts(a);
  const [restartsB, sidecarsB] = restarts(b);
  return restartsB - restartsA || sidecarsB - sidecarsA || compareTimes(a, b, a.metadata?.creationTimestamp, b.metadata?.creationTimestamp, nowMs);
}

/** Younger first; a missing time counts as youngest. */
function compareTimes(a: Pod, b: Pod, first: string | undefined, second: string | undefined, nowMs: number): number {
  const timeA = parseTime(first);
  const timeB = parseTime(second);
  if (Number.isNaN(timeA) || Number.isNaN(timeB)) return Number(Number.isNaN(timeB)) - Number(Number.isNaN(timeA));
  if (timeA === timeB) return 0;
  return ageRank(nowMs - timeA) - ageRank(nowMs - timeB) || ((a.metadata?.uid ?? '') < (b.metadata?.uid ?? '') ? -1 : 1);
}

function ageRank(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1;
}

/** The annotation's value, 0 when absent or no int32. */
export function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[costAnnotation] ?? '';
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

/** The most restarts of any container, and of any sidecar. */
function restarts(pod: Pod): [number, number] {
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').map((container) => container.name));
  const most = (counts: readonly number[]): number => counts.reduce((a, b) => Math.max(a, b), 0);
  return [
    most((pod.status?.containerStatuses ?? []).map((status) => status.restartCount)),
    most((pod.status?.initContainerStatuses ?? []).filter((status) => sidecars.has(status.name)).map((status) => status.restartCount)),
  ];
}
