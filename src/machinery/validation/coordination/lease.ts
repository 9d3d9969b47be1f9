// Leases.
import type { Lease } from '#api/coordination/v1.ts';
import { addAll, forbiddenField, invalidValue, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkEnum, checkQualifiedName } from '../core/fields.ts';
import { standard } from '../validator.ts';

function checkLease(object: Lease): FieldError[] {
  const errors: FieldError[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions, strategy, preferredHolder } = object.spec ?? {};
  if (typeof duration === 'number' && duration <= 0) errors.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  if (typeof transitions === 'number' && transitions < 0) errors.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  if (typeof strategy === 'string') {
    const path = 'spec.strategy.strategy';
    addAll(errors, (strategy.includes('/') ? checkQualifiedName(strategy, path) : checkEnum(strategy, ['OldestEmulationVersion'], path)));
  }
  if (preferredHolder && !strategy) errors.push(forbiddenField('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  return errors;
}

export const lease = standard<Lease>({ namespaced: true, name: nameIsSubdomain, spec: checkLease });
