// Numbers as Go writes and reads them: strconv's %g, %f with as few digits as tell the double, ParseInt, ParseUint,
// ParseFloat and ParseBool.
import { maxInt, maxUint, minInt } from './values.ts';

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? undefined : value > 0 ? '+Inf' : '-Inf';
}

/** Shortest digits and the power of ten of the first. */
function digitsOf(value: number): { digits: string; exponent: number } {
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

function minus(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

/** %g: an exponent below -4, or beyond six digits' worth, is written with e, as in 1e+06 and 1.5e-05. */
export function generalText(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { digits, exponent } = digitsOf(value);
  if (exponent >= -4 && exponent < 6) return fixedText(value);
  const mantissa = digits.length > 1 ? `${digits.slice(0, 1)}.${digits.slice(1)}` : digits;
  return `${minus(value)}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** %f with as many digits as needed. */
export function fixedText(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { digits, exponent } = digitsOf(value);
  if (exponent < 0) return `${minus(value)}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return `${minus(value)}${whole}${rest === '' ? '' : `.${rest}`}`;
}

export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text) || text.length > 4096) return undefined;
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value < minInt || value > maxInt ? undefined : value;
}

export function parseUint64(text: string): bigint | undefined {
  if (!/^\d+$/.test(text) || text.length > 4096) return undefined;
  const value = BigInt(text);
  return value > maxUint ? undefined : value;
}

const decimal = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?$/;
const hexadecimal = /^([+-]?)0[xX]_?([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?\d+)$/;
const infinite = /^([+-]?)inf(?:inity)?$/i;

/** undefined for what is no number and for what overflows. */
export function parseFloat64(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinity = infinite.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  let value: number | undefined;
  if (decimal.test(text)) value = Number(text.replaceAll('_', ''));
  else {
    const hex = hexadecimal.exec(text);
    const [, signText = '', whole = '', part = '', exponent = '0'] = hex ?? [];
    const digits = (whole + part).replaceAll('_', '');
    if (hex === null || digits === '') return undefined;
    const scale = Number(exponent) - 4 * part.replaceAll('_', '').length;
    value = (signText === '-' ? -1 : 1) * Number(`0x${digits}`) * 2 ** scale;
  }
  return Number.isFinite(value) ? value : undefined;
}

const truths: Readonly<Record<string, boolean>> = {
  '1': true, t: true, T: true, true: true, TRUE: true, True: true, '0': false, f: false, F: false, false: false, FALSE: false, False: false,
};

export function parseBool(text: string): boolean | undefined {
  return Object.hasOwn(truths, text) ? truths[text] : undefined;
}
