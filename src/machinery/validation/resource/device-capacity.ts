// Capacities of devices that several claims share: which amounts may be asked for (KEP-5075).
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '#api/resource/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, required, tooMany, type FieldError } from '../../field-errors.ts';
import { addQuantity, compareQuantity, formatQuantity, quantityValue, type Quantity } from '../../quantity.ts';
import { quantity } from '../core/fields.ts';

const mostValues = 10;

function checkValues(preset: Quantity, capacity: Quantity, values: readonly Quantity[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, value] of values.entries()) {
    const before = values[i - 1];
    if (before !== undefined && compareQuantity(before, value) > 0) errors.push(invalidValue(index(path, i), formatQuantity(value), 'values must be sorted in ascending order'));
  }
  if (values.length > mostValues) {
    errors.push(tooMany(path, values.length, mostValues));
  } else {
    for (const [i, value] of values.entries()) {
      if (compareQuantity(value, capacity) > 0) errors.push(invalidValue(index(path, i), formatQuantity(value), `option is larger than capacity value: ${formatQuantity(capacity)}`));
    }
    const seen = new Set<string>();
    for (const [i, value] of values.entries()) {
      const text = String(quantityValue(value));
      if (seen.has(text)) errors.push(duplicate(index(path, i), text));
      seen.add(text);
    }
  }
  const isKnown = values.length <= mostValues && values.some((value) => compareQuantity(value, preset) === 0);
  if (!isKnown) errors.push(invalidValue(path, formatQuantity(preset), 'default value is not valid according to the requestPolicy'));
  return errors;
}

function checkStep(value: Quantity, least: Quantity, step: Quantity, path: string): FieldError[] {
  if ((quantityValue(value) - quantityValue(least)) % quantityValue(step) === 0) return [];
  return [invalidValue(path, formatQuantity(value), `value is not a multiple of a given step (${formatQuantity(step)}) from (${formatQuantity(least)})`)];
}

function checkRange(preset: Quantity, capacity: Quantity, range: CapacityRequestPolicyRange, path: string): FieldError[] {
  if (range.min === undefined || range.min === null) return [required(child(path, 'min'), 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const least = quantity(range.min);
  const most = range.max === undefined || range.max === null ? undefined : quantity(range.max);
  const above = (a: Quantity, b: Quantity): boolean => compareQuantity(a, b) > 0;
  const bad = (field: string, value: Quantity, detail: string, than: Quantity): void => void errors.push(invalidValue(child(path, field), formatQuantity(value), `${detail}: ${formatQuantity(than)}`));
  if (above(least, capacity)) bad('min', least, 'min is larger than capacity value', capacity);
  if (above(least, preset)) bad('min', preset, 'default is less than min', least);
  if (most !== undefined) {
    if (above(least, most)) bad('max', least, 'min is larger than max', most);
    if (above(most, capacity)) bad('max', most, 'max is larger than capacity value', capacity);
    if (above(preset, most)) bad('max', preset, 'default is more than max', most);
  }
  if (range.step !== undefined && range.step !== null) {
    const step = quantity(range.step);
    const once = addQuantity(least, step);
    const at = child(path, 'step');
    if (above(once, capacity)) errors.push(invalidValue(at, formatQuantity(step), `one step ${formatQuantity(once)} is larger than capacity value: ${formatQuantity(capacity)}`));
    addAll(errors, checkStep(preset, least, step, at));
    if (most !== undefined) addAll(errors, checkStep(most, least, step, at));
  }
  return errors;
}

function checkPolicy(policy: CapacityRequestPolicy, capacity: Quantity, path: string): FieldError[] {
  const values = policy.validValues ?? [];
  const range = policy.validRange ?? undefined;
  if (values.length > 0 && range !== undefined) {
    return [forbiddenField(path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')];
  }
  if (values.length === 0 && range === undefined) return [];
  const field = values.length > 0 ? 'validValues' : 'validRange';
  if (policy.default === undefined || policy.default === null) return [required(child(path, 'default'), `required when ${field} is defined`)];
  const preset = quantity(policy.default);
  if (range !== undefined) return checkRange(preset, capacity, range, child(path, field));
  return checkValues(preset, capacity, values.map((value) => quantity(value)), child(path, field));
}

/** @param shared Several claims may have parts of the device. */
export function checkCapacity(capacity: DeviceCapacity, path: string, shared: boolean): FieldError[] {
  if (!capacity.requestPolicy) return [];
  const at = child(path, 'requestPolicy');
  return shared ? checkPolicy(capacity.requestPolicy, quantity(capacity.value), at) : [forbiddenField(at, 'allowMultipleAllocations must be true')];
}
