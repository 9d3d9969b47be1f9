// Leaf values as Go's decoder takes them and its encoder would write them again: times in UTC with seconds
// or six digits, canonical quantities, base64, ranges of integers. Each reader returns the canonical value or
// throws a TypeMismatch, which the walker turns into the message with the field's path.
import { goQuote } from './field-errors.ts';
import { RawNumber } from './json-number.ts';
import { canonicalQuantity } from './quantity.ts';

/** A value of the wrong JSON type; `value` is what Go calls it ("string", "number 1.5"). */
export class TypeMismatch extends Error {
  readonly value: string;
  /** Overrides the type named in the message. */
  readonly wanted: string | undefined;
  /** The value is an item of a list or map. */
  ofItem = false;

  constructor(value: string, wanted?: string) {
    super(value);
    this.value = value;
    this.wanted = wanted;
  }
}

/** A value of the right JSON type that its own parser refuses; the message stands alone, as upstream's. */
export class BadValue extends Error {}

/** What Go calls a JSON value. */
export function jsonTypeName(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof RawNumber) return 'number';
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : 'object';
}

export function readString(value: unknown): string {
  if (typeof value !== 'string') throw new TypeMismatch(jsonTypeName(value));
  return value;
}

export function readBool(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeMismatch(jsonTypeName(value));
  return value;
}

export function readInt32(value: unknown): number {
  if (typeof value !== 'number') throw new TypeMismatch(value instanceof RawNumber ? `number ${value.text}` : jsonTypeName(value));
  if ((value | 0) !== value) throw new TypeMismatch(`number ${value}`);
  return value | 0;
}

export function readInt64(value: unknown): number | RawNumber {
  if (value instanceof RawNumber) return value;
  if (typeof value !== 'number') throw new TypeMismatch(jsonTypeName(value));
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) throw new TypeMismatch(`number ${value}`);
  return value === 0 ? 0 : value;
}

export function readUint(value: unknown, bits: 32 | 64): number | RawNumber {
  const read = readInt64(value);
  if ((read instanceof RawNumber && read.text.startsWith('-')) || (typeof read === 'number' && (read < 0 || read >= 2 ** bits))) {
    throw new TypeMismatch(`number ${String(read)}`);
  }
  return read;
}

export function readDouble(value: unknown): number {
  if (value instanceof RawNumber) return Number(value.text);
  if (typeof value !== 'number') throw new TypeMismatch(jsonTypeName(value));
  return value;
}

const base64 = /^[A-Za-z0-9+/]*(={0,2})$/;

/** Base64 in canonical form. */
export function readBytes(value: unknown): string {
  if (typeof value !== 'string') throw new TypeMismatch(jsonTypeName(value));
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
  const match = base64.exec(text);
  if (match === null || text.length % 4 !== 0) {
    const at = /[^A-Za-z0-9+/]/.exec(text)?.index;
    throw new BadValue(`illegal base64 data at input byte ${at ?? text.length - (text.length % 4)}`);
  }
  return match[1] === '' ? text : Buffer.from(text, 'base64').toString('base64');
}

export function readIntOrString(value: unknown): string | number {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && (value | 0) === value) return value;
  throw new TypeMismatch(typeof value === 'number' ? `number ${value}` : jsonTypeName(value), 'int32');
}

export function readQuantity(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new BadValue(wrongQuantity);
  try {
    return canonicalQuantity(value);
  } catch (error) {
    throw new BadValue(error instanceof Error ? error.message : wrongQuantity);
  }
}

const wrongQuantity = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;
const layouts = { time: '2006-01-02T15:04:05Z07:00', microTime: '2006-01-02T15:04:05.000000Z07:00' };

const timesKept = 1024;
const canonicalTimes = new Map<string, string | undefined>();
const canonicalMicroTimes = new Map<string, string | undefined>();

/** RFC 3339 in UTC with seconds; undefined for Go's zero time, which is written as null. */
export function readTime(value: unknown): string | undefined {
  return remember(canonicalTimes, value, 'time');
}

/** As readTime with six digits, which the text must have. */
export function readMicroTime(value: unknown): string | undefined {
  return remember(canonicalMicroTimes, value, 'microTime');
}

/** The same few times come again and again (one object names its creation several times). */
function remember(known: Map<string, string | undefined>, value: unknown, form: 'time' | 'microTime'): string | undefined {
  if (typeof value !== 'string') throw new TypeMismatch(jsonTypeName(value), 'string');
  const hit = known.get(value);
  if (hit !== undefined) return hit;
  const canonical = canonicalTime(value, form);
  if (known.size >= timesKept) known.clear();
  known.set(value, canonical);
  return canonical;
}

function canonicalTime(text: string, form: 'time' | 'microTime'): string | undefined {
  const match = timePattern.exec(text);
  const fail = (rest: string, element: string): never => {
    throw new BadValue(`parsing time ${goQuote(text)} as ${goQuote(layouts[form])}: cannot parse ${goQuote(rest)} as ${goQuote(element)}`);
  };
  if (match === null) return fail(text, '2006');
  const [, local = '', fraction, zone = ''] = match;
  if (form === 'microTime' && fraction?.length !== 7) return fail(text.slice(19), '.000000');
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== local) {
    throw new BadValue(`parsing time ${goQuote(text)}: ${rangeProblem(local)} out of range`);
  }
  let ms = asUtc;
  if (zone !== 'Z') {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
    ms -= (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
  }
  const seconds = new Date(ms).toISOString().slice(0, 19);
  const micro = form === 'microTime' ? `.${(fraction ?? '').slice(1)}` : '';
  if (seconds === '0001-01-01T00:00:00' && !/[1-9]/.test(micro)) return undefined;
  return `${seconds}${micro}Z`;
}

function rangeProblem(local: string): string {
  const [month, day, hour, minute] = [local.slice(5, 7), local.slice(8, 10), local.slice(11, 13), local.slice(14, 16)].map(Number);
  if (month === undefined || month < 1 || month > 12) return 'month';
  if (hour !== undefined && hour > 23) return 'hour';
  if (minute !== undefined && minute > 59) return 'minute';
  return day !== undefined && Number(local.slice(17, 19)) > 59 ? 'second' : 'day';
}
