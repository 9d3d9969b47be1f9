// What a number must obey: range of its type and format, bounds, multiples.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import type { RawNumber } from '../json-number.ts';
import { goFloat, isInteger } from './go-number.ts';
import type { Fault } from './validate.ts';

function rangeFault(value: number, whole: boolean, type: string, format: string, what: string, path: string): Fault | undefined {
  let fits = true;
  if (type === 'integer') {
    const limit = format === 'int32' ? 2 ** 31 : 2 ** 63;
    fits = whole && value >= -limit && value < limit;
  } else if (format === 'float') {
    fits = Math.abs(value) <= 3.4028234663852886e38;
  }
  if (fits) return undefined;
  const spelled = format === '' ? '(default format)' : `with format ${format}`;
  return { kind: 'whole', path: '', message: `${what} value must be of type ${type} ${spelled} in ${path}` };
}

/** Is it an integer up to what a double can tell? */
function isNearlyWhole(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  const rounded = Math.round(value);
  return value === rounded || (rounded !== 0 && Math.abs(value - rounded) < 1e-9 * Math.abs(rounded));
}

function isMultiple(value: number, whole: boolean, factor: number): boolean {
  if (whole && Number.isInteger(factor)) return value % factor === 0;
  return isNearlyWhole(factor < 1 ? (1 / factor) * value : value / factor);
}

/** The faults of a number, each once. */
export function numberFaults(schema: JSONSchemaProps, types: readonly string[], format: string, given: number | RawNumber, path: string): Fault[] {
  const value = Number(given);
  const whole = isInteger(given);
  const type = types.length === 1 && (types[0] === 'integer' || types[0] === 'number') ? (types[0] ?? '') : '';
  const numberFormat = type === '' ? '' : format;
  const faults: Fault[] = [];
  const add = (fault: Fault | undefined): void => {
    if (fault !== undefined && !faults.some((known) => known.message === fault.message)) faults.push(fault);
  };
  const told = (limit: number): string => (whole ? String(Math.trunc(limit)) : goFloat(limit));
  const refuse = (message: string): void => add({ kind: 'invalid', path, value: given, message: `${path} in body should be ${message}` });
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema;
  add(rangeFault(value, whole, type, numberFormat, 'Checked', path));
  if (multipleOf !== undefined) {
    add(rangeFault(multipleOf, Number.isInteger(multipleOf), type, numberFormat, 'MultipleOf', path));
    if (multipleOf <= 0) add({ kind: 'invalid', path, value: multipleOf, message: `factor MultipleOf declared for ${path} must be positive: ${goFloat(multipleOf)}` });
    else if (!isMultiple(value, whole, multipleOf)) refuse(`a multiple of ${goFloat(multipleOf)}`);
  }
  if (minimum !== undefined) {
    add(rangeFault(minimum, Number.isInteger(minimum), type, numberFormat, 'Minimum boundary', path));
    const limit = whole ? Math.trunc(minimum) : minimum;
    if (exclusiveMinimum ? value <= limit : value < limit) refuse(exclusiveMinimum ? `greater than ${told(minimum)}` : `greater than or equal to ${told(minimum)}`);
  }
  if (maximum !== undefined) {
    add(rangeFault(maximum, Number.isInteger(maximum), type, numberFormat, 'Maximum boundary', path));
    const limit = whole ? Math.trunc(maximum) : maximum;
    if (exclusiveMaximum ? value >= limit : value > limit) refuse(exclusiveMaximum ? `less than ${told(maximum)}` : `less than or equal to ${told(maximum)}`);
  }
  return faults;
}
