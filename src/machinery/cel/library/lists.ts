// Functions on lists: isSorted, sum, min, max, indexOf and lastIndexOf (upstream's kubernetes.lists).
import type { CelResult, CelType, CelValue, FunctionDeclaration } from '../contract.ts';
import { compareValues } from '../run/compare.ts';
import { equalValues } from '../run/equality.ts';
import { boolType, bytesType, doubleType, durationType, intType, listType, paramType, stringType, timestampType, uintType } from '../types/types.ts';
import { CelDuration, CelUint, maxInt, maxUint, minInt, type CelList } from '../types/values.ts';
import { asAny, asList, declare, elements, of1, of2 } from './declare.ts';
import { indexCosts } from './list-costs.ts';

/** By the name that overload ids use. */
const summable: readonly (readonly [string, CelType, CelValue])[] = [
  ['int', intType, 0n], ['uint', uintType, new CelUint(0n)], ['double', doubleType, 0], ['duration', durationType, new CelDuration(0n)],
];

const comparable: readonly (readonly [string, CelType])[] = [
  ['int', intType], ['uint', uintType], ['double', doubleType], ['bool', boolType], ['duration', durationType], ['timestamp', timestampType],
  ['string', stringType], ['bytes', bytesType],
];

function isSorted(list: CelList): boolean {
  const values = elements(list);
  return values.every((value, i) => i === 0 || comparesAtMost(values[i - 1] ?? null, value));
}

/** Values that cannot be compared are in no order, which is no disorder. */
function comparesAtMost(a: CelValue, b: CelValue): boolean {
  const order = compareValues(a, b);
  return typeof order !== 'number' || order <= 0;
}

function add(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return within(a + b, minInt, maxInt, 'integer');
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof CelUint && b instanceof CelUint) return new CelUint(within(a.value + b.value, 0n, maxUint, 'unsigned integer'));
  if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(within(a.nanos + b.nanos, minInt, maxInt, 'duration'));
  throw new Error('no such overload');
}

function within(value: bigint, low: bigint, high: bigint, what: string): bigint {
  if (value < low || value > high) throw new Error(`${what} overflow`);
  return value;
}

/** The first extreme element; `sign` is 1 for the largest. What cannot be compared does not replace it. */
function extreme(name: 'min' | 'max', sign: number) {
  return (list: CelList): CelResult => {
    const [first, ...rest] = elements(list);
    if (first === undefined) throw new Error(`${name} called on empty list`);
    return rest.reduce((best, value) => {
      const order = compareValues(value, best);
      return typeof order === 'number' && order * sign > 0 ? value : best;
    }, first);
  };
}

function indexOf(list: CelList, wanted: CelValue): bigint {
  return BigInt(elements(list).findIndex((value) => equalValues(value, wanted) === true));
}

function lastIndexOf(list: CelList, wanted: CelValue): bigint {
  return BigInt(elements(list).findLastIndex((value) => equalValues(value, wanted) === true));
}

const element = paramType('A');
const anyList = listType(element);

export const listsLibrary: readonly FunctionDeclaration[] = [
  declare('isSorted', ...comparable.map(([name, type]) => ({
    id: `list_${name}_is_sorted_bool`, params: [listType(type)], result: boolType, member: true, call: of1(asList, isSorted), ...indexCosts,
  }))),
  declare('sum', ...summable.map(([name, type, zero]) => ({
    id: `list_${name}_sum_${name}`, params: [listType(type)], result: type, member: true, call: of1(asList, (list) => elements(list).reduce(add, zero)), ...indexCosts,
  }))),
  declare('max', ...comparable.map(([name, type]) => ({
    id: `list_${name}_max_${name}`, params: [listType(type)], result: type, member: true, call: of1(asList, extreme('max', 1)), ...indexCosts,
  }))),
  declare('min', ...comparable.map(([name, type]) => ({
    id: `list_${name}_min_${name}`, params: [listType(type)], result: type, member: true, call: of1(asList, extreme('min', -1)), ...indexCosts,
  }))),
  declare('indexOf', { id: 'list_a_index_of_int', params: [anyList, element], result: intType, member: true, call: of2(asList, asAny, indexOf), ...indexCosts }),
  declare('lastIndexOf', { id: 'list_a_last_index_of_int', params: [anyList, element], result: intType, member: true, call: of2(asList, asAny, lastIndexOf), ...indexCosts }),
];

