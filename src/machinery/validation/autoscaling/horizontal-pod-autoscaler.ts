// HorizontalPodAutoscalers (both served versions) and scales.
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1, Scale } from '#api/autoscaling/v1.ts';
import type {
  CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget,
} from '#api/autoscaling/v2.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { quantitySign } from '../../quantity.ts';
import { checkLabel1123, checkPathSegment, quantity } from '../core/fields.ts';
import { checkContainerResourceName } from '../core/resources.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { checkMeta, kind, standard } from '../validator.ts';

const longestPeriod = 1800;
const longestWindow = 3600;
const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

/** What an update may keep although it would be refused today. */
interface Allowed {
  readonly lowestMin: number;
  readonly targetVersion: 'any' | 'group' | 'core';
  readonly anyObjectVersion: boolean;
}

function given<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function versionError(apiVersion: string, mayBeCore: boolean): string | undefined {
  const slashes = apiVersion.split('/').length - 1;
  if (slashes > 1) return `unexpected GroupVersion string: ${apiVersion}`;
  return slashes === 0 && !mayBeCore ? 'apiVersion must specify API group' : undefined;
}

function checkReference(ref: CrossVersionObjectReference | undefined, path: string, version: Allowed['targetVersion']): FieldError[] {
  const errors = [...checkPathSegment(ref?.kind, child(path, 'kind')), ...checkPathSegment(ref?.name, child(path, 'name'))];
  const apiVersion = ref?.apiVersion ?? '';
  const error = version === 'any' ? undefined : versionError(apiVersion, version === 'core');
  return error === undefined ? errors : [...errors, invalidValue(child(path, 'apiVersion'), apiVersion, error)];
}

function checkTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type = target?.type ?? '';
  if (type === '') errors.push(required(child(path, 'type'), 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) errors.push(invalidValue(child(path, 'type'), type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target?.[field];
    if (given(amount) && quantitySign(quantity(amount)) !== 1) errors.push(invalidValue(child(path, field), amount, 'must be positive'));
  }
  const utilization = target?.averageUtilization;
  if (given(utilization) && utilization < 1) errors.push(invalidValue(child(path, 'averageUtilization'), utilization, 'must be greater than 0'));
  return errors;
}

function checkIdentifier(metric: MetricIdentifier | undefined, path: string): FieldError[] {
  return metric?.name ? checkPathSegment(metric.name, child(path, 'name')) : [required(child(path, 'name'), 'must specify a metric name')];
}

function checkUtilization(target: MetricTarget | undefined, path: string): FieldError[] {
  const errors = checkTarget(target, path);
  const [utilization, value] = [given(target?.averageUtilization), given(target?.averageValue)];
  if (!utilization && !value) errors.push(required(child(path, 'averageUtilization'), 'must set either a target raw value or a target utilization'));
  if (utilization && value) errors.push(forbiddenField(child(path, 'averageValue'), 'may not set both a target raw value and a target utilization'));
  return errors;
}

/** The sources in upstream's order; only the first one given is looked into. */
const sources: readonly (readonly [type: string, field: keyof MetricSpec & string, check: (spec: MetricSpec, path: string, allowed: Allowed) => FieldError[]])[] = [
  ['Object', 'object', ({ object: source }, path, { anyObjectVersion }) => {
    const target = child(path, 'target');
    const errors = [
      ...checkReference(source?.describedObject, child(path, 'describedObject'), anyObjectVersion ? 'any' : 'core'),
      ...checkIdentifier(source?.metric, child(path, 'metric')),
      ...checkTarget(source?.target, target),
    ];
    if (given(source?.target?.value) || given(source?.target?.averageValue)) return errors;
    return [...errors, required(child(target, 'averageValue'), 'must set either a target value or averageValue')];
  }],
  ['External', 'external', ({ external: source }, path) => {
    const target = child(path, 'target');
    const errors = [...checkIdentifier(source?.metric, child(path, 'metric')), ...checkTarget(source?.target, target)];
    const [value, average] = [given(source?.target?.value), given(source?.target?.averageValue)];
    if (!value && !average) errors.push(required(child(target, 'averageValue'), 'must set either a target value for metric or a per-pod target'));
    if (value && average) errors.push(forbiddenField(child(target, 'value'), 'may not set both a target value for metric and a per-pod target'));
    return errors;
  }],
  ['Pods', 'pods', ({ pods: source }, path) => {
    const target = child(path, 'target');
    const errors = [...checkIdentifier(source?.metric, child(path, 'metric')), ...checkTarget(source?.target, target)];
    return given(source?.target?.averageValue) ? errors : [...errors, required(child(target, 'averageValue'), 'must specify a positive target averageValue')];
  }],
  ['Resource', 'resource', ({ resource: source }, path) => [
    ...(source?.name ? [] : [required(child(path, 'name'), 'must specify a resource name')]),
    ...checkUtilization(source?.target, child(path, 'target')),
  ]],
  ['ContainerResource', 'containerResource', ({ containerResource: source }, path) => [
    ...(source?.name ? checkContainerResourceName(source.name, child(path, 'name')) : [required(child(path, 'name'), 'must specify a resource name')]),
    ...(source?.container ? checkLabel1123(source.container, child(path, 'container')) : [required(child(path, 'container'), 'must specify a container')]),
    ...checkUtilization(source?.target, child(path, 'target')),
  ]],
];

function checkMetric(metric: MetricSpec, path: string, allowed: Allowed): FieldError[] {
  const errors: FieldError[] = [];
  const type = metric.type ?? '';
  const unknown = notSupported(child(path, 'type'), type, metricTypes);
  if (type === '') errors.push(required(child(path, 'type'), 'must specify a metric source type'));
  if (!metricTypes.includes(type)) errors.push(unknown);
  const present = sources.filter(([, field]) => given(metric[field]));
  const first = present[0];
  if (first !== undefined) addAll(errors, first[2](metric, child(path, first[1]), allowed));
  const expected = sources.find((source) => source[0] === type);
  if (expected === undefined) errors.push(unknown);
  else if (!present.includes(expected)) errors.push(required(child(path, expected[1]), 'must populate information for the given metric source'));
  if (present.length === 1) return errors;
  for (const source of present) if (source !== expected) errors.push(forbiddenField(child(path, source[1]), 'must populate the given metric source only'));
  return errors;
}

function checkPolicy(policy: HPAScalingPolicy, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', value = 0, periodSeconds = 0 } = policy;
  if (type !== 'Pods' && type !== 'Percent') errors.push(notSupported(child(path, 'type'), type, ['Percent', 'Pods']));
  if (value <= 0) errors.push(invalidValue(child(path, 'value'), value, 'must be greater than zero'));
  if (periodSeconds <= 0) errors.push(invalidValue(child(path, 'periodSeconds'), periodSeconds, 'must be greater than zero'));
  if (periodSeconds > longestPeriod) errors.push(invalidValue(child(path, 'periodSeconds'), periodSeconds, `must be less than or equal to ${longestPeriod}`));
  return errors;
}

function checkScaling(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const windowPath = child(path, 'stabilizationWindowSeconds');
  if (given(window) && window < 0) errors.push(invalidValue(windowPath, window, 'must be greater than or equal to zero'));
  if (given(window) && window > longestWindow) errors.push(invalidValue(windowPath, window, `must be less than or equal to ${longestWindow}`));
  if (given(selectPolicy) && !['Disabled', 'Max', 'Min'].includes(selectPolicy)) {
    errors.push(notSupported(child(path, 'selectPolicy'), selectPolicy, ['Disabled', 'Max', 'Min']));
  }
  if (policies.length === 0) errors.push(required(child(path, 'policies'), 'must specify at least one Policy'));
  for (const [i, policy] of policies.entries()) addAll(errors, checkPolicy(policy, index(child(path, 'policies'), i)));
  if (given(tolerance) && quantitySign(quantity(tolerance)) < 0) errors.push(invalidValue(child(path, 'tolerance'), tolerance, 'must be greater than or equal to 0'));
  return errors;
}

function checkSpec(spec: HorizontalPodAutoscalerSpec, allowed: Allowed): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas: min, maxReplicas: max = 0, metrics = [] } = spec;
  if (given(min) && min < allowed.lowestMin) errors.push(invalidValue('spec.minReplicas', min, `must be greater than or equal to ${allowed.lowestMin}`));
  if (max === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (max < 0) errors.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to 1'));
  if (given(min) && max < min) errors.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  addAll(errors, checkReference(spec.scaleTargetRef, 'spec.scaleTargetRef', allowed.targetVersion));
  for (const [i, metric] of metrics.entries()) addAll(errors, checkMetric(metric, index('spec.metrics', i), allowed));
  if (min === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    errors.push(forbiddenField('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'));
  }
  return [...errors, ...checkScaling(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'), ...checkScaling(spec.behavior?.scaleDown, 'spec.behavior.scaleDown')];
}

function allowedFor(spec: HorizontalPodAutoscalerSpec, old?: HorizontalPodAutoscalerSpec): Allowed {
  const [target, oldTarget] = [spec.scaleTargetRef, old?.scaleTargetRef];
  const isSame = oldTarget !== undefined && (oldTarget.apiVersion ?? '') === (target?.apiVersion ?? '') && oldTarget.kind === target?.kind;
  const hasBadObject = (old?.metrics ?? []).some(({ type, object }) =>
    type === 'Object' && given(object) && versionError(object.describedObject?.apiVersion ?? '', true) !== undefined);
  return {
    lowestMin: old?.minReplicas === 0 ? 0 : 1,
    targetVersion: isSame ? 'any' : target?.kind === 'ReplicationController' ? 'core' : 'group',
    anyObjectVersion: hasBadObject,
  };
}

/** A version 1 specification as version 2 says it. */
function fromV1(spec: HorizontalPodAutoscalerV1['spec']): HorizontalPodAutoscalerSpec {
  const { targetCPUUtilizationPercentage: cpu, ...rest } = spec ?? {};
  const metrics: MetricSpec[] = given(cpu) ? [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } }] : [];
  return { ...(rest as HorizontalPodAutoscalerSpec), metrics };
}

