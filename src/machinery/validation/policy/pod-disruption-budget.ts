// PodDisruptionBudgets.
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '#api/policy/v1.ts';
import { addAll, child, invalidValue, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkAtMost100Percent, checkIntOrPercent } from '../apps/shared.ts';
import { checkEnum } from '../core/fields.ts';
import { goStruct } from '../go-struct.ts';
import { validateConditions } from '../meta/conditions.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { standard } from '../validator.ts';

function checkSpec(spec: PodDisruptionBudgetSpec | undefined, keepSelector: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const given = (['minAvailable', 'maxUnavailable'] as const).filter((field) => spec?.[field] !== undefined && spec[field] !== null);
  if (given.length === 2) errors.push(invalidValue('spec', goStruct('policy.v1.PodDisruptionBudgetSpec', spec), 'minAvailable and maxUnavailable cannot be both set'));
  for (const field of given) {
    const value = spec?.[field] ?? 0;
    errors.push(...checkIntOrPercent(value, child('spec', field)), ...checkAtMost100Percent(value, child('spec', field)));
  }
  addAll(errors, validateLabelSelector(spec?.selector, 'spec.selector', keepSelector));
  const policy = spec?.unhealthyPodEvictionPolicy ?? undefined;
  return policy === undefined ? errors : [...errors, ...checkEnum(policy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy')];
}

function checkStatus(object: PodDisruptionBudget): FieldError[] {
  const status = object.status;
  return [
    ...validateConditions(status?.conditions, 'status.conditions'),
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap((field) =>
      nonNegative(status?.[field] ?? 0, child('status', field))),
  ];
}

export const podDisruptionBudget = standard<PodDisruptionBudget>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkSpec(object.spec, false),
  update: (object, old) => checkSpec(object.spec, hasInvalidValues(old.spec?.selector)),
  status: checkStatus,
});
