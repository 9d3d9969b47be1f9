// Quantities ("100m", "1.5Gi", "1e3"): exact fixed-point numbers with a preferred notation, as
// apimachinery/pkg/api/resource. Precision ends at nano, where values round away from zero; binary amounts are
// capped at 2^63-1. The canonical text keeps all digits, has no fraction and the largest suffix.

export interface Quantity {
  /** The amount is `unscaled` × 10^`scale`, scale ≥ -9. */
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
  /** The text it was parsed from, where upstream prints that again. */
  readonly text?: string;
}

const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const decimalSuffixes = new Map(Object.entries(decimal).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const maxInt64 = 2n ** 63n - 1n;
const longestText = 256;
const largestExponent = 1000;
const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const syntax = /^([+-]?)0*([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const cacheLimit = 4096;
const parsed = new Map<string, Quantity>();

/** Parses a quantity. Throws an Error with upstream's text. Recent texts are remembered. */
export function parseQuantity(text: string | number): Quantity {
  const key = String(text);
  let quantity = parsed.get(key);
  if (quantity === undefined) {
    quantity = parse(key.trim());
    // White space around a quantity may be a megabyte long; such a text comes once.
    if (key.length > longestText) return quantity;
    if (parsed.size >= cacheLimit) parsed.clear();
    parsed.set(key, quantity);
  }
  return quantity;
}

/** The canonical text of a quantity's text ("1.5Gi" → "1536Mi"), or the text itself where upstream keeps it. */
export function canonicalQuantity(text: string | number): string {
  return formatQuantity(parseQuantity(text));
}

function parse(text: string): Quantity {
  if (text === '' || text.length > longestText) throw new Error(wrongFormat);
  const match = syntax.exec(text);
  if (match === null) throw new Error(wrongFormat);
  const [, sign, whole = '', , fraction = '', suffix = ''] = match;
  const { base, exponent, format } = parseSuffix(suffix);
  const integerPart = whole === '' ? '0' : whole;
  let unscaled = BigInt(integerPart + fraction);
  let scale = -fraction.length;
  let kept = format;
  if (base === 10) scale += exponent;
  else unscaled *= 2n ** BigInt(exponent);
  const exactInt64 = unscaled <= maxInt64 && scale >= -9;
  if (scale < -9) {
    unscaled = divideUp(unscaled, 10n ** BigInt(-9 - scale));
    scale = -9;
  }
  if (format === 'BinarySI') {
    if (atScale(unscaled, scale, 0).value > maxInt64) [unscaled, scale] = [maxInt64, 0];
    if (unscaled > 0n && unscaled < 10n ** BigInt(-scale)) kept = 'DecimalSI';
  }
  if (sign === '-') unscaled = -unscaled;
  const keepsText = exactInt64 && isKept(text, format, integerPart + fraction, scale, exponent, fraction);
  return { unscaled, scale, format: kept, ...(keepsText ? { text } : {}) };
}

/** Upstream's shortcut: texts that look canonical are printed again as they came. */
function isKept(text: string, format: Quantity['format'], digits: string, scale: number, exponent: number, fraction: string): boolean {
  if (text === '0') return true;
  if (/^[+-]?0*$/.test(text)) return false;
  if (format === 'BinarySI') {
    const precise = 15 - digits.length - Math.trunc(exponent * 0.3) - 1 >= 0;
    return fraction === '' && precise && (Number(BigInt(digits) & 7n)) !== 0;
  }
  return digits.length <= 18 && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

function parseSuffix(suffix: string): { base: 2 | 10; exponent: number; format: Quantity['format'] } {
  if (Object.hasOwn(decimal, suffix)) return { base: 10, exponent: decimal[suffix] ?? 0, format: 'DecimalSI' };
  if (Object.hasOwn(binary, suffix)) return { base: 2, exponent: binary[suffix] ?? 0, format: 'BinarySI' };
  const match = /^[eE]([+-]?[0-9]+)$/.exec(suffix);
  const exponent = match === null ? Number.NaN : Number(match[1]);
  if (!(Math.abs(exponent) <= largestExponent)) throw new Error("unable to parse quantity's suffix");
  return { base: 10, exponent, format: 'DecimalExponent' };
}

/** Division that rounds away from zero. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** The amount in units of 10^scale, rounded away from zero; `exact` when nothing was rounded. */
function atScale(unscaled: bigint, from: number, scale: number): { value: bigint; exact: boolean } {
  if (from >= scale) return { value: unscaled * 10n ** BigInt(from - scale), exact: true };
  const by = 10n ** BigInt(scale - from);
  const value = divideUp(unscaled, by);
  return { value, exact: value * by === unscaled };
}

/** The canonical text. */
export function formatQuantity(q: Quantity): string {
  if (q.text !== undefined) return q.text;
  if (q.unscaled === 0n) return '0';
  if (q.format === 'BinarySI') {
    const { value, exact } = atScale(q.unscaled, q.scale, 0);
    if (exact && (value >= 1024n || value <= -1024n)) return binaryText(value);
    return decimalText(q, 'DecimalSI');
  }
  return decimalText(q, q.format);
}

function binaryText(value: bigint): string {
  let power = 0;
  let rest = value;
  while (power < 6 && rest % 1024n === 0n) {
    rest /= 1024n;
    power++;
  }
  return `${rest}${binarySuffixes[power] ?? ''}`;
}

function decimalText(q: Quantity, format: Quantity['format']): string {
  let { unscaled, scale } = q;
  while (unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale++;
  }
  while (scale % 3 !== 0) {
    unscaled *= 10n;
    scale--;
  }
  if (format === 'DecimalExponent') return scale === 0 ? `${unscaled}` : `${unscaled}e${scale}`;
  while (scale > 18) {
    unscaled *= 1000n;
    scale -= 3;
  }
  return `${unscaled}${decimalSuffixes.get(scale) ?? ''}`;
}

/** Negative, zero or positive as a < b, a = b, a > b. */
export function compareQuantity(a: Quantity, b: Quantity): number {
  const scale = Math.min(a.scale, b.scale);
  const left = atScale(a.unscaled, a.scale, scale).value;
  const right = atScale(b.unscaled, b.scale, scale).value;
  return left < right ? -1 : left > right ? 1 : 0;
}

function sum(a: Quantity, b: Quantity, sign: bigint): Quantity {
  const scale = Math.min(a.scale, b.scale);
  const unscaled = atScale(a.unscaled, a.scale, scale).value + sign * atScale(b.unscaled, b.scale, scale).value;
  return { unscaled, scale, format: a.unscaled === 0n ? b.format : a.format };
}

export function addQuantity(a: Quantity, b: Quantity): Quantity {
  return sum(a, b, 1n);
}

export function subQuantity(a: Quantity, b: Quantity): Quantity {
  return sum(a, b, -1n);
}

/** The same amount, rounded away from zero to multiples of 10^scale (-3 is milli). */
export function roundUpQuantity(q: Quantity, scale: number): Quantity {
  if (q.scale >= scale) return q;
  return { unscaled: atScale(q.unscaled, q.scale, scale).value, scale, format: q.format };
}

/** A whole number as a quantity. */
export function quantityOf(value: number | bigint, format: Quantity['format'] = 'DecimalSI'): Quantity {
  return { unscaled: BigInt(value), scale: 0, format };
}

/** Thousandths as a quantity (a CPU's millicores). */
export function milliQuantityOf(value: number | bigint): Quantity {
  return { unscaled: BigInt(value), scale: -3, format: 'DecimalSI' };
}

function clamp(value: bigint): number {
  return Number(value > maxInt64 ? maxInt64 : value < -maxInt64 ? -maxInt64 : value);
}

/** Whole units, rounded away from zero. */
export function quantityValue(q: Quantity): number {
  return clamp(atScale(q.unscaled, q.scale, 0).value);
}

/** Thousandths, rounded away from zero. */
export function quantityMilliValue(q: Quantity): number {
  return clamp(atScale(q.unscaled, q.scale, -3).value);
}

export function isZeroQuantity(q: Quantity): boolean {
  return q.unscaled === 0n;
}

/** Negative, zero or positive. */
export function quantitySign(q: Quantity): number {
  return q.unscaled < 0n ? -1 : q.unscaled > 0n ? 1 : 0;
}
