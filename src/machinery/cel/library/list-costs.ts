// What library functions on lists cost: every element is looked at once, texts within it from end to end; sorting and
// comparing all with all is quadratic.
import type { CallEstimate, CelResult, CostNode, Estimate } from '../contract.ts';
import { listCreateCost, oneUnit, plus, scaled, stringTraversalFactor, times, fixed } from '../cost/estimate.ts';
import { CelBytes, CelError, type CelList } from '../types/values.ts';
import { estimatedSize, type Costs } from './costs.ts';

/** Any element of the list, for asking a schema about it. */
export function elementNode(list: CostNode): CostNode | undefined {
  const [type] = list.type.params;
  if (type === undefined) return undefined;
  return { path: list.path.length === 0 ? [] : [...list.path, '@items'], type, expr: list.expr, computedSize: undefined };
}

/** indexOf, sum, isSorted…: one look at each element of a list, or one traversal of a text. */
export const indexCosts: Costs = {
  estimateCost(estimator, target) {
    if (target === undefined) return undefined;
    const size = estimatedSize(estimator, target);
    const element = elementNode(target);
    if (element === undefined) return { cost: scaled(size, stringTraversalFactor) };
    if (element.type.kind !== 'string' && element.type.kind !== 'bytes') return { cost: size };
    return { cost: times(size, plus(oneUnit, scaled(estimatedSize(estimator, element), stringTraversalFactor))) };
  },
  actualCost: ([list]) => (list === undefined ? 0 : traversed(list)),
};

/** A value walked as a tree: its texts by their bytes, everything else one unit. */
function traversed(value: CelResult): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * stringTraversalFactor);
  if (typeof value !== 'object' || value === null || value instanceof CelError) return 1;
  if (value instanceof CelBytes) return Math.floor(value.value.length * stringTraversalFactor);
  let cost = 0;
  if (value.is === 'list') {
    for (let i = 0; i < value.size; i++) cost += traversed(value.at(i));
    return cost;
  }
  if (value.is !== 'map') return 1;
  for (const key of value.keys()) cost += traversed(key) + traversed(value.find(key) ?? null);
  return cost;
}

/** A call that makes a list of this size, with `factor` units per element. */
export function allocating(factor: number, size: Estimate): CallEstimate {
  return { cost: plus(scaled(size, factor), fixed(1 + listCreateCost)), resultSize: size };
}

export function allocatingCost(factor: number, size: number): number {
  return Math.trunc(size * factor) + 1 + listCreateCost;
}

/** All elements compared with all. */
export function selfComparisonCost(list: CelList): number {
  const first = list.size === 0 ? undefined : list.at(0);
  const isText = typeof first === 'string' || (typeof first === 'object' && first instanceof CelBytes);
  return allocatingCost(isText ? 2 + stringTraversalFactor : 2, list.size * list.size);
}
