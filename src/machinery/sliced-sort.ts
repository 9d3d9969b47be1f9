// Sorts of hundreds of thousands of items, with pauses: what V8 sorts in one go takes a quarter of a second there. Runs
// of some thousands are sorted by V8 and merged in pairs; equal items stay in their order, as `sort` leaves them.
import { isDue, type Pace, type Sliced } from './slices.ts';

/** What V8 sorts within some milliseconds. */
export const sortedAtOnce = 8192;

export type Compare<T> = (a: T, b: T) => number;

/** The order of `sort` without a function. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The items in order: the very array where it is short, which is sorted in place. */
export function* sorting<T extends string | object>(items: T[], compare: Compare<T>): Sliced<T[]> {
  if (items.length <= sortedAtOnce) return items.sort(compare);
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += sortedAtOnce) {
    runs.push(items.slice(at, at + sortedAtOnce).sort(compare));
    yield;
  }
  const pace: Pace = { spent: 0 };
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* merging(runs[i] ?? [], runs[i + 1] ?? [], compare, pace));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merging<T extends string | object>(left: readonly T[], right: readonly T[], compare: Compare<T>, pace: Pace): Sliced<T[]> {
  const out: T[] = [];
  let [l, r] = [0, 0];
  for (;;) {
    const a = left[l];
    const b = right[r];
    if (a !== undefined && (b === undefined || compare(a, b) <= 0)) {
      out.push(a);
      l++;
    } else if (b !== undefined) {
      out.push(b);
      r++;
    } else return out;
    if (isDue(pace)) yield;
  }
}
