// + - * / % and negation. int and uint are checked against 64 bits, doubles follow IEEE 754, text, bytes and lists
// join, times and durations move. Texts of failures are cel-go's.
import { concatLists } from '../types/lists.ts';
import { addDuration, betweenTimestamps } from '../types/timestamp.ts';
import { CelBytes, CelDuration, CelError, CelTimestamp, CelUint, maxInt, maxUint, minInt, type CelResult, type CelValue } from '../types/values.ts';
import { noSuchOverload } from '../run/compare.ts';

export function intOr(value: bigint): CelResult {
  return value >= minInt && value <= maxInt ? value : new CelError('integer overflow');
}

export function uintOr(value: bigint): CelResult {
  return value >= 0n && value <= maxUint ? new CelUint(value) : new CelError('unsigned integer overflow');
}

function durationOr(nanos: bigint): CelResult {
  return nanos >= minInt && nanos <= maxInt ? new CelDuration(nanos) : new CelError('integer overflow');
}

/** The left side cannot do this at all: values with methods of their own answer without the operator's name. */
export function unsupported(left: CelValue, operator: string): CelError {
  if (typeof left === 'string' || left instanceof CelTimestamp || left instanceof CelDuration) return noSuchOverload();
  return new CelError(`no such overload: ${operator}`);
}

function joinBytes(a: Uint8Array, b: Uint8Array): CelBytes {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return new CelBytes(joined);
}

export function add(a: CelValue, b: CelValue): CelResult {
  switch (typeof a) {
    case 'bigint': return typeof b === 'bigint' ? intOr(a + b) : noSuchOverload();
    case 'number': return typeof b === 'number' ? a + b : noSuchOverload();
    case 'string': return typeof b === 'string' ? a + b : noSuchOverload();
    case 'boolean': return unsupported(a, '_+_');
  }
  if (a === null) return unsupported(a, '_+_');
  const right = typeof b === 'object' ? b : null;
  switch (a.is) {
    case 'uint': return right?.is === 'uint' ? uintOr(a.value + right.value) : noSuchOverload();
    case 'bytes': return right?.is === 'bytes' ? joinBytes(a.value, right.value) : noSuchOverload();
    case 'list': return right?.is === 'list' ? concatLists(a, right) : noSuchOverload();
    case 'timestamp': return right?.is === 'duration' ? addDuration(a, right.nanos) : noSuchOverload();
    case 'duration':
      if (right?.is === 'duration') return durationOr(a.nanos + right.nanos);
      return right?.is === 'timestamp' ? addDuration(right, a.nanos) : noSuchOverload();
    default: return unsupported(a, '_+_');
  }
}

export function subtract(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? intOr(a - b) : noSuchOverload();
  if (typeof a === 'number') return typeof b === 'number' ? a - b : noSuchOverload();
  if (a instanceof CelUint) return b instanceof CelUint ? uintOr(a.value - b.value) : noSuchOverload();
  if (a instanceof CelDuration) return b instanceof CelDuration ? durationOr(a.nanos - b.nanos) : noSuchOverload();
  if (!(a instanceof CelTimestamp)) return unsupported(a, '_-_');
  if (b instanceof CelTimestamp) return betweenTimestamps(a, b);
  if (!(b instanceof CelDuration)) return noSuchOverload();
  return b.nanos === minInt ? new CelError('integer overflow') : addDuration(a, -b.nanos);
}

export function multiply(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? intOr(a * b) : noSuchOverload();
  if (typeof a === 'number') return typeof b === 'number' ? a * b : noSuchOverload();
  if (a instanceof CelUint) return b instanceof CelUint ? uintOr(a.value * b.value) : noSuchOverload();
  return unsupported(a, '_*_');
}

export function divide(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'bigint') return typeof b !== 'bigint' ? noSuchOverload() : b === 0n ? new CelError('division by zero') : intOr(a / b);
  if (typeof a === 'number') return typeof b === 'number' ? a / b : noSuchOverload();
  if (!(a instanceof CelUint)) return unsupported(a, '_/_');
  if (!(b instanceof CelUint)) return noSuchOverload();
  return b.value === 0n ? new CelError('division by zero') : new CelUint(a.value / b.value);
}

export function modulo(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'bigint') {
    if (typeof b !== 'bigint') return noSuchOverload();
    if (b === 0n) return new CelError('modulus by zero');
    return a === minInt && b === -1n ? new CelError('integer overflow') : a % b;
  }
  if (!(a instanceof CelUint)) return unsupported(a, '_%_');
  if (!(b instanceof CelUint)) return noSuchOverload();
  return b.value === 0n ? new CelError('modulus by zero') : new CelUint(a.value % b.value);
}

export function negate(value: CelValue): CelResult {
  if (typeof value === 'bigint') return intOr(-value);
  if (typeof value === 'number') return -value;
  if (value instanceof CelDuration) return durationOr(-value.nanos);
  return typeof value === 'boolean' ? noSuchOverload() : unsupported(value, '-_');
}
