// The decision of a HorizontalPodAutoscaler: the largest of what its metrics propose, within bounds and behaviour,
// and the conditions that explain it. When metrics fail, the others may still scale up, never down. Pure but for
// the history that it is given and keeps. Upstream: pkg/controller/podautoscaler.
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerStatus, MetricStatus } from '#api/autoscaling/v2.ts';
import { rfc3339 } from '#base/clock.ts';
import { limited, type History } from './behaviour.ts';
import type { Proposal } from './proposals.ts';

type Conditions = readonly HorizontalPodAutoscalerCondition[];

export function withCondition(conditions: Conditions, type: string, status: string, reason: string, message: string, nowMs: number): Conditions {
  const before = conditions.find((each) => each.type === type);
  const condition = { type, status, lastTransitionTime: before?.status === status ? before.lastTransitionTime : rfc3339(nowMs), reason, message };
  return before === undefined ? [...conditions, condition] : conditions.map((each) => (each === before ? condition : each));
}

export interface Decision {
  /** To be written to the target when it differs. */
  readonly replicas: number;
  readonly rescale: boolean;
  readonly reason: string;
  readonly conditions: Conditions;
  readonly metrics: readonly MetricStatus[];
  /** Some metrics failed; the rest decided. */
  readonly error?: string;
  /** All failed, or too many to scale down safely: nothing is decided. */
  readonly undecided?: true;
}

export function minReplicasOf(autoscaler: HorizontalPodAutoscaler): number {
  return autoscaler.spec.minReplicas ?? 1;
}

/** What is decided without asking the metrics; undefined when they must be asked. */
export function withoutMetrics(autoscaler: HorizontalPodAutoscaler, current: number, conditions: Conditions, nowMs: number): Decision | undefined {
  const { maxReplicas } = autoscaler.spec;
  const base = { conditions, metrics: [] };
  if (current === 0) {
    return { ...base, replicas: 0, rescale: false, reason: '', conditions: withCondition(conditions, 'ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero', nowMs) };
  }
  if (current > maxReplicas) return { ...base, replicas: maxReplicas, rescale: true, reason: 'Current number of replicas above Spec.MaxReplicas' };
  if (current < minReplicasOf(autoscaler)) return { ...base, replicas: minReplicasOf(autoscaler), rescale: true, reason: 'Current number of replicas below Spec.MinReplicas' };
  return undefined;
}

/** What the proposals come to. */
export function reconcile(autoscaler: HorizontalPodAutoscaler, current: number, proposals: readonly Proposal[], before: Conditions, history: History, nowMs: number): Decision {
  const failures = proposals.filter((each) => !each.ok);
  const [first] = failures;
  const good = proposals.filter((each) => each.ok);
  const best = good.reduce<(typeof good)[number] | undefined>((a, b) => (a === undefined || b.replicas > a.replicas ? b : a), undefined);
  const metrics = good.map((each) => each.status);
  const error = first === undefined ? undefined : `invalid metrics (${failures.length} invalid out of ${proposals.length}), first error is: ${first.error}`;
  if (best === undefined || (first !== undefined && best.replicas < current)) {
    const conditions = first === undefined ? before : withCondition(before, 'ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.cause}`, nowMs);
    return { replicas: current, rescale: false, reason: '', conditions, metrics, error: error ?? 'no metrics', undecided: true };
  }
  let conditions = withCondition(before, 'ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best.metric}`, nowMs);
  const outcome = limited(autoscaler.spec, history, { current, desired: best.replicas, min: minReplicasOf(autoscaler), max: autoscaler.spec.maxReplicas }, nowMs);
  conditions = withCondition(conditions, 'AbleToScale', 'True', outcome.ableReason, outcome.ableMessage, nowMs);
  conditions = withCondition(conditions, 'ScalingLimited', outcome.limited ? 'True' : 'False', outcome.limitReason, outcome.limitMessage, nowMs);
  const reason = best.replicas > current ? `${best.metric} above target` : best.replicas < current ? 'All metrics below target' : '';
  return { replicas: outcome.replicas, rescale: outcome.replicas !== current, reason, conditions, metrics, ...(error === undefined ? {} : { error }) };
}

export interface Scaled {
  readonly current: number;
  readonly desired: number;
  readonly rescaled: boolean;
}

/** The status as it is to be written. */
export function statusOf(autoscaler: HorizontalPodAutoscaler, { current, desired, rescaled }: Scaled, conditions: Conditions, metrics: readonly MetricStatus[], nowMs: number): HorizontalPodAutoscalerStatus {
  const lastScaleTime = rescaled ? rfc3339(nowMs) : autoscaler.status?.lastScaleTime;
  return {
    ...(autoscaler.status?.observedGeneration === undefined ? {} : { observedGeneration: autoscaler.status.observedGeneration }),
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: desired,
    ...(metrics.length === 0 ? {} : { currentMetrics: [...metrics] }),
    conditions: [...conditions],
  };
}
