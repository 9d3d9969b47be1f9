// What the language's own functions are estimated to cost when neither the overload nor the estimator of the
// environment says so, after cel-go's checker: traversals are linear in sizes, everything else is one unit.
import type { CallEstimate, CostNode, Estimate } from '../contract.ts';
import { oneUnit, plus, regexLengthFactor, scaled, stringTraversalFactor, times, union, unknownSize } from './estimate.ts';

/** The call without its arguments' costs; undefined: one unit. */
export type StandardCost = (target: CostNode | undefined, args: readonly CostNode[]) => CallEstimate | undefined;

const sizeOf = (node: CostNode | undefined): Estimate => node?.computedSize ?? unknownSize;
const traversal = (size: Estimate): Estimate => scaled(size, stringTraversalFactor);

const affix: StandardCost = (_, [affixNode]) => (affixNode === undefined ? undefined : { cost: traversal(sizeOf(affixNode)) });

/** At most the shorter operand is looked at. */
const comparison: StandardCost = (_, args) => {
  const smallest = Math.min(sizeOf(args[0]).max, sizeOf(args[1]).max);
  return { cost: traversal({ min: smallest > 0 ? 1 : 0, max: smallest }) };
};

const concatenation: StandardCost = (_, args) => {
  if (args.length !== 2) return undefined;
  const size = plus(sizeOf(args[0]), sizeOf(args[1]));
  return { cost: traversal(size), resultSize: size };
};

const matches: StandardCost = (target, [pattern]) => {
  if (target === undefined || pattern === undefined) return undefined;
  // One more than the text, so that an empty text does not make an expensive pattern free.
  return { cost: times(traversal(plus(sizeOf(target), oneUnit)), scaled(sizeOf(pattern), regexLengthFactor)) };
};

const contains: StandardCost = (target, [part]) =>
  target === undefined || part === undefined ? undefined : { cost: times(traversal(sizeOf(target)), traversal(sizeOf(part))) };

const comparisonIds = [
  'less_string', 'greater_string', 'less_equals_string', 'greater_equals_string',
  'less_bytes', 'greater_bytes', 'less_equals_bytes', 'greater_equals_bytes', 'equals', 'not_equals',
];

export const standardCosts: ReadonlyMap<string, StandardCost> = new Map<string, StandardCost>([
  ['string_format', (target) => (target === undefined ? undefined : { cost: traversal(sizeOf(target)) })],
  ['string_to_bytes', (_, args) => {
    const size = sizeOf(args[0]);
    return { cost: traversal(size), resultSize: { min: size.min, max: Math.min(size.max * 4, unknownSize.max) } };
  }],
  ['bytes_to_string', (_, args) => {
    const size = sizeOf(args[0]);
    return { cost: traversal(size), resultSize: { min: Math.floor(size.min / 4), max: size.max } };
  }],
  ['strings_quote', (_, args) => {
    const size = sizeOf(args[0]);
    // The bound wraps around for a text of unknown size, and what stored rules were admitted with must not change.
    return { cost: traversal(size), resultSize: { min: size.min + 2, max: (size.max * 2 + 2) % unknownSize.max } };
  }],
  ['starts_with_string', affix],
  ['ends_with_string', affix],
  ['in_list', (_, args) => (args.length === 2 ? { cost: sizeOf(args[1]) } : undefined)],
  ['matches_string', matches],
  ['contains_string', contains],
  ['add_string', concatenation],
  ['add_bytes', concatenation],
  ['add_list', (_, args) => (args.length === 2 ? { cost: oneUnit, resultSize: plus(sizeOf(args[0]), sizeOf(args[1])) } : undefined)],
  ...comparisonIds.map((id): [string, StandardCost] => [id, comparison]),
]);

/** The size of `condition ? a : b`. */
export function eitherSize(a: CostNode | undefined, b: CostNode | undefined): Estimate {
  return union(sizeOf(a), sizeOf(b));
}
