// Taints of devices, tolerations of requests, opaque parameters and binding conditions: what several types of
// resource.k8s.io hold.
import type { DeviceTaint, DeviceToleration, OpaqueDeviceConfiguration } from '#api/resource/v1.ts';
import { addAll, child, duplicate, goJson, index, invalidValue, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { validateLabelName } from '../meta/object-meta.ts';
import { checkDriverName, checkLabelValue, checkList } from './names.ts';

const effects = ['NoExecute', 'NoSchedule', 'None'];
const mostBindingConditions = 4;
const longestParameters = 10 * 1024;

export function checkDeviceTaint(taint: DeviceTaint, path: string): FieldError[] {
  const { key = '', value = '', effect = '' } = taint;
  const errors = validateLabelName(key, child(path, 'key'));
  if (value !== '') addAll(errors, checkLabelValue(value, child(path, 'value')));
  if (effect === '') errors.push(required(child(path, 'effect'), ''));
  else if (!effects.includes(effect)) errors.push(notSupported(child(path, 'effect'), effect, effects));
  return errors;
}

export function checkDeviceToleration(toleration: DeviceToleration, path: string): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const errors = key === '' ? [] : validateLabelName(key, child(path, 'key'));
  if (operator === 'Exists') {
    if (value !== '') errors.push(invalidValue(child(path, 'value'), value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') {
    addAll(errors, checkLabelValue(value, child(path, 'value')));
  } else {
    errors.push(operator === '' ? required(child(path, 'operator'), '') : notSupported(child(path, 'operator'), operator, ['Equal', 'Exists']));
  }
  if (effect !== '' && !effects.includes(effect)) errors.push(notSupported(child(path, 'effect'), effect, effects));
  return errors;
}

/** A raw JSON object; `stored` ones may be longer than new ones. */
export function checkRawObject(value: unknown, path: string, stored: boolean, longest: number): FieldError[] {
  if (value === undefined) return [required(path, '')];
  if (!stored && Buffer.byteLength(goJson(value)) > longest) return [tooLong(path, '', longest)];
  if (value === null) return [required(path, '')];
  return typeof value === 'object' && !Array.isArray(value) ? [] : [invalidValue(path, '<value omitted>', 'must be a valid JSON object')];
}

export function checkOpaque(config: { readonly opaque?: OpaqueDeviceConfiguration }, path: string, stored: boolean): FieldError[] {
  const at = child(path, 'opaque');
  if (!config.opaque) return [required(at, '')];
  return [...checkDriverName(config.opaque.driver, child(at, 'driver')), ...checkRawObject(config.opaque.parameters, child(at, 'parameters'), stored, longestParameters)];
}

function checkRepeats(list: readonly string[], path: string, others: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  const taken = new Set(others);
  return list.flatMap((condition, i) => {
    const errors: FieldError[] = [];
    if (seen.has(condition)) errors.push(duplicate(index(path, i), condition));
    seen.add(condition);
    if (taken.has(condition)) errors.push(invalidValue(index(path, i), condition, 'bindingFailureConditions must not overlap with bindingConditions'));
    return errors;
  });
}

/** Conditions that bind a device and those that say it failed: both or none, and nothing in both. */
export function checkBindingConditions(conditions: readonly string[] | undefined, failures: readonly string[] | undefined, path: string): FieldError[] {
  const [good, bad] = [conditions ?? [], failures ?? []];
  const goodPath = child(path, 'bindingConditions');
  const badPath = child(path, 'bindingFailureConditions');
  const errors = [
    ...checkList(good, mostBindingConditions, validateLabelName, goodPath),
    ...checkList(bad, mostBindingConditions, validateLabelName, badPath),
    ...checkRepeats(good, goodPath, []),
    ...checkRepeats(bad, badPath, good),
  ];
  if (good.length === 0 && bad.length > 0) errors.push(invalidValue(goodPath, conditions, 'bindingConditions are required to use bindingFailureConditions'));
  if (bad.length === 0 && good.length > 0) errors.push(invalidValue(badPath, failures, 'bindingFailureConditions are required to use bindingConditions'));
  return errors;
}
