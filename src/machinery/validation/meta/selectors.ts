// Label selectors inside objects (apimachinery/pkg/apis/meta/v1/validation).
import type { LabelSelector, LabelSelectorRequirement } from '#api/meta/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { validateLabelName, validateLabels } from './object-meta.ts';

/** `allowInvalidValues` lets stored selectors with bad values pass an update. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string, allowInvalidValues = false): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const errors = validateLabels(selector.matchLabels, child(path, 'matchLabels'));
  for (const [i, requirement] of (selector.matchExpressions ?? []).entries()) {
    addAll(errors, validateRequirement(requirement, index(child(path, 'matchExpressions'), i), allowInvalidValues));
  }
  return errors;
}

function validateRequirement(requirement: LabelSelectorRequirement, path: string, allowInvalidValues: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(child(path, 'values'), "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) errors.push(forbiddenField(child(path, 'values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    default:
      errors.push(invalidValue(child(path, 'operator'), requirement.operator, 'not a valid selector operator'));
  }
  addAll(errors, validateLabelName(requirement.key, child(path, 'key')));
  if (allowInvalidValues) return errors;
  for (const [i, value] of values.entries()) {
    for (const message of labelValueErrors(value)) errors.push(invalidValue(index(child(path, 'values'), i), value, message));
  }
  return errors;
}

/** True when a stored selector has values that are not allowed any more. */
export function hasInvalidValues(selector: LabelSelector | undefined): boolean {
  return (selector?.matchExpressions ?? []).some((e) => (e.values ?? []).some((value) => labelValueErrors(value).length > 0));
}

/** Does the selector select nothing in particular (upstream: both parts empty)? */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}
