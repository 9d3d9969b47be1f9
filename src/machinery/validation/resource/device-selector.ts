// The selectors of devices: CEL expressions over a `device`, checked when they are written.
import type { DeviceSelector } from '#api/resource/v1.ts';
import { child, forbiddenField, invalidValue, required, tooLong, type FieldError } from '../../field-errors.ts';
import { compileSelector } from './device-expression.ts';
import { checkList } from './names.ts';

const longestExpression = 10 * 1024;
const mostSelectors = 32;

function checkSelector(selector: DeviceSelector, path: string): FieldError[] {
  const at = child(path, 'cel');
  if (!selector.cel) return [required(at, '')];
  const expression = selector.cel.expression ?? '';
  const textPath = child(at, 'expression');
  if (Buffer.byteLength(expression) > longestExpression) return [tooLong(textPath, '', longestExpression)];
  const verdict = compileSelector(expression);
  if (verdict.error !== undefined) return [invalidValue(textPath, expression, verdict.error)];
  return verdict.tooExpensive === true ? [forbiddenField(textPath, 'too complex, exceeds cost limit')] : [];
}

export function checkSelectors(selectors: readonly DeviceSelector[] | undefined, path: string): FieldError[] {
  return checkList(selectors, mostSelectors, checkSelector, path);
}
