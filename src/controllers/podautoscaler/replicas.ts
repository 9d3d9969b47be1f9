// How many replicas a metric asks for. Pods that cannot tell yet are counted against the direction of the change:
// when there is much to do they are taken to do nothing, when there is little to do exactly their share; so no
// gap in the metrics drives the number anywhere. Values are in thousandths. Pure. Upstream: replica_calculator.go.
import type { Pod } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { parseQuantity, quantityMilliValue } from '#machinery';
import { podCondition } from '../pod-state.ts';

export interface PodMetric {
  readonly value: number;
  readonly timestampMs: number;
  readonly windowMs: number;
}

export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

export interface Target {
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  readonly pods: readonly Pod[];
  readonly metrics: ReadonlyMap<string, PodMetric>;
  readonly nowMs: number;
}

export interface Answer {
  readonly replicas: number;
  /** Average per pod. */
  readonly usage: number;
  /** Percent of the requests. */
  readonly utilization?: number;
}

/** How long after a pod's start its CPU use counts only while it is ready. */
const cpuInitializationMs = 5 * 60_000;
/** How soon after its start a pod's readiness may still be its first. */
const initialReadinessMs = 30_000;

function isWithin({ up, down }: Tolerances, ratio: number): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

interface Groups {
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

function groupPods({ pods, metrics, nowMs }: Target, resource: string): Groups {
  let ready = 0;
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const metric = metrics.get(name);
    if (pod.metadata?.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') ignored.add(name);
    else if (pod.status?.phase === 'Pending') unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === 'cpu' && isStarting(pod, metric, nowMs)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

/** Its CPU use is that of starting up, not of work. */
function isStarting(pod: Pod, metric: PodMetric, nowMs: number): boolean {
  const condition = podCondition(pod, 'Ready');
  const start = parseTime(pod.status?.startTime);
  if (condition === undefined || Number.isNaN(start)) return true;
  const since = parseTime(condition.lastTransitionTime);
  if (start + cpuInitializationMs > nowMs) return condition.status === 'False' || metric.timestampMs < since + metric.windowMs;
  return condition.status === 'False' && start + initialReadinessMs > since;
}

interface Measured {
  readonly ratio: number;
  readonly usage: number;
  readonly utilization?: number;
}

interface Kind {
  readonly resource: string;
  measure(values: ReadonlyMap<string, number>): Measured;
  /** What a pod that says nothing is taken to use when there is little to do. */
  idle(pod: string): number;
}

function replicasFor(target: Target, kind: Kind): Answer {
  if (target.pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, ignored } = groupPods(target, kind.resource);
  const values = new Map([...target.metrics].filter(([name]) => !ignored.has(name) && !unready.has(name)).map(([name, metric]) => [name, metric.value]));
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const first = kind.measure(values);
  const { currentReplicas, tolerances } = target;
  const same: Answer = { replicas: currentReplicas, usage: first.usage, utilization: first.utilization };
  const withUnready = unready.size > 0 && first.ratio > 1;
  if (!withUnready && missing.size === 0) return isWithin(tolerances, first.ratio) ? same : { ...same, replicas: Math.ceil(first.ratio * ready) };
  for (const name of missing) {
    if (first.ratio < 1) values.set(name, kind.idle(name));
    else if (first.ratio > 1) values.set(name, 0);
  }
  if (withUnready) for (const name of unready) values.set(name, 0);
  const { ratio } = kind.measure(values);
  if (isWithin(tolerances, ratio) || (first.ratio < 1 && ratio > 1) || (first.ratio > 1 && ratio < 1)) return same;
  const replicas = Math.ceil(ratio * values.size);
  // Never against the direction that the pods that did tell ask for.
  if ((ratio < 1 && replicas > currentReplicas) || (ratio > 1 && replicas < currentReplicas)) return same;
  return { ...same, replicas };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** By percent of the requests. Throws when a container requests nothing. */
export function byUtilization(target: Target, wantedPercent: number, resource: string, container: string): Answer {
  if (target.pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const requests = new Map(target.pods.map((pod) => [pod.metadata?.name ?? '', () => requestOf(pod, resource, container)]));
  const cache = new Map<string, number>();
  const request = (name: string): number => {
    const known = cache.get(name) ?? requests.get(name)?.() ?? 0;
    cache.set(name, known);
    return known;
  };
  return replicasFor(target, {
    resource,
    measure(values) {
      for (const name of requests.keys()) request(name);
      const known = [...values].filter(([name]) => requests.has(name));
      const asked = sum(known.map(([name]) => request(name)));
      if (asked === 0) throw new Error('no metrics returned matched known pods');
      const used = sum(known.map(([, value]) => value));
      const utilization = Math.trunc((used * 100) / asked);
      return { ratio: utilization / wantedPercent, utilization, usage: Math.trunc(used / known.length) };
    },
    idle: (name) => Math.trunc((request(name) * Math.max(100, wantedPercent)) / 100),
  });
}

/** By an average per pod. */
export function byAverage(target: Target, wanted: number, resource: string): Answer {
  return replicasFor(target, {
    resource,
    measure(values) {
      const usage = Math.trunc(sum(values.values()) / values.size);
      return { ratio: usage / wanted, usage };
    },
    idle: () => wanted,
  });
}

function requestOf(pod: Pod, resource: string, container: string): number {
  const name = pod.metadata?.name ?? '';
  const milli = (text: string): number => quantityMilliValue(parseQuantity(text));
  const whole = pod.spec?.resources?.requests;
  if (container === '' && whole !== undefined && Object.keys(whole).length > 0) {
    if (whole[resource] !== undefined) return milli(whole[resource]);
    const parts = (pod.spec?.containers ?? []).map((each) => each.resources?.requests?.[resource]).filter((text) => text !== undefined);
    if (parts.length === 0) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return sum(parts.map(milli));
  }
  const sidecars = (pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always');
  const counted = [...(pod.spec?.containers ?? []), ...sidecars].filter((each) => container === '' || each.name === container);
  if (container !== '' && counted.length === 0) throw new Error(`container ${container} not found in Pod ${name}`);
  return sum(
    counted.map((each) => {
      const text = each.resources?.requests?.[resource];
      if (text === undefined) throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${name}`);
      return milli(text);
    }),
  );
}

/** By one value for the whole workload (an object's or an external metric). */
export function byValue(usage: number, wanted: number, { currentReplicas, tolerances, pods }: Pick<Target, 'currentReplicas' | 'tolerances' | 'pods'>): Answer {
  const ratio = usage / wanted;
  if (currentReplicas === 0) return { replicas: Math.ceil(ratio), usage };
  if (isWithin(tolerances, ratio)) return { replicas: currentReplicas, usage };
  if (pods.length === 0) throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && podCondition(pod, 'Ready')?.status === 'True').length;
  return { replicas: Math.min(Math.ceil(ratio * ready), 2 ** 31 - 1), usage };
}

/** By one value shared among the replicas. */
export function byValuePerPod(usage: number, wanted: number, statusReplicas: number, tolerances: Tolerances): Answer {
  const ratio = usage / (wanted * statusReplicas);
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : Math.min(Math.ceil(usage / wanted), 2 ** 31 - 1);
  return { replicas, usage: Math.ceil(usage / Math.max(1, statusReplicas)) };
}
