// What each metric of an autoscaler proposes: fetches its values, asks replicas.ts, and tells the outcome as the
// status shows it, or the failure under the reason that users know.
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '#api/autoscaling/v2.ts';
import type { Pod } from '#api/core/v1.ts';
import { resources } from '#api/resources.ts';
import { errorText, wrap } from '#base/errors.ts';
import { formatQuantity, parseApiVersion, parseQuantity, quantityMilliValue, selectorFromObject } from '#machinery';
import { externalMetric, objectMetric, podMetrics, resourceMetrics, type Asking } from './metrics.ts';
import { byAverage, byUtilization, byValue, byValuePerPod, type Answer, type Tolerances } from './replicas.ts';

export type Proposal =
  | { readonly ok: true; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | { readonly ok: false; readonly reason: string; readonly cause: string; readonly error: string };

export interface Workload {
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** As text, for the APIs. */
  readonly selector: string;
  readonly pods: readonly Pod[];
}

const defaultTolerance = 0.1;

export function tolerancesOf({ spec }: HorizontalPodAutoscaler): Tolerances {
  const of = (text: string | undefined): number => (text === undefined ? defaultTolerance : quantityMilliValue(parseQuantity(text)) / 1000);
  return { up: of(spec.behavior?.scaleUp?.tolerance), down: of(spec.behavior?.scaleDown?.tolerance) };
}

interface Context {
  readonly asking: Asking;
  readonly workload: Workload;
  readonly tolerances: Tolerances;
  readonly nowMs: number;
}

interface Found {
  readonly replicas: number;
  readonly metric: string;
  readonly status: MetricStatus;
}

const milli = (text: string | undefined): number => quantityMilliValue(parseQuantity(text ?? '0'));
const quantity = (value: number, resource?: string): string => formatQuantity({ unscaled: BigInt(Math.trunc(value)), scale: -3, format: resource === 'memory' ? 'BinarySI' : 'DecimalSI' });

/** Never rejects. */
export async function propose(context: Context, spec: MetricSpec): Promise<Proposal> {
  const attempt = async (reason: string, prefix: string, run: () => Promise<Found>): Promise<Proposal> => {
    try {
      return { ok: true, ...(await run()) };
    } catch (error) {
      const cause = errorText(error);
      return { ok: false, reason, cause, error: `${prefix}: ${cause}` };
    }
  };
  if (spec.resource !== undefined && spec.type === 'Resource') {
    const { name, target } = spec.resource;
    return attempt('FailedGetResourceMetric', `failed to get ${name} resource metric value`, async () => {
      const { answer, metric, current } = await forResource(context, name, '', target);
      return { replicas: answer.replicas, metric, status: { type: 'Resource', resource: { name, current } } };
    });
  }
  if (spec.containerResource !== undefined && spec.type === 'ContainerResource') {
    const { name, container, target } = spec.containerResource;
    return attempt('FailedGetContainerResourceMetric', `failed to get ${container} container metric value`, async () => {
      const { answer, metric, current } = await forResource(context, name, container, target);
      return { replicas: answer.replicas, metric, status: { type: 'ContainerResource', containerResource: { name, container, current } } };
    });
  }
  if (spec.pods !== undefined && spec.type === 'Pods') return attempt('FailedGetPodsMetric', 'failed to get pods metric value', () => forPods(context, spec));
  if (spec.object !== undefined && spec.type === 'Object') return attempt('FailedGetObjectMetric', 'failed to get object metric value', () => forObject(context, spec));
  if (spec.external !== undefined && spec.type === 'External') return attempt('FailedGetExternalMetric', `failed to get ${spec.external.metric.name} external metric value`, () => forExternal(context, spec));
  const cause = `unknown metric source type "${spec.type}"`;
  return { ok: false, reason: 'InvalidMetricSourceType', cause, error: cause };
}

async function forResource({ asking, workload, tolerances, nowMs }: Context, name: string, container: string, target: MetricTarget): Promise<{ readonly answer: Answer; readonly metric: string; readonly current: MetricValueStatus }> {
  const failed = (what: string, error: unknown): Error => wrap(`failed to get ${name} ${what}`, error);
  const base = { currentReplicas: workload.specReplicas, tolerances, pods: workload.pods, nowMs };
  if (target.averageValue !== undefined) {
    try {
      const metrics = await resourceMetrics(asking, name, workload.selector, container);
      const answer = byAverage({ ...base, metrics }, milli(target.averageValue), name);
      return { answer, metric: `${name} resource`, current: { averageValue: quantity(answer.usage, name) } };
    } catch (error) {
      throw failed('usage', error);
    }
  }
  const percent = target.averageUtilization;
  if (percent === undefined) throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  try {
    const metrics = await resourceMetrics(asking, name, workload.selector, container);
    const answer = byUtilization({ ...base, metrics }, percent, name, container);
    const metric = `${name} ${container === '' ? '' : 'container '}resource utilization (percentage of request)`;
    return { answer, metric, current: { averageUtilization: answer.utilization, averageValue: quantity(answer.usage, name) } };
  } catch (error) {
    throw failed('utilization', error);
  }
}

const selectorText = (selector: Parameters<typeof selectorFromObject>[0]): string => (selector === undefined ? '' : selectorFromObject(selector).toString());

async function forPods({ asking, workload, tolerances, nowMs }: Context, spec: MetricSpec): Promise<Found> {
  const { metric, target } = spec.pods ?? { metric: { name: '' }, target: { type: '' } };
  const metrics = await podMetrics(asking, metric.name, workload.selector, selectorText(metric.selector));
  const answer = byAverage({ currentReplicas: workload.specReplicas, tolerances, pods: workload.pods, nowMs, metrics }, milli(target.averageValue), '');
  return { replicas: answer.replicas, metric: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current: { averageValue: quantity(answer.usage) } } } };
}

