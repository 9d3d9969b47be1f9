// Arithmetic on ranges of sizes and costs. Everything saturates at 2^64, as cel-go's does at the largest uint64: an
// unbounded list within an unbounded list is just as unaffordable.
import type { Estimate } from '../contract.ts';

export const unbounded = 2 ** 64;

/** Cost units per character when a text is traversed once. */
export const stringTraversalFactor = 0.1;
/** Cost units per character of a pattern that is applied to a text of unit cost. */
export const regexLengthFactor = 0.25;
export const listCreateCost = 10;
export const mapCreateCost = 30;
export const structCreateCost = 40;

export const unknownSize: Estimate = { min: 0, max: unbounded };
export const noCost: Estimate = { min: 0, max: 0 };
export const oneUnit: Estimate = { min: 1, max: 1 };

export function fixed(size: number): Estimate {
  return { min: size, max: size };
}

export function plus(a: Estimate, b: Estimate): Estimate {
  return { min: saturated(a.min + b.min), max: saturated(a.max + b.max) };
}

export function sum(estimates: readonly Estimate[]): Estimate {
  return estimates.reduce(plus, noCost);
}

export function times(a: Estimate, b: Estimate): Estimate {
  return { min: saturated(a.min * b.min), max: saturated(a.max * b.max) };
}

/** Rounded up. */
export function scaled(a: Estimate, factor: number): Estimate {
  return { min: saturated(Math.ceil(a.min * factor)), max: saturated(Math.ceil(a.max * factor)) };
}

/** The range that covers both. */
export function union(a: Estimate, b: Estimate): Estimate {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

function saturated(value: number): number {
  return value > unbounded ? unbounded : value;
}
