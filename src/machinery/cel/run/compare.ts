// The order of values. Numbers of different types compare by value, strings by code points; other mixtures and NaN
// have no order. Follows cel-go's Compare.
import { CelBytes, CelDuration, CelError, CelTimestamp, CelUint, type CelValue } from '../types/values.ts';

export function noSuchOverload(): CelError {
  return new CelError('no such overload');
}

/** -1, 0 or 1; NaN is the caller's. */
function sign(a: number | bigint, b: number | bigint): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** int64 or uint64 against a double: out of range is decided first, else both as doubles. */
function wholeToDouble(whole: bigint, real: number, bound: number, least: number): -1 | 0 | 1 {
  if (real < least) return 1;
  if (real > bound) return -1;
  return sign(Number(whole), real);
}

const int64Bound = 2 ** 63;
const uint64Bound = 2 ** 64;

function compareInt(a: bigint, b: CelValue): number | CelError {
  if (typeof b === 'bigint') return sign(a, b);
  if (typeof b === 'number') return Number.isNaN(b) ? new CelError('NaN values cannot be ordered') : wholeToDouble(a, b, int64Bound, -int64Bound);
  return b instanceof CelUint ? sign(a, b.value) : noSuchOverload();
}

function compareUint(a: CelUint, b: CelValue): number | CelError {
  if (b instanceof CelUint) return sign(a.value, b.value);
  if (typeof b === 'number') return Number.isNaN(b) ? new CelError('NaN values cannot be ordered') : wholeToDouble(a.value, b, uint64Bound, 0);
  return typeof b === 'bigint' ? sign(a.value, b) : noSuchOverload();
}

function compareDouble(a: number, b: CelValue): number | CelError {
  if (Number.isNaN(a) || (typeof b === 'number' && Number.isNaN(b))) return new CelError('NaN values cannot be ordered');
  if (typeof b === 'number') return sign(a, b);
  if (typeof b === 'bigint') return -wholeToDouble(b, a, int64Bound, -int64Bound);
  return b instanceof CelUint ? -wholeToDouble(b.value, a, uint64Bound, 0) : noSuchOverload();
}

/** Strings order by code points, which UTF-16 units do not where surrogates meet U+E000 and above. */
export function compareStrings(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x < y ? -1 : 1;
  }
  return sign(a.length, b.length);
}

/** -1, 0 or 1, or why the two have no order. */
export function compareValues(a: CelValue, b: CelValue): number | CelError {
  switch (typeof a) {
    case 'bigint': return compareInt(a, b);
    case 'number': return compareDouble(a, b);
    case 'string': return typeof b === 'string' ? compareStrings(a, b) : noSuchOverload();
    case 'boolean': return typeof b === 'boolean' ? sign(Number(a), Number(b)) : noSuchOverload();
  }
  if (a instanceof CelUint) return compareUint(a, b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return sign(a.seconds, b.seconds) || sign(a.nanos, b.nanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return sign(a.nanos, b.nanos);
  if (a instanceof CelBytes && b instanceof CelBytes) return Math.sign(Buffer.compare(a.value, b.value));
  return noSuchOverload();
}
