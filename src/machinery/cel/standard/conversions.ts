// int(), uint(), double(), string(), bytes(), bool(), timestamp(), duration(), type() and dyn(): one table of target
// type by source type, each with the overload id that references and costs use.
import type { FunctionDeclaration, Overload } from '../contract.ts';
import { parseDuration, durationSeconds } from '../types/duration.ts';
import { fixedText, generalText, parseBool, parseFloat64, parseInt64, parseUint64 } from '../types/number-text.ts';
import { parseTimestamp, timestampAt, timestampText } from '../types/timestamp.ts';
import { typeOf } from '../types/type-of.ts';
import {
  boolType, bytesType, doubleType, durationType, dynType, intType, paramType, stringType, timestampType, typeType, uintType, type CelType,
} from '../types/types.ts';
import { CelBytes, CelDuration, CelError, CelTimestamp, CelUint, maxInt, type CelResult, type CelValue } from '../types/values.ts';
import { intOr, uintOr } from './arithmetic.ts';

function impossible(from: CelType, to: CelType): CelError {
  return new CelError(`type conversion error from '${from.name}' to '${to.name}'`);
}

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const utf8Problem = 'invalid UTF-8 in bytes, cannot convert to string';

function text(bytes: Uint8Array): CelResult {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return new CelError(utf8Problem);
  }
}

function toInt(value: CelValue): CelResult {
  if (typeof value === 'number') return value > -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : new CelError('integer overflow');
  if (typeof value === 'string') return parseInt64(value) ?? impossible(stringType, intType);
  if (value instanceof CelUint) return value.value > maxInt ? new CelError('integer overflow') : value.value;
  if (value instanceof CelTimestamp) return BigInt(value.seconds);
  if (value instanceof CelDuration) return value.nanos;
  return typeof value === 'bigint' ? intOr(value) : impossible(typeOf(value), intType);
}

function toUint(value: CelValue): CelResult {
  if (typeof value === 'bigint') return uintOr(value);
  if (typeof value === 'number') return value >= 0 && value < 2 ** 64 ? new CelUint(BigInt(Math.trunc(value))) : new CelError('unsigned integer overflow');
  if (typeof value !== 'string') return value instanceof CelUint ? value : impossible(typeOf(value), uintType);
  const parsed = parseUint64(value);
  return parsed === undefined ? impossible(stringType, uintType) : new CelUint(parsed);
}

function toDouble(value: CelValue): CelResult {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (typeof value === 'string') return parseFloat64(value) ?? impossible(stringType, doubleType);
  return typeof value === 'number' ? value : impossible(typeOf(value), doubleType);
}

export function toText(value: CelValue): CelResult {
  switch (typeof value) {
    case 'string': return value;
    case 'boolean': case 'bigint': return String(value);
    case 'number': return generalText(value);
  }
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelBytes) return text(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return `${fixedText(durationSeconds(value.nanos))}s`;
  return impossible(typeOf(value), stringType);
}

function toBytes(value: CelValue): CelResult {
  if (typeof value === 'string') return new CelBytes(utf8.encode(value));
  return value instanceof CelBytes ? value : impossible(typeOf(value), bytesType);
}

function toBool(value: CelValue): CelResult {
  if (typeof value === 'string') return parseBool(value) ?? impossible(stringType, boolType);
  return typeof value === 'boolean' ? value : impossible(typeOf(value), boolType);
}

export function toTimestamp(value: CelValue): CelResult {
  if (typeof value === 'string') return parseTimestamp(value) ?? impossible(stringType, timestampType);
  if (typeof value === 'bigint') return timestampAt(Number(value), 0);
  return value instanceof CelTimestamp ? value : impossible(typeOf(value), timestampType);
}

export function toDuration(value: CelValue): CelResult {
  if (typeof value === 'string') return parseDuration(value) ?? impossible(stringType, durationType);
  return value instanceof CelDuration ? value : impossible(typeOf(value), durationType);
}

const words = new Map<CelType, string>([
  [intType, 'int64'], [uintType, 'uint64'], [doubleType, 'double'], [stringType, 'string'], [boolType, 'bool'], [bytesType, 'bytes'],
  [timestampType, 'timestamp'], [durationType, 'duration'],
]);

function conversion(name: string, to: CelType, from: readonly CelType[], call: (value: CelValue) => CelResult): FunctionDeclaration {
  const overloads = from.map((type): Overload => ({ id: `${words.get(type)}_to_${words.get(to)}`, params: [type], result: to, call }));
  return { name, overloads };
}

const param = paramType('A');

export const conversions: readonly FunctionDeclaration[] = [
  { name: 'type', overloads: [{ id: 'type', params: [param], result: typeType(param) }], call: (value) => typeOf(value ?? null) },
  { name: 'dyn', overloads: [{ id: 'to_dyn', params: [param], result: dynType }], call: (value) => value ?? null },
  conversion('bool', boolType, [boolType, stringType], toBool),
  conversion('bytes', bytesType, [bytesType, stringType], toBytes),
  conversion('double', doubleType, [doubleType, intType, stringType, uintType], toDouble),
  conversion('duration', durationType, [durationType, intType, stringType], toDuration),
  conversion('int', intType, [intType, doubleType, durationType, stringType, timestampType, uintType], toInt),
  conversion('string', stringType, [stringType, boolType, bytesType, doubleType, durationType, intType, timestampType, uintType], toText),
  conversion('timestamp', timestampType, [timestampType, intType, stringType], toTimestamp),
  conversion('uint', uintType, [uintType, doubleType, intType, stringType], toUint),
];

/** Conversions of constants are made once, when a program is made. */
export const conversionNames: ReadonlySet<string> = new Set(conversions.map((declaration) => declaration.name));
