// text.format(list): printf-like clauses over CEL values (cel-go's ext.strings version 2, locale en_US). The %e clause
// takes its precision for a width, as it always has.
import type { CelResult, CelValue } from '../contract.ts';
import { goQuote } from '../../field-errors.ts';
import { CelBytes, CelError, CelUint, type CelMap } from '../types/values.ts';
import { toText } from '../standard/conversions.ts';
import { typeOf } from '../types/type-of.ts';
import { elements } from './declare.ts';
import { fixedPoint, grouped, scientific } from './parse/decimal-text.ts';
import { goQuoteBytes } from './parse/go-quote.ts';

/** One clause of a format. `precision` is undefined when none was written. */
export interface Clause {
  readonly verb: string;
  readonly precision: number | undefined;
}

export const defaultPrecision = 6;

const allowed: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
};

/** The complaint about an argument of a type that the verb cannot show. */
export function wrongArgument(verb: string, typeName: string): string {
  return `${allowed[verb] ?? ''}, was given ${typeName}`;
}

/** Goes through a format; `show` turns the clause at an argument's index into text. Throws upstream's texts. */
export function eachClause(format: string, argCount: number, show: (clause: Clause, index: number) => string): string {
  let [out, index, at] = ['', 0, 0];
  for (let percent = format.indexOf('%'); percent >= 0; percent = format.indexOf('%', at)) {
    out += format.slice(at, percent);
    if (format.charAt(percent + 1) === '%') {
      out += '%';
      at = percent + 2;
      continue;
    }
    if (index >= argCount) throw new Error(`index ${index} out of range`);
    if (percent + 1 >= format.length) throw new Error('unexpected end of string');
    const { clause, length } = parseClause(format.slice(percent + 1));
    try {
      out += show(clause, index);
    } catch (error) {
      throw new Error(`error during formatting: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    at = percent + 1 + length;
    index++;
  }
  return out + format.slice(at);
}

function parseClause(text: string): { clause: Clause; length: number } {
  const fail = (problem: string): Error => new Error(`could not parse formatting clause: ${problem}`);
  const digits = /^\.([0-9]*)/.exec(text);
  const length = digits?.[0].length ?? 0;
  if (digits !== null) {
    if (length >= text.length) throw fail('error while parsing precision: could not find end of precision specifier');
    if (digits[1] === '') throw fail('error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax');
  }
  const verb = text.charAt(length);
  if (!Object.hasOwn(allowed, verb)) throw fail(`unrecognized formatting clause "${verb}"`);
  return { clause: { verb, precision: digits === null ? undefined : Number(digits[1]) }, length: length + 1 };
}

/** Fills the clauses of `format` with `args`. */
export function formatText(format: string, args: readonly CelValue[]): string {
  return eachClause(format, args.length, (clause, index) => showArgument(clause, args[index] ?? null));
}

function showArgument({ verb, precision = defaultPrecision }: Clause, value: CelValue): string {
  switch (verb) {
    case 's':
      return showText(value);
    case 'f': {
      const number = asDouble(value, verb);
      return Number.isFinite(number) ? grouped(fixedPoint(number, precision)) : infinite(number);
    }
    case 'e': {
      const number = asDouble(value, verb);
      return (Number.isFinite(number) ? scientific(number) : infinite(number)).padStart(precision, ' ');
    }
    case 'd':
      return inBase(value, verb, 10);
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : inBase(value, verb, 2);
    case 'o':
      return inBase(value, verb, 8);
    default: {
      const hex = hexOf(value) ?? inBase(value, verb, 16);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
  }
}

function inBase(value: CelValue, verb: string, base: number): string {
  if (typeof value === 'bigint') return value.toString(base);
  if (value instanceof CelUint) return value.value.toString(base);
  throw new Error(wrongArgument(verb, typeOf(value).name));
}

function hexOf(value: CelValue): string | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex');
  return value instanceof CelBytes ? Buffer.from(value.value).toString('hex') : undefined;
}

const namedDoubles: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY };

function asDouble(value: CelValue, verb: string): number {
  const named = typeof value === 'string' && Object.hasOwn(namedDoubles, value) ? namedDoubles[value] : undefined;
  if (typeof value === 'number') return value;
  if (named === undefined) throw new Error(wrongArgument(verb, typeOf(value).name));
  return named;
}

function infinite(number: number): string {
  return Number.isNaN(number) ? 'NaN' : number > 0 ? '∞' : '-∞';
}

function showText(value: CelValue): string {
  if (value === null) return 'null';
  if (typeof value === 'object' && value.is === 'list') return `[${elements(value).map(showMember).join(', ')}]`;
  if (isPlainMap(value)) return showMap(value);
  if (typeof value === 'object' && value.is === 'type') return value.name;
  const text = toText(value);
  if (typeof text !== 'string') throw new Error(wrongArgument('s', typeOf(value).name));
  return text;
}

function isPlainMap(value: CelValue): value is CelMap {
  return typeof value === 'object' && value !== null && value.is === 'map' && value.type === undefined;
}

function showMap(map: CelMap): string {
  const pairs = map.keys().map((key) => ({ key: showKey(key), value: showMember(present(map.find(key))) }));
  pairs.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return `{${pairs.map(({ key, value }) => `${key}:${value}`).join(', ')}}`;
}

function present(value: CelResult | undefined): CelValue {
  if (value instanceof CelError) throw new Error(value.message);
  return value ?? null;
}

function showKey(key: CelValue): string {
  if (typeof key === 'string') return goQuote(key);
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  if (key instanceof CelUint) return String(key.value);
  throw new Error(`no formatting function for map key of type ${typeOf(key).name}`);
}

/** A value within a list or map, as it would stand in an expression. */
function showMember(value: CelValue): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? fixedPoint(value, defaultPrecision) : goQuote(Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf');
  if (value instanceof CelBytes) return `b${goQuoteBytes(value.value)}`;
  if (value === null || typeof value !== 'object') return showText(value);
  if (value.is === 'timestamp' || value.is === 'duration') return `${value.is}(${goQuote(showText(value))})`;
  if (value.is === 'opaque' || value.is === 'optional' || (value.is === 'map' && value.type !== undefined)) throw new Error(`no formatting function for ${typeOf(value).name}`);
  return showText(value);
}
