// A HorizontalPodAutoscaler through autoscaling/v1 and back: annotations as v1's clients read them, and nothing lost.
import { expect, test } from 'vitest';
import { horizontalPodAutoscalerToV1, horizontalPodAutoscalerToV2 } from './conversions-autoscaling.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const selector = { matchLabels: { a: 'b' } };
const target = { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
const others = [
  { type: 'Object', object: { describedObject: target, target: { type: 'Value', value: '10k' }, metric: { name: 'hits', selector } } },
  { type: 'Object', object: { describedObject: target, target: { type: 'AverageValue', averageValue: '5' }, metric: { name: 'hits' } } },
  { type: 'Pods', pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } } },
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 }, container: 'main' } },
  { type: 'External', external: { metric: { name: 'jobs', selector }, target: { type: 'Value', value: '3' } } },
];
const current = [
  { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '250m', averageUtilization: 40 } } },
  { type: 'Object', object: { metric: { name: 'hits' }, current: { value: '9k' }, describedObject: target } },
];
const conditions = [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'R', message: 'M' }];
const behavior = { scaleUp: { stabilizationWindowSeconds: 5, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } };
const scaler = {
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h', annotations: { own: '1' } },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 5, metrics: [...others, cpu], behavior },
  status: { currentReplicas: 1, desiredReplicas: 2, currentMetrics: current, conditions },
};

test('v1 tells everything but the CPU\'s target in annotations, in its own words', () => {
  const { metadata, spec, status } = horizontalPodAutoscalerToV1(scaler);
  expect(spec).toEqual({ scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 5, targetCPUUtilizationPercentage: 50 });
  expect(status).toEqual({ currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 40 });
  const { own, ...told } = metadata?.annotations ?? {};
  expect(own).toBe('1');
  expect(told).toEqual({
    [`${prefix}metrics`]: JSON.stringify([
      { type: 'Object', object: { target, metricName: 'hits', targetValue: '10k', selector } },
      { type: 'Object', object: { target, metricName: 'hits', targetValue: '0', averageValue: '5' } },
      { type: 'Pods', pods: { metricName: 'queue', targetAverageValue: '30' } },
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
      { type: 'ContainerResource', containerResource: { name: 'cpu', targetAverageUtilization: 70, container: 'main' } },
      { type: 'External', external: { metricName: 'jobs', metricSelector: selector, targetValue: '3' } },
    ]),
    [`${prefix}current-metrics`]: JSON.stringify([
      { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 40, currentAverageValue: '250m' } },
      { type: 'Object', object: { target, metricName: 'hits', currentValue: '9k' } },
    ]),
    [`${prefix}conditions`]: JSON.stringify(conditions),
    [`${prefix}behavior`]: '{"ScaleUp":{"StabilizationWindowSeconds":5,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null}',
  });
});

test('nothing is lost on the way through v1', () => {
  expect(horizontalPodAutoscalerToV2(horizontalPodAutoscalerToV1(scaler))).toEqual(scaler);
});

test('annotations that no conversion made have no say, and what cannot be read is none', () => {
  const stray = { ...scaler, metadata: { name: 'h', annotations: { [`${prefix}metrics`]: '[]', [`${prefix}scale-up-tolerance`]: '1' } }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 5 }, status: { currentReplicas: 0, desiredReplicas: 0 } };
  expect(horizontalPodAutoscalerToV1(stray).metadata).toEqual({ name: 'h' });
  const broken = { ...stray, apiVersion: 'autoscaling/v1', metadata: { name: 'h', annotations: { [`${prefix}metrics`]: '{', [`${prefix}behavior`]: 'x' } }, spec: { ...stray.spec, targetCPUUtilizationPercentage: 60 } };
  expect(horizontalPodAutoscalerToV2(broken)).toMatchObject({ metadata: { name: 'h' }, spec: { metrics: [{ resource: { target: { averageUtilization: 60 } } }] } });
});
