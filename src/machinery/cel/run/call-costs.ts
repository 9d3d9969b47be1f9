// What calls cost at run time: an overload's own answer, then the program's, then the language's table by overload.
// The table's factors are cel-go's; everything it does not name costs one.
import type { ActualCost, Overload } from '../contract.ts';
import { CelOptional, isError, type CelResult } from '../types/values.ts';
import { actualSize } from './sizes.ts';

const stringTraversal = 0.1;
const regexLength = 0.25;

export type CallCost = (args: readonly CelResult[], result: CelResult) => number;

function traversal(size: number): number {
  return Math.ceil(size * stringTraversal);
}

function size(args: readonly CelResult[], i: number): number {
  const arg = args[i];
  return arg === undefined ? 1 : actualSize(arg);
}

const ofFirst: CallCost = (args) => traversal(size(args, 0));
const ofSmaller: CallCost = (args) => traversal(Math.min(size(args, 0), size(args, 1)));
const ofBoth: CallCost = (args) => traversal(size(args, 0) + size(args, 1));
const one: CallCost = () => 1;

const byOverload = new Map<string, CallCost>([
  ...['starts_with_string', 'ends_with_string', 'string_to_bytes', 'bytes_to_string', 'strings_quote', 'string_format'].map((id): [string, CallCost] => [id, ofFirst]),
  ['in_list', (args) => size(args, 1)],
  ...['less', 'less_equals', 'greater', 'greater_equals'].flatMap((order): [string, CallCost][] => [[`${order}_string`, ofSmaller], [`${order}_bytes`, ofSmaller]]),
  ['add_string', ofBoth],
  ['add_bytes', ofBoth],
  ['matches_string', (args) => traversal(1 + size(args, 0)) * Math.ceil(size(args, 1) * regexLength)],
  ['contains_string', (args) => traversal(size(args, 0)) * traversal(size(args, 1))],
]);

/** How many units a call costs; undefined when that is always one. */
export function callCost(functionName: string, overloadId: string, overload: Overload | undefined, actual: ActualCost | undefined): CallCost | undefined {
  const standard = byOverload.get(overloadId);
  const own = overload?.actualCost;
  if (own === undefined && actual === undefined) return standard;
  const fallback = standard ?? one;
  return (args, result) => own?.(args, result) ?? actual?.(functionName, overloadId, args, result) ?? fallback(args, result);
}

/** Sizes of scalars, which never ask for more than one unit. */
function isScalar(value: CelResult): boolean {
  return (typeof value !== 'object' && typeof value !== 'string') || value === null || (value instanceof CelOptional && value.value === undefined);
}

/** == and != compare at most the smaller of two; an opaque value's own equality counts as one. */
export function equalityCost(functionName: '_==_' | '_!=_', left: CelResult, right: CelResult, result: CelResult, actual: ActualCost | undefined): number {
  if (actual !== undefined) {
    const cost = actual(functionName, functionName === '_==_' ? 'equals' : 'not_equals', [left, right], result);
    if (cost !== undefined) return cost;
  }
  if (isScalar(left) && isScalar(right)) return 1;
  if (functionName === '_==_' && typeof left === 'object' && left !== null && !isError(left) && left.is === 'opaque') return 1;
  return traversal(Math.min(actualSize(left), actualSize(right)));
}
