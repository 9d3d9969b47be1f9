// JSON in and out for every room. Reading takes the native parser whenever that is exact, and the careful one
// for deep, long-numbered or duplicate-ridden texts; writing is the native stringifier, which knows how a
// RawNumber prints. Keys such as `__proto__` and integers up to 2^63 survive a round trip byte-exact.
import { RawNumber } from './json-number.ts';
import { parsingCarefully, type ParsedJson } from './json-parse.ts';
import { isSuspect, mayMistakeKeys } from './json-keys.ts';
import { scanJson } from './json-scan.ts';
import { atOnce, type Sliced } from './slices.ts';

/** Go's own bound (encoding/json). */
export const maxJsonDepth = 10_000;

export interface ParseJsonOptions {
  /** Deeper nesting is refused. Default 10,000. */
  readonly maxDepth?: number;
  /** More members and list items are refused. Default: any number. */
  readonly maxValues?: number;
}

/** A text with more values than its reader takes. */
export class TooManyValuesError extends Error {
  override name = 'TooManyValuesError';
}

/**
 * Parses JSON and names duplicate members. Throws JsonSyntaxError with Go's text. A text nested too deep is
 * refused after the scan alone.
 */
export function parseJson(input: Uint8Array | string, options: ParseJsonOptions = {}): ParsedJson {
  return atOnce(parsingJson(input, options));
}

/** As parseJson, in slices. */
export function* parsingJson(input: Uint8Array | string, options: ParseJsonOptions = {}): Sliced<ParsedJson> {
  const maxDepth = options.maxDepth ?? maxJsonDepth;
  const { value, members, careful } = yield* parsingFast(input, maxDepth, options.maxValues);
  if (careful !== undefined) return careful;
  yield;
  if ((yield* countingMembers(value)) === members) return { value, duplicates: [] };
  yield;
  return yield* parsingCarefully(textOf(input), maxDepth);
}

export interface FastJson {
  readonly value: unknown;
  /** Members in the text; fewer in `value` means duplicates. */
  readonly members: number;
  /** Set when the careful parser had to run: then duplicates are known already. */
  readonly careful: ParsedJson | undefined;
}

/** As parseJson, but leaves the search for duplicates to a caller who walks the value anyway. */
export function* parsingFast(input: Uint8Array | string, maxDepth: number, maxValues = Infinity): Sliced<FastJson> {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const scan = scanJson(bytes, maxDepth);
  const { depth, members, values, longNumber } = scan;
  if (values > maxValues) throw new TooManyValuesError(`more than ${maxValues} values`);
  yield;
  const text = depth > maxDepth ? '' : textOf(input);
  if (depth <= maxDepth && !longNumber && !mayMistakeKeys(scan)) {
    try {
      return { value: JSON.parse(text) as unknown, members, careful: undefined };
    } catch {
      // The careful parser says what is wrong in Go's words.
    }
  }
  yield;
  const careful = yield* parsingCarefully(text === '' ? textOf(input) : text, maxDepth);
  return { value: careful.value, members, careful };
}

/** JSON.parse for texts that were written by a program: without a look for duplicates, depth and long numbers. Throws SyntaxError. */
export function parsePlain(text: string): unknown {
  return isSuspect(text) && mayMistakeKeys(scanJson(Buffer.from(text), maxJsonDepth)) ? atOnce(parsingCarefully(text, maxJsonDepth)).value : (JSON.parse(text) as unknown);
}

/** The members of all objects in a value, without recursion. */
export function countMembers(value: unknown): number {
  return atOnce(countingMembers(value));
}

const itemsPerSlice = 16_384;

/** As countMembers, in slices. */
export function* countingMembers(value: unknown): Sliced<number> {
  let count = 0;
  let looked = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null || next instanceof RawNumber) continue;
    const keys = Array.isArray(next) ? undefined : Object.keys(next);
    count += keys?.length ?? 0;
    const items: readonly unknown[] = Array.isArray(next) ? next : [];
    for (let i = 0; i < (keys ?? items).length; i++) {
      const item: unknown = keys === undefined ? items[i] : (next as Record<string, unknown>)[keys[i] ?? ''];
      if (typeof item === 'object' && item !== null) left.push(item);
      if (++looked % itemsPerSlice === 0) yield;
    }
  }
  return count;
}

function textOf(input: Uint8Array | string): string {
  if (typeof input === 'string') return input;
  return (input instanceof Buffer ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength)).toString('utf8');
}

/** The inverse of parseJson. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value);
}
