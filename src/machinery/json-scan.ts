// One pass over a JSON text's bytes, before JSON.parse sees it: how deep it nests, how many members its
// objects have in all, how many values there are, whether a number is too long for a double. It is what lets the common request take
// the native parser and only the odd one the careful parser (json-parse.ts). And where a string or an object of valid JSON
// ends, for those who cut a known part out of a text.

export interface JsonScan {
  /** Deepest nesting met; the scan stops when it passes `maxDepth`. */
  readonly depth: number;
  /** Colons outside strings: the members of all objects, duplicates counted. */
  readonly members: number;
  /** Members and list items in all: what the text costs to work with. */
  readonly values: number;
  /** A digit run of 16 or more stands outside a string: it may not survive as a double. */
  readonly longNumber: boolean;
  /** A member's name is written with an escape. */
  readonly escapedKey: boolean;
  /** A member's name may have a backslash in it. */
  readonly backslashKey: boolean;
}

/** Scans in O(bytes), about a nanosecond each. The text need not be valid JSON. */
export function scanJson(bytes: Uint8Array, maxDepth: number): JsonScan {
  const end = bytes.length;
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let values = 0;
  let digits = 0;
  let longNumber = false;
  let escapedKey = false;
  let backslashKey = false;
  // Of the string that was met last.
  let escaped = false;
  let backslash = false;
  for (let i = 0; i < end; i++) {
    const c = bytes[i] as number;
    if (c === 0x22) {
      digits = 0;
      escaped = false;
      backslash = false;
      for (i++; i < end; i++) {
        const s = bytes[i] as number;
        if (s === 0x22) break;
        if (s === 0x5c) {
          escaped = true;
          const next = bytes[++i] as number;
          // As itself or by its number.
          if (next === 0x5c || next === 0x75) backslash = true;
        }
      }
    } else if (c <= 0x39 && c >= 0x30) {
      if (++digits === 16) longNumber = true;
    } else {
      digits = 0;
      if (c === 0x3a) {
        members++;
        if (escaped) escapedKey = true;
        if (backslash) backslashKey = true;
      }
      else if (c === 0x2c) values++;
      else if (c === 0x7b || c === 0x5b) {
        values++;
        if (++depth > deepest) {
          deepest = depth;
          if (depth > maxDepth) break;
        }
      } else if (c === 0x7d || c === 0x5d) depth--;
    }
  }
  return { depth: deepest, members, values, longNumber, escapedKey, backslashKey };
}

const quote = 0x22;
const backslash = 0x5c;

/** The position behind the string that begins at `at`; at `last` or beyond for one that does not end before it. */
export function behindString(bytes: Uint8Array, at: number, last: number): number {
  let i = at + 1;
  while (i < last && bytes[i] !== quote) i += bytes[i] === backslash ? 2 : 1;
  return i + 1;
}

/** The position behind the object that begins at `start`, in valid JSON; -1 for one that does not end before `last`. */
export function behindObject(bytes: Uint8Array, start: number, last: number): number {
  let depth = 0;
  let i = start;
  while (i < last) {
    const byte = bytes[i];
    if (byte === quote) {
      i = behindString(bytes, i, last);
      continue;
    }
    i++;
    if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth === 0) return i;
  }
  return -1;
}
