// Comprehensions that see index and value, or key and value: all, exists, existsOne, transformList, transformMap and
// transformMapEntry with two variables (cel-go's ext.TwoVarComprehensions, since 1.32).
import type { CelResult, Expr, FunctionDeclaration, Macro, MacroHelper } from '../contract.ts';
import { mapType, paramType } from '../types/types.ts';
import { CelError, type CelMap } from '../types/values.ts';
import { insertEntry } from '../run/map-insert.ts';
import { asAny, declare, of2, of3, type Reader } from './declare.ts';

const asMap: Reader<CelMap> = (value) => (typeof value === 'object' && value !== null && value.is === 'map' ? value : undefined);

function insertAll(target: CelMap, more: CelMap): CelResult {
  let map: CelMap = target;
  for (const key of more.keys()) {
    const value = more.find(key) ?? null;
    if (value instanceof CelError) return value;
    const inserted = insertEntry(map, key, value);
    if (inserted instanceof CelError) return inserted;
    map = inserted;
  }
  return map;
}

const [keyType, valueType] = [paramType('K'), paramType('V')];
const anyMap = mapType(keyType, valueType);

export const twoVariableFunctions: readonly FunctionDeclaration[] = [
  declare(
    'cel.@mapInsert',
    { id: '@mapInsert_map_key_value', params: [anyMap, keyType, valueType], result: anyMap, call: of3(asMap, asAny, asAny, insertEntry) },
    { id: '@mapInsert_map_map', params: [anyMap, anyMap], result: anyMap, call: of2(asMap, asMap, insertAll) },
  ),
];

type Parts = Parameters<MacroHelper['fold']>[0];

/** What a macro makes of the loop, given its expressions behind the variables. */
type Body = (helper: MacroHelper, accu: () => Expr, first: string, args: readonly Expr[]) => Pick<Parts, 'accuInit' | 'loopCondition' | 'loopStep' | 'result'> | undefined;

function macro(name: string, argCount: number, body: Body): Macro {
  return {
    name,
    member: true,
    argCount,
    expand(helper, target, [first, second, ...rest]) {
      if (target === undefined || first === undefined || second === undefined) return undefined;
      const [iterVar, iterVar2] = [nameOf(helper, first), nameOf(helper, second)];
      if (iterVar === iterVar2) helper.fail(`duplicate variable name: ${iterVar}`, second);
      for (const [variable, at] of [[iterVar, first], [iterVar2, second]] as const) {
        if (variable === helper.accuVar || variable === '__result__') helper.fail('iteration variable overwrites accumulator variable', at);
      }
      const parts = body(helper, () => helper.ident(helper.accuVar), iterVar, rest);
      return parts === undefined ? undefined : helper.fold({ iterRange: target, iterVar, iterVar2, accuVar: helper.accuVar, ...parts });
    },
  };
}

function nameOf(helper: MacroHelper, at: Expr): string {
  return at.kind === 'ident' ? at.name : helper.fail('argument must be a simple name', at);
}

const all: Body = (helper, accu, _, [predicate]) => predicate && {
  accuInit: helper.literal(true), loopCondition: helper.call('@not_strictly_false', accu()), loopStep: helper.call('_&&_', accu(), predicate), result: accu(),
};

const exists: Body = (helper, accu, _, [predicate]) => predicate && {
  accuInit: helper.literal(false), loopCondition: helper.call('@not_strictly_false', helper.call('!_', accu())), loopStep: helper.call('_||_', accu(), predicate), result: accu(),
};

const existsOne: Body = (helper, accu, _, [predicate]) => predicate && {
  accuInit: helper.literal(0n), loopCondition: helper.literal(true),
  loopStep: helper.call('_?_:_', predicate, helper.call('_+_', accu(), helper.literal(1n)), accu()), result: helper.call('_==_', accu(), helper.literal(1n)),
};

/** Collects into a list or map what `step` makes of the last expression, of those that pass the one before it. */
function collecting(empty: (helper: MacroHelper) => Expr, step: (helper: MacroHelper, accu: Expr, first: string, transform: Expr) => Expr): Body {
  return (helper, accu, first, args) => {
    const transform = args.at(-1);
    if (transform === undefined) return undefined;
    const [filter] = args.length === 2 ? args : [];
    const taken = step(helper, accu(), first, transform);
    return {
      accuInit: empty(helper), loopCondition: helper.literal(true), loopStep: filter === undefined ? taken : helper.call('_?_:_', filter, taken, accu()), result: accu(),
    };
  };
}

const transformList = collecting((helper) => helper.list(), (helper, accu, _, transform) => helper.call('_+_', accu, helper.list(transform)));
const transformMap = collecting((helper) => helper.map(), (helper, accu, first, transform) => helper.call('cel.@mapInsert', accu, helper.ident(first), transform));
const transformMapEntry = collecting((helper) => helper.map(), (helper, accu, _, transform) => helper.call('cel.@mapInsert', accu, transform));

export const twoVariableMacros: readonly Macro[] = [
  macro('all', 3, all),
  macro('exists', 3, exists),
  macro('existsOne', 3, existsOne),
  macro('exists_one', 3, existsOne),
  macro('transformList', 3, transformList),
  macro('transformList', 4, transformList),
  macro('transformMap', 3, transformMap),
  macro('transformMap', 4, transformMap),
  macro('transformMapEntry', 3, transformMapEntry),
  macro('transformMapEntry', 4, transformMapEntry),
];
