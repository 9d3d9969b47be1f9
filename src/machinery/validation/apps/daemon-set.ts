// DaemonSets and ControllerRevisions (pkg/apis/apps/validation).
import type { ControllerRevision, DaemonSet, DaemonSetSpec } from '#api/apps/v1.ts';
import { addAll, child, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { isObject } from '../../patch/json-tree.ts';
import { checkAlwaysRestarting, checkPodTemplate, checkSelectorFits } from '../core/pod-template.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, nonNegative } from '../meta/object-meta.ts';
import { hasInvalidValues, isEmptySelector, validateLabelSelector } from '../meta/selectors.ts';
import { checkMeta, standard } from '../validator.ts';
import { checkAtMost100Percent, checkCollisions, checkCounters, checkIntOrPercent, intOrPercentValue } from './shared.ts';

function checkUpdateStrategy(strategy: DaemonSetSpec['updateStrategy'], path: string): FieldError[] {
  if (strategy?.type === 'OnDelete') return [];
  if (strategy?.type !== 'RollingUpdate') return [notSupported(path, goStruct('apps.v1.DaemonSetUpdateStrategy', strategy ?? {}), ['RollingUpdate', 'OnDelete'])];
  const at = child(path, 'rollingUpdate');
  const rolling = strategy.rollingUpdate ?? undefined;
  if (rolling === undefined) return [required(at, '')];
  const [unavailable, surge] = [child(at, 'maxUnavailable'), child(at, 'maxSurge')];
  const errors = [
    ...checkIntOrPercent(rolling.maxUnavailable, unavailable),
    ...checkIntOrPercent(rolling.maxSurge, surge),
    ...checkAtMost100Percent(rolling.maxUnavailable, unavailable),
    ...checkAtMost100Percent(rolling.maxSurge, surge),
  ];
  const hasUnavailable = intOrPercentValue(rolling.maxUnavailable) !== 0;
  const hasSurge = intOrPercentValue(rolling.maxSurge) !== 0;
  if (hasUnavailable && hasSurge) errors.push(invalidValue(surge, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  else if (!hasUnavailable && !hasSurge) errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

function checkSpec(spec: DaemonSetSpec | undefined, old?: DaemonSetSpec): FieldError[] {
  const errors = validateLabelSelector(spec?.selector, 'spec.selector', hasInvalidValues(old?.selector));
  addAll(errors, checkSelectorFits(spec?.selector, spec?.template, 'spec.template'));
  if (spec?.selector && isEmptySelector(spec.selector)) errors.push(invalidValue('spec.selector', spec.selector, 'empty selector is invalid for daemonset'));
  return [
    ...errors,
    ...checkPodTemplate(spec?.template, 'spec.template', old?.template),
    ...checkAlwaysRestarting(spec?.template, 'spec.template', 'DaemonSet'),
    ...nonNegative(spec?.minReadySeconds ?? 0, 'spec.minReadySeconds'),
    ...checkUpdateStrategy(spec?.updateStrategy, 'spec.updateStrategy'),
    ...nonNegative(spec?.revisionHistoryLimit ?? 0, 'spec.revisionHistoryLimit'),
  ];
}

export const daemonSet = standard<DaemonSet>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkSpec(object.spec),
  update: (object, old) => [...immutable(object.spec?.selector, old.spec?.selector, 'spec.selector'), ...checkSpec(object.spec, old.spec)],
  status: (object, old) => [
    ...checkCounters(object.status ?? {}, [
      'currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled',
      'numberAvailable', 'numberUnavailable', 'collisionCount',
    ]),
    ...checkCollisions(object.status?.collisionCount, old.status?.collisionCount),
  ],
});

function checkData(data: unknown): FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')];
  return isObject(data) ? [] : [required('data', 'data must be a valid JSON object')];
}

export const controllerRevision = standard<ControllerRevision>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => [...nonNegative(object.revision ?? 0, 'revision'), ...checkData(object.data)],
  update: (object, old) => [
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...nonNegative(object.revision ?? 0, 'revision'),
    ...immutable(object.data, old.data, 'data'),
  ],
});