async function forObject({ asking, workload, tolerances }: Context, spec: MetricSpec): Promise<Found> {
  if (spec.object === undefined) throw new Error('invalid object metric source: neither a value target nor an average value target was set');
  const { describedObject, metric, target } = spec.object;
  const { group } = parseApiVersion(describedObject.apiVersion ?? 'v1');
  const info = resources.find((each) => each.kind === describedObject.kind && each.group === group);
  const resource = info === undefined ? `${describedObject.kind.toLowerCase()}s.${group}` : info.group === '' ? info.plural : `${info.plural}.${info.group}`;
  if (target.value === undefined && target.averageValue === undefined) throw new Error('invalid object metric source: neither a value target nor an average value target was set');
  const usage = await objectMetric(asking, metric.name, { kind: describedObject.kind, name: describedObject.name, resource }, selectorText(metric.selector));
  if (target.value !== undefined && target.type === 'Value') {
    const answer = byValue(usage, milli(target.value), { currentReplicas: workload.specReplicas, tolerances, pods: workload.pods });
    return { replicas: answer.replicas, metric: `${describedObject.kind} metric ${metric.name}`, status: { type: 'Object', object: { describedObject, metric, current: { value: quantity(answer.usage) } } } };
  }
  const answer = byValuePerPod(usage, milli(target.averageValue), workload.statusReplicas, tolerances);
  return { replicas: answer.replicas, metric: `external metric ${metric.name}(${selectorText(metric.selector)})`, status: { type: 'Object', object: { describedObject, metric, current: { averageValue: quantity(answer.usage) } } } };
}

async function forExternal({ asking, workload, tolerances }: Context, spec: MetricSpec): Promise<Found> {
  const { metric, target } = spec.external ?? { metric: { name: '' }, target: { type: '' } };
  const name = `external metric ${metric.name}(${selectorText(metric.selector)})`;
  if (target.averageValue === undefined && target.value === undefined) throw new Error('invalid external metric source: neither a value target nor an average value target was set');
  const usage = await externalMetric(asking, metric.name, selectorText(metric.selector));
  if (target.averageValue !== undefined) {
    const answer = byValuePerPod(usage, milli(target.averageValue), workload.statusReplicas, tolerances);
    return { replicas: answer.replicas, metric: name, status: { type: 'External', external: { metric, current: { averageValue: quantity(answer.usage) } } } };
  }
  const answer = byValue(usage, milli(target.value), { currentReplicas: workload.specReplicas, tolerances, pods: workload.pods });
  return { replicas: answer.replicas, metric: name, status: { type: 'External', external: { metric, current: { value: quantity(answer.usage) } } } };
}
