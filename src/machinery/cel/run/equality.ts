// Equality of values: by value across the number types, element by element in lists and maps, false between other
// types; NaN equals nothing. A value with an equality of its own (sets, opaque types) may answer an error.
import { sameType } from '../types/types.ts';
import { isError, type CelError, type CelList, type CelMap, type CelOptional, type CelResult, type CelUint, type CelValue } from '../types/values.ts';
import { compareValues, noSuchOverload } from './compare.ts';

function numbersEqual(a: bigint | number | CelUint, b: CelValue): boolean {
  const order = compareValues(a, b);
  return order === 0;
}

function listsEqual(a: CelList, b: CelList): boolean | CelError {
  if (a.equals !== undefined) return a.equals(b);
  const { size } = a;
  if (size !== b.size) return false;
  for (let i = 0; i < size; i++) {
    if (equalValues(a.at(i), b.at(i)) === false) return false;
  }
  return true;
}

function mapsEqual(a: CelMap, b: CelMap): boolean | CelError {
  if (a.equals !== undefined) return a.equals(b);
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const theirs = b.find(key);
    const ours = a.find(key);
    if (theirs === undefined || ours === undefined) return false;
    if (equalValues(ours, theirs) === false) return false;
  }
  return true;
}

function optionalsEqual(a: CelOptional, b: CelOptional): boolean | CelError {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equalValues(a.value, b.value);
}

function objectsEqual(a: Exclude<CelValue, null | boolean | bigint | number | string>, b: CelValue): boolean | CelError {
  if (typeof b !== 'object' || b === null) return a.is === 'uint' ? numbersEqual(a, b) : a.is === 'opaque' ? a.equals(b) : false;
  switch (a.is) {
    case 'uint': return numbersEqual(a, b);
    case 'list': return b.is === 'list' ? listsEqual(a, b) : a.equals === undefined ? false : noSuchOverload();
    case 'map': return b.is === 'map' ? mapsEqual(a, b) : a.equals === undefined ? false : noSuchOverload();
    case 'bytes': return b.is === 'bytes' && Buffer.compare(a.value, b.value) === 0;
    case 'timestamp': return b.is === 'timestamp' && a.seconds === b.seconds && a.nanos === b.nanos;
    case 'duration': return b.is === 'duration' && a.nanos === b.nanos;
    case 'type': return b.is === 'type' && (a.name === b.name || sameType(a, b));
    case 'optional': return b.is === 'optional' && optionalsEqual(a, b);
    case 'opaque': return a.equals(b);
  }
}

/** The `==` of the language: true, false, or the error a value's own equality answers. */
export function equalValues(a: CelResult, b: CelResult): boolean | CelError {
  if (isError(a)) return a;
  if (isError(b)) return b;
  if (a === null || b === null) return a === b;
  switch (typeof a) {
    case 'string': case 'boolean':
      return a === b;
    case 'bigint':
      return typeof b === 'bigint' ? a === b : numbersEqual(a, b);
    case 'number':
      return numbersEqual(a, b);
  }
  return objectsEqual(a, b);
}
