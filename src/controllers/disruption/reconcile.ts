// What a PodDisruptionBudget allows: how many of its pods are healthy, how many must be, and which evictions are
// under way. Also when a pod's DisruptionTarget condition is stale: evicted, and still there after two minutes. Pure.
// Upstream: pkg/controller/disruption.
import type { Pod } from '#api/core/v1.ts';
import type { Condition, LabelSelector } from '#api/meta/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#api/policy/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { scaledValue } from '../int-or-percent.ts';
import { isFinished, isReady, podCondition } from '../pod-state.ts';

/** How long after an eviction a pod may still be there. */
export const deletionTimeoutMs = 2 * 60_000;
export const staleConditionMs = 2 * 60_000;

export interface Expected {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** True when the number of pods must be asked of their controllers. */
export function needsScale(budget: PodDisruptionBudget): boolean {
  return budget.spec?.maxUnavailable !== undefined || typeof budget.spec?.minAvailable === 'string';
}

/** `scale` is what the controllers of the pods want together; `found` how many pods there are. */
export function expectedOf(budget: PodDisruptionBudget, scale: number, found: number): Expected {
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) return { expectedPods: scale, desiredHealthy: Math.max(0, scale - scaledValue(maxUnavailable, scale, 'up')) };
  if (typeof minAvailable === 'number') return { expectedPods: found, desiredHealthy: minAvailable };
  if (minAvailable !== undefined) return { expectedPods: scale, desiredHealthy: scaledValue(minAvailable, scale, 'up') };
  return { expectedPods: 0, desiredHealthy: 0 };
}

export interface Verdict {
  readonly status: PodDisruptionBudgetStatus;
  readonly changed: boolean;
  /** Pods whose eviction was told and did not happen. */
  readonly notDeleted: readonly Pod[];
  readonly recheckMs: number | undefined;
}

export function reconcile(budget: PodDisruptionBudget, pods: readonly Pod[], { expectedPods, desiredHealthy }: Expected, nowMs: number): Verdict {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckMs: number | undefined;
  let currentHealthy = 0;
  for (const pod of pods) {
    if (pod.metadata?.deletionTimestamp !== undefined) continue;
    const name = pod.metadata?.name ?? '';
    const since = budget.status?.disruptedPods?.[name];
    const left = since === undefined ? undefined : parseTime(since) + deletionTimeoutMs - nowMs;
    if (since !== undefined && left !== undefined && left >= 0) {
      disruptedPods[name] = since;
      recheckMs = Math.min(recheckMs ?? left, left);
    } else if (since !== undefined) notDeleted.push(pod);
    if ((left === undefined || left <= 0) && isReady(pod)) currentHealthy++;
  }
  const allowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const before = budget.status;
  const generation = budget.metadata?.generation;
  const status: PodDisruptionBudgetStatus = {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed: allowed,
    ...(Object.keys(disruptedPods).length === 0 ? {} : { disruptedPods }),
    observedGeneration: generation,
    conditions: withCondition(before?.conditions, { status: allowed > 0 ? 'True' : 'False', reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods', message: '', observedGeneration: generation }, nowMs),
  };
  const condition = before?.conditions?.find((each) => each.type === 'DisruptionAllowed');
  const upToDate =
    (before?.currentHealthy ?? 0) === currentHealthy &&
    (before?.desiredHealthy ?? 0) === desiredHealthy &&
    (before?.expectedPods ?? 0) === expectedPods &&
    (before?.disruptionsAllowed ?? 0) === allowed &&
    Object.keys(before?.disruptedPods ?? {}).length === Object.keys(disruptedPods).length &&
    before?.observedGeneration === generation &&
    condition?.status === (allowed > 0 ? 'True' : 'False') &&
    condition?.observedGeneration === generation;
  return { status, changed: !upToDate, notDeleted, recheckMs };
}

/** The status when the budget could not be worked out: nothing may be disrupted. */
export function failSafe(budget: PodDisruptionBudget, message: string, nowMs: number): PodDisruptionBudgetStatus {
  const before = budget.status;
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...before,
    disruptionsAllowed: 0,
    conditions: withCondition(before?.conditions, { status: 'False', reason: 'SyncFailed', message, observedGeneration: before?.observedGeneration }, nowMs),
  };
}

function withCondition(conditions: readonly Condition[] | undefined, wanted: Pick<Condition, 'status' | 'reason' | 'message' | 'observedGeneration'>, nowMs: number): Condition[] {
  const before = conditions?.find((each) => each.type === 'DisruptionAllowed');
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : rfc3339(nowMs);
  const condition: Condition = { type: 'DisruptionAllowed', ...wanted, lastTransitionTime };
  return before === undefined ? [...(conditions ?? []), condition] : (conditions ?? []).map((each) => (each === before ? condition : each));
}

/** How long until the pod's DisruptionTarget condition is stale, 0 when it is; undefined when it cannot become so. */
export function staleInMs(pod: Pod, nowMs: number): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget');
  if (pod.metadata?.deletionTimestamp !== undefined || condition?.status !== 'True' || condition.reason === 'TerminationByKubelet' || isFinished(pod)) return undefined;
  return Math.max(0, staleConditionMs - (nowMs - parseTime(condition.lastTransitionTime)));
}

/** The pod with the condition taken back. */
export function cleared(pod: Pod, nowMs: number): Pod {
  const conditions = (pod.status?.conditions ?? []).map((condition) => (condition.type === 'DisruptionTarget' ? { type: condition.type, status: 'False', lastTransitionTime: rfc3339(nowMs) } : condition));
  return { ...pod, status: { ...pod.status, conditions } };
}

/** A selector as the message about unmanaged pods shows it. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map((each) => `LabelSelectorRequirement{Key:${each.key},Operator:${each.operator},Values:[${(each.values ?? []).join(' ')}],},`);
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
