// How long a text can be after replace(): the static cost of what is done with the result depends on it.
import type { Estimate } from '../contract.ts';
import { plus, times, unbounded } from '../cost/estimate.ts';

/** The range of sizes when `old` is replaced by `by` in a text, each known by its own range. */
export function replaceSize(text: Estimate, old: Estimate, by: Estimate): Estimate {
  const longest = longestCase(text.max, old.min, by.max);
  const shortest = shortestCase(text.min, old.max, by.min);
  const count = { min: shortest.count, max: longest.count };
  return plus(times(count, by), { min: shortest.kept, max: longest.kept });
}

interface Case {
  /** Replacements. */
  readonly count: number;
  /** What stays of the original text. */
  readonly kept: number;
}

/** An empty text occurs before, between and behind all characters. */
const everywhere = (size: number): Case => ({ count: size < unbounded ? size + 1 : size, kept: size });

function longestCase(size: number, shortestOld: number, longestBy: number): Case {
  if (shortestOld === 0) return everywhere(size);
  if (longestBy <= shortestOld) return { count: 0, kept: size };
  return { count: Math.ceil(size / shortestOld), kept: 0 };
}

function shortestCase(size: number, longestOld: number, shortestBy: number): Case {
  if (longestOld === 0) return everywhere(size);
  if (longestOld <= shortestBy) return { count: 0, kept: size };
  return { count: Math.ceil(size / longestOld), kept: 0 };
}

