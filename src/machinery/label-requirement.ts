// One requirement of a label selector and what may be wrong with it, in upstream's words (apimachinery/pkg/labels), whether
// it comes from a query text or from an object.
import { errorText, invalidValue, isEnough, type FieldError } from './field-errors.ts';
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
import { compareTexts } from './sliced-sort.ts';
import { isDue, type Pace, type Sliced } from './slices.ts';

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

const integer = /^[+-]?\d+$/;

export function int64(text: string): bigint | undefined {
  if (!integer.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Selectors have their requirements by key. */
export function compareKeys(a: LabelRequirement, b: LabelRequirement): number {
  return compareTexts(a.key, b.key);
}

/** Checks a requirement; throws an Error with upstream's text. */
export function checked(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors = operandErrors(key, operator, values);
  values.forEach((value, i) => addValueErrors(errors, key, i, value));
  return settled({ key, operator, values }, errors);
}

/** As `checked`, with pauses. */
export function* checking(key: string, operator: LabelOperator, values: readonly string[], pace: Pace): Sliced<LabelRequirement> {
  const errors = operandErrors(key, operator, values);
  for (const [i, value] of values.entries()) {
    addValueErrors(errors, key, i, value);
    if (isEnough(errors)) break;
    if (isDue(pace)) yield;
  }
  return settled({ key, operator, values }, errors);
}

function addValueErrors(errors: FieldError[], key: string, i: number, value: string): void {
  const wrong = labelValueErrors(value);
  if (wrong.length > 0) errors.push(invalidValue(`values[${i}][${key}]`, value, wrong.join('; ')));
}

function settled(requirement: LabelRequirement, errors: readonly FieldError[]): LabelRequirement {
  if (errors.length === 1) throw new Error(errorText(errors[0] as FieldError));
  if (errors.length > 1) throw new Error(`[${errors.map(errorText).join(', ')}]`);
  return requirement;
}

/** What is wrong with a key, and with the number of values or the numbers that an operator wants. */
function operandErrors(key: string, operator: LabelOperator, values: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const keyErrors = labelKeyErrors(key);
  if (keyErrors.length > 0) errors.push(invalidValue('key', key, keyErrors.join('; ')));
  const set = operator === 'in' || operator === 'notin';
  if (set && values.length === 0) errors.push(invalidValue('values', values, "for 'in', 'notin' operators, values set can't be empty"));
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    errors.push(invalidValue('values', values, 'values set must be empty for exists and does not exist'));
  }
  if (operator === 'gt' || operator === 'lt') {
    if (values.length !== 1) errors.push(invalidValue('values', values, "for 'Gt', 'Lt' operators, exactly one value is required"));
    values.forEach((value, i) => {
      if (int64(value) === undefined) errors.push(invalidValue(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    });
  }
  return errors;
}