function checkStatus(object: { status?: { currentReplicas?: number; desiredReplicas?: number } }): FieldError[] {
  return [
    ...nonNegative(object.status?.currentReplicas ?? 0, 'status.currentReplicas'),
    ...nonNegative(object.status?.desiredReplicas ?? 0, 'status.desiredReplicas'),
  ];
}

const noSpec = {} as HorizontalPodAutoscalerSpec;

export const horizontalPodAutoscaler = standard<HorizontalPodAutoscaler>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: ({ spec = noSpec }) => checkSpec(spec, allowedFor(spec)),
  update: ({ spec = noSpec }, old) => checkSpec(spec, allowedFor(spec, old.spec)),
  status: checkStatus,
});

export const horizontalPodAutoscalerV1 = standard<HorizontalPodAutoscalerV1>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: ({ spec }) => checkSpec(fromV1(spec), allowedFor(fromV1(spec))),
  update: ({ spec }, old) => checkSpec(fromV1(spec), allowedFor(fromV1(spec), fromV1(old.spec))),
  status: checkStatus,
});

function checkScale(object: Scale): FieldError[] {
  return [...checkMeta(object.metadata, true, nameIsSubdomain), ...nonNegative(object.spec?.replicas ?? 0, 'spec.replicas')];
}

export const scale = kind<Scale>({ create: checkScale, update: checkScale });
