// Lists of indexes as Jobs write them ("0-4,7"): increasing, below the number of completions.
import { goQuote } from '../../field-errors.ts';

type Interval = readonly [from: number, to: number];

class IndexesError extends Error {}

function parseNumber(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text)) throw new IndexesError(`cannot convert string to integer for index: ${goQuote(text)}`);
  const value = Number(text);
  if (value >= completions) throw new IndexesError(`too large index: ${goQuote(text)}`);
  return value;
}

function parseInterval(text: string, completions: number): Interval {
  const parts = text.split('-');
  if (parts.length > 2) {
    throw new IndexesError(`the fragment ${goQuote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`);
  }
  const from = parseNumber(parts[0] ?? '', completions);
  if (parts.length === 1) return [from, from];
  const to = parseNumber(parts[1] ?? '', completions);
  if (from >= to) throw new IndexesError(`non-increasing order, previous: ${from}, current: ${to}`);
  return [from, to];
}

/** The intervals of a list that `indexesError` finds right. */
export function parseIndexes(text: string, completions: number): Interval[] {
  if (text === '') return [];
  const out: Interval[] = [];
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    const last = out.at(-1);
    if (last !== undefined && last[1] >= interval[0]) throw new IndexesError(`non-increasing order, previous: ${last[1]}, current: ${interval[0]}`);
    out.push(interval);
  }
  return out;
}

/** The intervals, or what is wrong with the list. */
function intervalsOrError(text: string, completions: number): Interval[] | IndexesError {
  try {
    return parseIndexes(text, completions);
  } catch (error) {
    if (error instanceof IndexesError) return error;
    throw error;
  }
}

/** What is wrong with a list; undefined when nothing is. */
export function indexesError(text: string, completions: number): string | undefined {
  const intervals = intervalsOrError(text, completions);
  return intervals instanceof IndexesError ? intervals.message : undefined;
}

/** The first index that both lists hold. */
export function firstOverlap(left: string, right: string, completions: number): number | undefined {
  const ours = intervalsOrError(left, completions);
  const others = intervalsOrError(right, completions);
  if (ours instanceof IndexesError || others instanceof IndexesError) return undefined;
  // Both increase, so that what ends before one interval ends before the next as well.
  let at = 0;
  for (const [from, to] of ours) {
    while ((others[at]?.[1] ?? Infinity) < from) at++;
    const hit = others[at];
    if (hit !== undefined && hit[0] <= to) return Math.max(from, hit[0]);
  }
  return undefined;
}
