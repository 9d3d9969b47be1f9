// More functions on lists: slice, flatten, sort, sortBy, range, reverse, distinct (cel-go's ext.lists version 3, since
// 1.34).
import type { CelResult, CelValue, CostNode, Expr, FunctionDeclaration, Macro, MacroHelper } from '../contract.ts';
import { fixed, stringTraversalFactor, times, unbounded } from '../cost/estimate.ts';
import { compareValues } from '../run/compare.ts';
import { equalValues } from '../run/equality.ts';
import { boolType, bytesType, doubleType, durationType, dynType, intType, listType, paramType, stringType, timestampType, uintType } from '../types/types.ts';
import { typeOf } from '../types/type-of.ts';
import type { CelList } from '../types/values.ts';
import { actualSize, estimatedSize, type Costs } from './costs.ts';
import { asInt, asList, declare, elements, listOf, of1, of2, of3 } from './declare.ts';
import { allocating, allocatingCost, selfComparisonCost } from './list-costs.ts';

const anyList = listType(paramType('T'));
const comparable = [intType, uintType, doubleType, boolType, durationType, timestampType, stringType, bytesType];

function slice(list: CelList, start: bigint, end: bigint): CelList {
  if (start < 0n || end < 0n) throw new Error(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) throw new Error(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (BigInt(list.size) < end) throw new Error(`cannot slice(${start}, ${end}), list is length ${list.size}`);
  return listOf(elements(list).slice(Number(start), Number(end)));
}

function flatten(list: CelList, depth: bigint): CelValue[] {
  if (depth < 0n) throw new Error('level must be non-negative');
  return elements(list).flatMap((value) => {
    const inner = depth === 0n ? undefined : asList(value);
    return inner === undefined ? [value] : flatten(inner, depth - 1n);
  });
}

/** A list in the order of its keys. */
function sortByKeys(list: CelList, keyList: CelList): CelList {
  if (list.size !== keyList.size) {
    throw new Error(`@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.size} and ${keyList.size} elements respectively`);
  }
  if (list.size === 0) return list;
  const [values, keys] = [elements(list), elements(keyList)];
  const [first] = keys;
  if (first === undefined || compareValues(first, first) !== 0) throw new Error('list elements must be comparable');
  if (keys.length > 1 && keys.some((key) => typeOf(key).name !== typeOf(first).name)) throw new Error('list elements must have the same type');
  const order = keys.map((key, index) => ({ key, index })).sort((a, b) => {
    const sign = compareValues(a.key, b.key);
    return typeof sign === 'number' ? sign : 0;
  });
  return listOf(order.map(({ index }) => values[index] ?? null));
}

/** 0 … n-1, made as it is read: a range nobody can afford to walk takes no memory either. */
function range(count: bigint): CelList {
  return { is: 'list', size: count < 0n ? 0 : Number(count), at: (index) => BigInt(index) };
}

function distinct(list: CelList): CelList {
  const kept: CelValue[] = [];
  for (const value of elements(list)) if (!kept.some((other) => equalValues(value, other) === true)) kept.push(value);
  return listOf(kept);
}

const made = (call: (list: CelList) => CelResult) => of1(asList, call);

function literalInt(node: CostNode | undefined, otherwise: number): number {
  if (node?.expr.kind !== 'literal' || typeof node.expr.value !== 'bigint') return otherwise;
  return node.expr.value < 0n ? 0 : Number(node.expr.value);
}

const bySize: Costs = {
  estimateCost: (estimator, target) => (target === undefined ? undefined : allocating(1, estimatedSize(estimator, target))),
  actualCost: (_, result) => allocatingCost(1, actualSize(result)),
};

const slicing: Costs = {
  ...bySize,
  estimateCost(estimator, target, [from, to]) {
    if (target === undefined) return undefined;
    const length = literalInt(to, estimatedSize(estimator, target).max) - literalInt(from, 0);
    // A range the wrong way round counts as endless.
    return allocating(1, fixed(length < 0 ? unbounded : length));
  },
};

const ranging: Costs = { ...bySize, estimateCost: (_, __, [count]) => allocating(1, fixed(literalInt(count, unbounded))) };

const flattening: Costs = {
  estimateCost(estimator, target, [depth]) {
    return target === undefined ? undefined : allocating(depth === undefined ? 1 : literalInt(depth, unbounded), estimatedSize(estimator, target));
  },
  actualCost: ([list, depth]) => allocatingCost(typeof depth === 'bigint' ? Number(depth) : 1, actualSize(list)),
};

function quadratic(factor: number, which: (target: CostNode, args: readonly CostNode[]) => CostNode | undefined, position = 0): Costs {
  return {
    estimateCost(estimator, target, args) {
      const node = target === undefined ? undefined : which(target, args);
      if (node === undefined) return undefined;
      const size = estimatedSize(estimator, node);
      return allocating(factor, times(size, size));
    },
    actualCost(args) {
      const list = args[position];
      return typeof list === 'object' && list !== null && list.is === 'list' ? selfComparisonCost(list) : undefined;
    },
  };
}

const sortFactor = (kind: string): number => (kind === 'string' || kind === 'bytes' ? 2 + stringTraversalFactor : 2);

export const listFunctionsLibrary: readonly FunctionDeclaration[] = [
  declare('slice', { id: 'list_slice', params: [anyList, intType, intType], result: anyList, member: true, call: of3(asList, asInt, asInt, slice), ...slicing }),
  declare(
    'flatten',
    { id: 'list_flatten', params: [listType(anyList)], result: anyList, member: true, call: made((list) => listOf(flatten(list, 1n))), ...flattening },
    { id: 'list_flatten_int', params: [listType(dynType), intType], result: listType(dynType), member: true, call: of2(asList, asInt, (list, depth) => listOf(flatten(list, depth))), ...flattening },
  ),
  declare('sort', ...comparable.map((type) => ({
    id: `list_${type.name}_sort`, params: [listType(type)], result: listType(type), member: true, call: made((list) => sortByKeys(list, list)),
    ...quadratic(sortFactor(type.kind), (target) => target),
  }))),
  declare('@sortByAssociatedKeys', ...comparable.map((type) => ({
    id: `list_${type.name}_sortByAssociatedKeys`, params: [anyList, listType(type)], result: anyList, member: true, call: of2(asList, asList, sortByKeys),
    ...quadratic(sortFactor(type.kind), (_, args) => args[0], 1),
  }))),
  declare('lists.range', { id: 'lists_range', params: [intType], result: listType(intType), call: of1(asInt, range), ...ranging }),
  declare('reverse', { id: 'list_reverse', params: [anyList], result: anyList, member: true, call: made((list) => listOf(elements(list).reverse())), ...bySize }),
  declare('distinct', { id: 'list_distinct', params: [anyList], result: anyList, member: true, call: made(distinct), ...quadratic(2, (target) => target) }),
];

const sortInput = '@__sortBy_input__';

/** list.sortBy(x, key): binds the list, maps it to keys, sorts by them. */
function expandSortBy(helper: MacroHelper, target: Expr | undefined, [variable, key]: readonly Expr[]): Expr | undefined {
  if (target === undefined || variable === undefined || key === undefined) return undefined;
  if (target.kind === 'literal' || target.kind === 'map' || target.kind === 'struct') {
    helper.fail('sortBy can only be applied to a list, identifier, comprehension, call or select expression', target);
  }
  if (variable.kind !== 'ident') helper.fail('argument is not an identifier', variable);
  if (variable.name === helper.accuVar || variable.name === '__result__') helper.fail('iteration variable overwrites accumulator variable', variable);
  const input = helper.ident(sortInput);
  const keys = helper.fold({
    iterRange: helper.ident(sortInput), iterVar: variable.name, accuVar: helper.accuVar, accuInit: helper.list(), loopCondition: helper.literal(true),
    loopStep: helper.call('_+_', helper.ident(helper.accuVar), helper.list(key)), result: helper.ident(helper.accuVar),
  });
  const result = helper.member('@sortByAssociatedKeys', helper.ident(sortInput), keys);
  return helper.fold({ iterRange: helper.list(), iterVar: '#unused', accuVar: sortInput, accuInit: target, loopCondition: helper.literal(false), loopStep: input, result });
}

export const listFunctionsMacros: readonly Macro[] = [{ name: 'sortBy', member: true, argCount: 2, expand: expandSortBy }];
