// autoscaling/v1 and v2 of HorizontalPodAutoscaler. v1 knows only a target CPU utilization; everything else of
// v2 travels in v1 as annotations with JSON, in v1's own words, so that a round trip through either version loses nothing.
import type { HorizontalPodAutoscaler as V1 } from '#api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler as V2, MetricSpec, MetricStatus } from '#api/autoscaling/v2.ts';
import type { KubeObject } from '../contract.ts';
import { behaviorToV1, behaviorToV2, metricSpecToV1, metricSpecToV2, metricStatusToV1, metricStatusToV2 } from './autoscaling-metrics.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const carried = ['metrics', 'behavior', 'current-metrics', 'conditions'] as const;
/** Written by earlier versions; of no meaning any more. */
const former = ['scale-down-tolerance', 'scale-up-tolerance'] as const;
type Carried = (typeof carried)[number];

function isCpuUtilization(metric: MetricSpec): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;
}

function isCpuStatus(metric: MetricStatus): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.current.averageUtilization !== undefined;
}

export function horizontalPodAutoscalerToV1(object: KubeObject): KubeObject {
  const hpa = object as V2 & KubeObject;
  const { metrics = [], behavior, ...spec } = hpa.spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  const { currentMetrics = [], conditions, ...status } = hpa.status ?? {};
  const cpu = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const currentCpu = (currentMetrics ?? []).find(isCpuStatus)?.resource?.current.averageUtilization;
  const annotations: Record<string, string> = { ...hpa.metadata?.annotations };
  for (const name of [...carried, ...former]) delete annotations[prefix + name];
  const carry = (name: Carried, value: unknown): void => {
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) annotations[prefix + name] = JSON.stringify(value);
  };
  carry('metrics', metrics.filter((metric) => !isCpuUtilization(metric)).map(metricSpecToV1));
  carry('behavior', behavior === undefined || behavior === null ? undefined : behaviorToV1(behavior));
  // That of the CPU too: its raw value is nowhere else.
  carry('current-metrics', (currentMetrics ?? []).map(metricStatusToV1));
  carry('conditions', conditions);
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(hpa.metadata, annotations),
    spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: {
      currentReplicas: 0,
      ...status,
      desiredReplicas: hpa.status?.desiredReplicas ?? 0,
      ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }),
    },
  };
}

export function horizontalPodAutoscalerToV2(object: KubeObject): KubeObject {
  const hpa = object as V1 & KubeObject;
  const annotations: Record<string, string> = { ...hpa.metadata?.annotations };
  for (const name of former) delete annotations[prefix + name];
  const taken: Partial<Record<Carried, unknown>> = {};
  for (const name of carried) {
    const text = annotations[prefix + name];
    if (text === undefined) continue;
    delete annotations[prefix + name];
    taken[name] = parsed(text);
  }
  const { targetCPUUtilizationPercentage: cpu, ...spec } = hpa.spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  const { currentCPUUtilizationPercentage: currentCpu, ...status } = hpa.status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const metrics: unknown[] = list(taken.metrics).map(metricSpecToV2);
  if (cpu !== undefined) metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } });
  const currentMetrics: unknown[] = list(taken['current-metrics']).map(metricStatusToV2);
  if (currentCpu !== undefined && currentMetrics.length === 0) currentMetrics.push({ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } });
  const behavior = behaviorToV2(taken.behavior);
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(hpa.metadata, annotations),
    spec: { ...spec, ...(metrics.length === 0 ? {} : { metrics }), ...(behavior === undefined ? {} : { behavior }) },
    status: {
      ...status,
      ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
      ...(taken.conditions === undefined ? {} : { conditions: taken.conditions }),
    },
  };
}

function withAnnotations(metadata: KubeObject['metadata'], annotations: Record<string, string>): KubeObject['metadata'] {
  const { annotations: _old, ...rest } = metadata ?? {};
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
