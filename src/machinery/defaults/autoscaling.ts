// Defaults of autoscaling/v1 and v2 (pkg/apis/autoscaling/*/defaults.go).
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '#api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '#api/autoscaling/v2.ts';
import { jsonEqual } from '../patch/json-tree.ts';
import { hook, type Hooks } from './hook.ts';

function scaleUp(rules: HPAScalingRules | undefined): HPAScalingRules {
  return {
    ...rules,
    stabilizationWindowSeconds: rules?.stabilizationWindowSeconds ?? 0,
    selectPolicy: rules?.selectPolicy ?? 'Max',
    policies: rules?.policies ?? [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
}

function scaleDown(rules: HPAScalingRules | undefined): HPAScalingRules {
  return { ...rules, selectPolicy: rules?.selectPolicy ?? 'Max', policies: rules?.policies ?? [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
}

export const hooks: Hooks = {
  'autoscaling.v1.HorizontalPodAutoscaler': hook<AutoscalerV1>(({ spec }) => {
    if (spec !== undefined) spec.minReplicas ??= 1;
  }),
  'autoscaling.v2.HorizontalPodAutoscaler': hook<HorizontalPodAutoscaler>(({ spec }) => {
    if (spec === undefined) return;
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) {
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    }
    if (!spec.behavior) return;
    const behavior = { ...spec.behavior, scaleUp: scaleUp(spec.behavior.scaleUp), scaleDown: scaleDown(spec.behavior.scaleDown) };
    if (!jsonEqual(behavior, spec.behavior)) spec.behavior = behavior;
  }),
};
