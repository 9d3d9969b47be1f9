// The standard conditions of status objects (metav1.Condition).
import type { Condition } from '#api/meta/v1.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { regexError } from '../../names.ts';
import { validateLabelName } from './object-meta.ts';

const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonRegExp = new RegExp(`^${reasonPattern}$`);
const reasonMessage =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";

export function validateConditions(conditions: readonly Condition[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, condition] of (conditions ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    if (seen.has(condition.type)) errors.push(duplicate(child(at, 'type'), condition.type));
    seen.add(condition.type);
    addAll(errors, validateCondition(condition, at));
  }
  return errors;
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const errors = validateLabelName(condition.type, child(path, 'type'));
  if (!['True', 'False', 'Unknown'].includes(condition.status)) {
    errors.push(notSupported(child(path, 'status'), condition.status, ['False', 'True', 'Unknown']));
  }
  const observed = condition.observedGeneration ?? 0;
  if (observed < 0) errors.push(invalidValue(child(path, 'observedGeneration'), observed, 'must be greater than or equal to zero'));
  if ((condition.lastTransitionTime ?? '') === '') errors.push(required(child(path, 'lastTransitionTime'), ''));
  const reason = condition.reason ?? '';
  if (reason === '') {
    errors.push(required(child(path, 'reason'), ''));
  } else {
    if (!reasonRegExp.test(reason)) {
      errors.push(invalidValue(child(path, 'reason'), reason, regexError(reasonMessage, reasonPattern, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB')));
    }
    if (Buffer.byteLength(reason) > 1024) errors.push(tooLong(child(path, 'reason'), '', 1024));
  }
  if (Buffer.byteLength(condition.message ?? '') > 32 * 1024) errors.push(tooLong(child(path, 'message'), '', 32 * 1024));
  return errors;
}
