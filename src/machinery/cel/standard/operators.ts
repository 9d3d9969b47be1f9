// The operators as declarations: logic, equality, order, arithmetic, membership, indexing, size. Logic, equality,
// the conditional and indexing are evaluated by the planner itself and carry no implementation.
import type { FunctionDeclaration, Overload } from '../contract.ts';
import { compareValues, noSuchOverload } from '../run/compare.ts';
import { equalValues } from '../run/equality.ts';
import { codePoints } from '../run/sizes.ts';
import {
  boolType, bytesType, doubleType, durationType, intType, listType, mapType, paramType, stringType, timestampType, uintType, type CelType,
} from '../types/types.ts';
import { CelBytes, CelDuration, CelError, CelTimestamp, CelUint, isError, type CelList, type CelResult, type CelValue } from '../types/values.ts';
import { add, divide, modulo, multiply, negate, subtract, unsupported } from './arithmetic.ts';

const a = paramType('A');
const b = paramType('B');
const listOfA = listType(a);
const mapOfAB = mapType(a, b);

function binary(name: string, call: ((x: CelValue, y: CelValue) => CelResult) | undefined, ...rows: [id: string, x: CelType, y: CelType, result: CelType][]): FunctionDeclaration {
  const overloads = rows.map(([id, x, y, result]): Overload => ({ id, params: [x, y], result }));
  return call === undefined ? { name, overloads } : { name, overloads, call: (x, y) => call(x ?? null, y ?? null) };
}

const ordered: readonly [string, CelType, CelType][] = [
  ['bool', boolType, boolType], ['int64', intType, intType], ['int64_double', intType, doubleType], ['int64_uint64', intType, uintType],
  ['uint64', uintType, uintType], ['uint64_double', uintType, doubleType], ['uint64_int64', uintType, intType], ['double', doubleType, doubleType],
  ['double_int64', doubleType, intType], ['double_uint64', doubleType, uintType], ['string', stringType, stringType], ['bytes', bytesType, bytesType],
  ['timestamp', timestampType, timestampType], ['duration', durationType, durationType],
];

function isOrdered(value: CelValue): boolean {
  return (typeof value !== 'object') || value instanceof CelUint || value instanceof CelTimestamp || value instanceof CelDuration || value instanceof CelBytes;
}

function relation(name: string, prefix: string, holds: (order: number) => boolean): FunctionDeclaration {
  const compare = (x: CelValue, y: CelValue) => {
    if (!isOrdered(x)) return unsupported(x, name);
    const order = compareValues(x, y);
    return typeof order === 'number' ? holds(order) : order;
  };
  return binary(name, compare, ...ordered.map(([suffix, x, y]): [string, CelType, CelType, CelType] => [`${prefix}_${suffix}`, x, y, boolType]));
}

/** Overloads that only exist with cross-type numeric comparisons. */
export const mixedComparisons: ReadonlySet<string> = new Set(
  ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((prefix) =>
    ordered.filter(([, x, y]) => x !== y).map(([suffix]) => `${prefix}_${suffix}`)),
);

function listHas(list: CelList, wanted: CelValue): CelResult {
  let failed: CelError | undefined;
  for (let i = 0, { size } = list; i < size; i++) {
    const same = equalValues(list.at(i), wanted);
    if (same === true) return true;
    if (isError(same)) failed ??= noSuchOverload();
  }
  return failed !== undefined && list.equals !== undefined ? failed : false;
}

function isIn(wanted: CelValue, container: CelValue): CelResult {
  if (typeof container !== 'object' || container === null) return noSuchOverload();
  if (container.is === 'list') return listHas(container, wanted);
  if (container.is !== 'map') return noSuchOverload();
  const found = container.find(wanted);
  return found !== undefined && isError(found) ? found : found !== undefined;
}

function sizeOf(value: CelValue): CelResult {
  if (typeof value === 'string') return BigInt(codePoints(value));
  if (value instanceof CelBytes) return BigInt(value.value.length);
  if (typeof value === 'object' && value !== null && (value.is === 'list' || value.is === 'map')) return BigInt(value.size);
  return unsupported(value, 'size');
}

function sizes(): Overload[] {
  const sized: [string, CelType][] = [['bytes', bytesType], ['list', listOfA], ['map', mapOfAB], ['string', stringType]];
  return sized.flatMap(([word, type]) => [
    { id: `size_${word}`, params: [type], result: intType },
    { id: `${word}_size`, params: [type], result: intType, member: true },
  ]);
}

const not = (value: CelValue | undefined): CelResult => (typeof value === 'boolean' ? !value : noSuchOverload());

export const operators: readonly FunctionDeclaration[] = [
  { name: '_?_:_', overloads: [{ id: 'conditional', params: [boolType, a, a], result: a, nonStrict: true }] },
  { name: '_&&_', overloads: [{ id: 'logical_and', params: [boolType, boolType], result: boolType, nonStrict: true }] },
  { name: '_||_', overloads: [{ id: 'logical_or', params: [boolType, boolType], result: boolType, nonStrict: true }] },
  { name: '!_', overloads: [{ id: 'logical_not', params: [boolType], result: boolType }], call: not },
  { name: '@not_strictly_false', overloads: [{ id: 'not_strictly_false', params: [boolType], result: boolType, nonStrict: true }] },
  binary('_==_', undefined, ['equals', a, a, boolType]),
  binary('_!=_', undefined, ['not_equals', a, a, boolType]),
  binary('_+_', add,
    ['add_bytes', bytesType, bytesType, bytesType], ['add_double', doubleType, doubleType, doubleType],
    ['add_duration_duration', durationType, durationType, durationType], ['add_duration_timestamp', durationType, timestampType, timestampType],
    ['add_timestamp_duration', timestampType, durationType, timestampType], ['add_int64', intType, intType, intType], ['add_list', listOfA, listOfA, listOfA],
    ['add_string', stringType, stringType, stringType], ['add_uint64', uintType, uintType, uintType]),
  binary('_-_', subtract,
    ['subtract_double', doubleType, doubleType, doubleType], ['subtract_duration_duration', durationType, durationType, durationType],
    ['subtract_int64', intType, intType, intType], ['subtract_timestamp_duration', timestampType, durationType, timestampType],
    ['subtract_timestamp_timestamp', timestampType, timestampType, durationType], ['subtract_uint64', uintType, uintType, uintType]),
  binary('_*_', multiply, ['multiply_double', doubleType, doubleType, doubleType], ['multiply_int64', intType, intType, intType], ['multiply_uint64', uintType, uintType, uintType]),
  binary('_/_', divide, ['divide_double', doubleType, doubleType, doubleType], ['divide_int64', intType, intType, intType], ['divide_uint64', uintType, uintType, uintType]),
  binary('_%_', modulo, ['modulo_int64', intType, intType, intType], ['modulo_uint64', uintType, uintType, uintType]),
  {
    name: '-_', call: (value) => negate(value ?? null),
    overloads: [{ id: 'negate_double', params: [doubleType], result: doubleType }, { id: 'negate_int64', params: [intType], result: intType }],
  },
  relation('_<_', 'less', (order) => order < 0),
  relation('_<=_', 'less_equals', (order) => order <= 0),
  relation('_>_', 'greater', (order) => order > 0),
  relation('_>=_', 'greater_equals', (order) => order >= 0),
  binary('@in', isIn, ['in_list', a, listOfA, boolType], ['in_map', a, mapOfAB, boolType]),
  binary('_[_]', undefined, ['index_list', listOfA, intType, a], ['index_map', mapOfAB, a, b]),
  { name: 'size', overloads: sizes(), call: (value) => sizeOf(value ?? null) },
];
