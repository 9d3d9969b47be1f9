// Sets of completion indexes as a Job's status writes them: "0-2,4,7,8". Ordered, disjoint intervals.

export interface Interval {
  readonly first: number;
  readonly last: number;
}

export type Intervals = readonly Interval[];

/** Reads the text, ignoring what is corrupt and what lies beyond `completions`. */
export function parseIntervals(text: string | undefined, completions: number): Intervals {
  const found: Interval[] = [];
  for (const part of (text ?? '').split(',')) {
    const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(part.trim());
    if (match === null) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    found.push({ first, last: Math.min(match[2] === undefined ? first : Number(match[2]), completions - 1) });
  }
  return merge(found, []);
}

/** The union of both. */
export function merge(a: Intervals, b: Intervals): Intervals {
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const previous = merged.at(-1);
    if (previous === undefined || first > previous.last + 1) merged.push({ first, last });
    else previous.last = Math.max(previous.last, last);
  }
  return merged;
}

export function withIndexes(intervals: Intervals, indexes: Iterable<number>): Intervals {
  return merge(intervals, [...indexes].map((index) => ({ first: index, last: index })));
}

export function count(intervals: Intervals): number {
  return intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function has(intervals: Intervals, index: number): boolean {
  return intervals.some(({ first, last }) => first <= index && index <= last);
}

/** How many indexes both have. */
export function overlap(a: Intervals, b: Intervals): number {
  let sum = 0;
  for (const x of a) for (const y of b) sum += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1);
  return sum;
}

export function formatIntervals(intervals: Intervals): string {
  return intervals.map(({ first, last }) => (last === first ? String(first) : `${first}${last === first + 1 ? ',' : '-'}${last}`)).join(',');
}

/** The first `wanted` indexes below `completions` that are not in `taken`. */
export function firstFree(taken: Intervals, wanted: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && free.length < wanted; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}
