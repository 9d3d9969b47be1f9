// PriorityClasses.
import type { PriorityClass } from '#api/scheduling/v1.ts';
import { forbiddenField, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkRequiredEnum } from '../core/fields.ts';
import { immutable } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';

const highestOfUsers = 1_000_000_000;
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

function systemError(name: string, object: PriorityClass): string | undefined {
  const value = systemClasses[name];
  if (value === undefined) return `${name} is not a known system priority class`;
  if (object.value !== value) return `value of ${name} PriorityClass must be ${value}`;
  return object.globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function checkSpec(object: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  const name = object.metadata?.name ?? '';
  if (name.startsWith('system-')) {
    const error = systemError(name, object);
    if (error !== undefined) errors.push(forbiddenField('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${error}`));
  } else if ((object.value ?? 0) > highestOfUsers) {
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${highestOfUsers}`));
  }
  const policy = object.preemptionPolicy ?? undefined;
  return policy === undefined ? errors : [...errors, ...checkRequiredEnum(policy, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy')];
}

export const priorityClass = standard<PriorityClass>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkSpec,
  update: (object, old) => [
    ...((object.value ?? 0) === (old.value ?? 0) ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
    ...immutable(object.preemptionPolicy ?? null, old.preemptionPolicy ?? null, 'preemptionPolicy'),
  ],
});
