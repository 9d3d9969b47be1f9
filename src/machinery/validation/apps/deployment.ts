// Deployments and ReplicaSets (pkg/apis/apps/validation).
import type { Deployment, DeploymentSpec, DeploymentStrategy, ReplicaSet, ReplicaSetSpec } from '#api/apps/v1.ts';
import type { PodTemplateSpec } from '#api/core/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { goStruct } from '../go-struct.ts';
import { addAll, child, forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { selectorFromObject } from '../../selectors-label.ts';
import { checkRequiredSelector } from '../core/pod-template.ts';
import { immutable, nonNegative } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';
import { checkAtMost100Percent, checkCollisions, checkCounters, checkIntOrPercent, checkReplicaTemplate, checkWithinReplicas, intOrPercentValue } from './shared.ts';

function checkStrategy(strategy: DeploymentStrategy | undefined, path: string): FieldError[] {
  const rolling = strategy?.rollingUpdate ?? undefined;
  const at = child(path, 'rollingUpdate');
  if (strategy?.type === 'Recreate') {
    return rolling === undefined ? [] : [forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (strategy?.type !== 'RollingUpdate') return [notSupported(path, goStruct('apps.v1.DeploymentStrategy', strategy ?? {}), ['Recreate', 'RollingUpdate'])];
  if (rolling === undefined) return [required(at, 'this should be defaulted and never be nil')];
  const unavailable = child(at, 'maxUnavailable');
  const errors = [...checkIntOrPercent(rolling.maxUnavailable, unavailable), ...checkIntOrPercent(rolling.maxSurge, child(at, 'maxSurge'))];
  if (intOrPercentValue(rolling.maxUnavailable) === 0 && intOrPercentValue(rolling.maxSurge) === 0) {
    errors.push(invalidValue(unavailable, rolling.maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
  }
  return [...errors, ...checkAtMost100Percent(rolling.maxUnavailable, unavailable)];
}

/** With a selector that cannot be used the template is not looked at. */
function checkSelected(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined, old: PodTemplateSpec | undefined): FieldError[] {
  try {
    selectorFromObject(selector);
  } catch {
    return [invalidValue('spec.selector', selector, 'invalid label selector')];
  }
  return checkReplicaTemplate(template, selector, 'spec.template', old);
}

function checkDeploymentSpec(spec: DeploymentSpec | undefined, old?: DeploymentSpec): FieldError[] {
  const minReady = spec?.minReadySeconds ?? 0;
  const errors = [
    ...nonNegative(spec?.replicas ?? 0, 'spec.replicas'),
    ...checkRequiredSelector(spec?.selector, 'spec.selector', 'empty selector is invalid for deployment'),
    ...checkSelected(spec?.selector, spec?.template, old?.template),
    ...checkStrategy(spec?.strategy, 'spec.strategy'),
    ...nonNegative(minReady, 'spec.minReadySeconds'),
    ...nonNegative(spec?.revisionHistoryLimit ?? 0, 'spec.revisionHistoryLimit'),
  ];
  const deadline = spec?.progressDeadlineSeconds ?? undefined;
  if (deadline !== undefined) {
    addAll(errors, nonNegative(deadline, 'spec.progressDeadlineSeconds'));
    if (deadline <= minReady) errors.push(invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

export const deployment = standard<Deployment>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkDeploymentSpec(object.spec),
  update: (object, old) => [...checkDeploymentSpec(object.spec, old.spec), ...immutable(object.spec?.selector, old.spec?.selector, 'spec.selector')],
  status: (object, old) => {
    const status = object.status ?? {};
    return [
      ...checkCounters(status, [
        'observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount',
      ]),
      ...checkWithinReplicas(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'readyReplicas'),
      ...checkCollisions(status.collisionCount, old.status?.collisionCount),
    ];
  },
});

function checkReplicaSetSpec(spec: ReplicaSetSpec | undefined, old?: ReplicaSetSpec): FieldError[] {
  return [
    ...nonNegative(spec?.replicas ?? 0, 'spec.replicas'),
    ...nonNegative(spec?.minReadySeconds ?? 0, 'spec.minReadySeconds'),
    ...checkRequiredSelector(spec?.selector, 'spec.selector', 'empty selector is invalid for deployment'),
    ...checkSelected(spec?.selector, spec?.template, old?.template),
  ];
}

export const replicaSet = standard<ReplicaSet>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkReplicaSetSpec(object.spec),
  update: (object, old) => [...checkReplicaSetSpec(object.spec, old.spec), ...immutable(object.spec?.selector, old.spec?.selector, 'spec.selector')],
  status: (object) => [
    ...checkCounters(object.status ?? {}, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration', 'terminatingReplicas']),
    ...checkWithinReplicas(object.status ?? {}, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], 'readyReplicas'),
  ],
});
