// The shapes of cost that library functions have: one unit, or the traversal of a text. Each is a pair, what the
// static estimate says and what a call really costs, as upstream's library/cost.go; the estimates decide which
// rules a CustomResourceDefinition may contain and must therefore never change.
import type { ActualCost, CelResult, CostEstimator, CostNode, Estimate, Overload } from '../contract.ts';
import { oneUnit, regexLengthFactor, scaled, stringTraversalFactor, unknownSize } from '../cost/estimate.ts';
import { actualSize as sizeOf } from '../run/sizes.ts';

export type Costs = Required<Pick<Overload, 'estimateCost' | 'actualCost'>>;

/** What a schema or the expression says about a size. */
export function estimatedSize(estimator: CostEstimator, node: CostNode): Estimate {
  return node.computedSize ?? estimator.estimateSize(node) ?? unknownSize;
}

/** size(), and 1 for what has none. */
export function actualSize(value: CelResult | undefined): number {
  return value === undefined ? 1 : sizeOf(value);
}

export const traversalCost = (size: number, factor = 1): number => Math.ceil(size * factor * stringTraversalFactor);

/** Accessors and checks of constant time. */
export const unit: Costs = { estimateCost: () => ({ cost: oneUnit }), actualCost: () => 1 };

/**
 * `factor` traversals of the receiver of a method or of the first argument of a function; `keepsSize` when the
 * result is about as long.
 */
export function traversal({ factor = 1, keepsSize = false }: { readonly factor?: number; readonly keepsSize?: boolean } = {}): Costs {
  return {
    estimateCost(estimator, target, args) {
      const node = target ?? args[0];
      if (node === undefined) return undefined;
      const size = estimatedSize(estimator, node);
      const cost = scaled(size, factor * stringTraversalFactor);
      return keepsSize ? { cost, resultSize: size } : { cost };
    },
    actualCost: ([first]) => Math.ceil(actualSize(first) * factor * stringTraversalFactor),
  };
}

/** A pattern applied to a text: their lengths multiplied. */
export function patternCost(textSize: number, patternSize: number): number {
  return Math.ceil((1 + textSize) * stringTraversalFactor) * Math.ceil(patternSize * regexLengthFactor);
}

const cheapEquality = new Set([
  'kubernetes.Quantity', 'net.IP', 'net.CIDR', 'kubernetes.NamedFormat', 'kubernetes.URL', 'kubernetes.Semver',
  'kubernetes.authorization.Authorizer', 'kubernetes.authorization.PathCheck', 'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck', 'kubernetes.authorization.Decision',
]);

/** Comparing values of the libraries' own types costs one unit. */
export const equalityCost: ActualCost = (functionName, _, [left]) =>
  functionName === '_==_' && typeof left === 'object' && left !== null && left.is === 'opaque' && cheapEquality.has(left.type.name) ? 1 : undefined;

const longestFormatName = 64;

/** The estimator of every Kubernetes environment: sizes from `sizes`, equality of the libraries' types by itself. */
export function kubernetesEstimator(sizes: Pick<CostEstimator, 'estimateSize'>): CostEstimator {
  return {
    estimateSize: (node) => sizes.estimateSize(node),
    estimateCall(functionName, _, __, args) {
      const [left, right] = args;
      if (functionName !== '_==_' || left === undefined || right === undefined || left.type.name !== right.type.name || !cheapEquality.has(left.type.name)) return undefined;
      if (left.type.name === 'kubernetes.NamedFormat') return { cost: scaled({ min: 1, max: longestFormatName }, stringTraversalFactor) };
      // URLs are compared as texts; only the right one's size has ever counted.
      if (left.type.name === 'kubernetes.URL') return { cost: scaled({ min: 1, max: right.computedSize?.max ?? 1 }, stringTraversalFactor) };
      return { cost: oneUnit };
    },
  };
}
