// Optional values: optional.of, ofNonZeroValue, none, value, hasValue, or, orValue, first, last, unwrap. or and
// orValue do not evaluate their argument when they need not; the planner sees to that.
import type { FunctionDeclaration } from '../contract.ts';
import { noSuchOverload } from '../run/compare.ts';
import { ListValue } from '../types/lists.ts';
import { boolType, dynType, intType, listType, mapType, optionalType, paramType, stringType } from '../types/types.ts';
import { CelError, CelOptional, isError, noneOptional, type CelResult, type CelValue } from '../types/values.ts';
import { valueText } from '../types/value-text.ts';

const k = paramType('K');
const v = paramType('V');
const optional = optionalType(v);
const list = listType(v);
const map = mapType(k, v);
const optionals = listType(optional);
const minTimestamp = -62135596800;

/** Zero, empty or null. Views under a schema are never taken for empty. */
function isZero(value: CelValue): boolean {
  if (value === null) return true;
  switch (typeof value) {
    case 'boolean': return !value;
    case 'bigint': return value === 0n;
    case 'number': return value === 0;
    case 'string': return value === '';
  }
  switch (value.is) {
    case 'uint': return value.value === 0n;
    case 'bytes': return value.value.length === 0;
    case 'duration': return value.nanos === 0n;
    case 'timestamp': return value.seconds === minTimestamp && value.nanos === 0;
    case 'list': case 'map': return value.size === 0 && value.equals === undefined;
    default: return false;
  }
}

function element(value: CelValue | undefined, index: (size: number) => number): CelResult {
  if (typeof value !== 'object' || value === null || value.is !== 'list') return noSuchOverload();
  if (value.size === 0) return noneOptional;
  const found = value.at(index(value.size));
  return isError(found) ? found : new CelOptional(found);
}

function unwrap(value: CelValue | undefined): CelResult {
  if (typeof value !== 'object' || value === null || value.is !== 'list') return noSuchOverload();
  const kept: CelValue[] = [];
  for (let i = 0; i < value.size; i++) {
    const item = value.at(i);
    if (!(item instanceof CelOptional)) return isError(item) ? item : new CelError(`value ${valueText(item)} is not optional`);
    if (item.value !== undefined) kept.push(item.value);
  }
  return new ListValue(kept);
}

function ofOptional(read: (value: CelOptional) => CelResult): (value: CelValue | undefined) => CelResult {
  return (value) => (value instanceof CelOptional ? read(value) : noSuchOverload());
}

const first = (value: CelValue | undefined) => element(value, () => 0);
const last = (value: CelValue | undefined) => element(value, (size) => size - 1);

export const optionalFunctions: readonly FunctionDeclaration[] = [
  { name: 'optional.of', overloads: [{ id: 'optional_of', params: [v], result: optional, call: (value) => new CelOptional(value ?? null) }] },
  {
    name: 'optional.ofNonZeroValue',
    overloads: [{ id: 'optional_ofNonZeroValue', params: [v], result: optional, call: (value) => (isZero(value ?? null) ? noneOptional : new CelOptional(value ?? null)) }],
  },
  { name: 'optional.none', overloads: [{ id: 'optional_none', params: [], result: optional, call: () => noneOptional }] },
  {
    name: 'value',
    overloads: [{ id: 'optional_value', params: [optional], result: v, member: true, call: ofOptional(({ value }) => (value === undefined ? new CelError('optional.none() dereference') : value)) }],
  },
  { name: 'hasValue', overloads: [{ id: 'optional_hasValue', params: [optional], result: boolType, member: true, call: ofOptional(({ value }) => value !== undefined) }] },
  { name: 'or', overloads: [{ id: 'optional_or_optional', params: [optional, optional], result: optional, member: true }] },
  { name: 'orValue', overloads: [{ id: 'optional_orValue_value', params: [optional, v], result: v, member: true }] },
  { name: '_?._', overloads: [{ id: 'select_optional_field', params: [dynType, stringType], result: optional }] },
  {
    name: '_[?_]',
    overloads: [
      { id: 'list_optindex_optional_int', params: [list, intType], result: optional },
      { id: 'optional_list_optindex_optional_int', params: [optionalType(list), intType], result: optional },
      { id: 'map_optindex_optional_value', params: [map, k], result: optional },
      { id: 'optional_map_optindex_optional_value', params: [optionalType(map), k], result: optional },
    ],
  },
  {
    name: '_[_]',
    overloads: [
      { id: 'optional_list_index_int', params: [optionalType(list), intType], result: optional },
      { id: 'optional_map_index_value', params: [optionalType(map), k], result: optional },
    ],
  },
  { name: 'last', overloads: [{ id: 'list_last', params: [list], result: optional, member: true, call: last }] },
  { name: 'first', overloads: [{ id: 'list_first', params: [list], result: optional, member: true, call: first }] },
  { name: 'optional.unwrap', overloads: [{ id: 'optional_unwrap', params: [optionals], result: list, call: unwrap }] },
  { name: 'unwrapOpt', overloads: [{ id: 'optional_unwrapOpt', params: [optionals], result: list, member: true, call: unwrap }] },
];
