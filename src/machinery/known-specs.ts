// Bodies whose spec came before, byte by byte: who makes objects from a template sends the same text with other names.
// What such a text was read to is known, so that only what stands around it is read. Found by comparing bytes where
// the last ones ended; that it is the object's spec which stands there is told by the text before it.
import { behindObject, behindString } from './json-scan.ts';
import type { JsonObject } from './patch/json-tree.ts';
import { RecentSlots } from './recent-slots.ts';

/** A body in two: its spec, which is known, and the text with null in its place. */
export interface SplitBody {
  readonly rest: Buffer;
  /** What the spec was kept as: not the caller's to change. */
  readonly spec: JsonObject;
}

export interface KnownSpecs {
  split(bytes: Uint8Array, type: string): SplitBody | undefined;
  /** Keeps what the spec of a body without faults was read to; nobody may change it any more. */
  keep(bytes: Uint8Array, type: string, spec: JsonObject): void;
}

interface Slot {
  readonly type: string;
  readonly text: Buffer;
  /** Bytes behind it. */
  readonly behind: number;
  readonly spec: JsonObject;
}

const largest = 32 * 1024;
const nothing = Buffer.from('null');

export function knownSpecs(): KnownSpecs {
  const slots = new RecentSlots(isSpecOf);
  return {
    split(bytes, type) {
      const slot = slots.find(bytes, type);
      if (slot === undefined) return undefined;
      const end = bytes.length - slot.behind;
      return { rest: Buffer.concat([bytes.subarray(0, end - slot.text.length), nothing, bytes.subarray(end)]), spec: slot.spec };
    },
    keep(bytes, type, spec) {
      if (bytes.length > largest || !slots.isWorthKeeping()) return;
      const span = spanOfSpec(bytes);
      if (span !== undefined) slots.keep({ type, text: Buffer.from(bytes.subarray(span.start, span.end)), behind: bytes.length - span.end, spec });
    },
  };
}

function isSpecOf(slot: Slot, bytes: Uint8Array, type: string): boolean {
  if (slot.type !== type) return false;
  const end = bytes.length - slot.behind;
  const start = end - slot.text.length;
  return start >= 1 && slot.text.compare(bytes, start, end) === 0 && isValueOfSpec(bytes, start);
}

const quote = 0x22;
const colon = 0x3a;
const name = Buffer.from('"spec"');

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const opens = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b;
const closes = (byte: number | undefined): boolean => byte === 0x7d || byte === 0x5d;

/** Does the outermost object's member "spec" have its value at `start`? Of valid JSON; what is none fails when the rest is read. */
function isValueOfSpec(bytes: Uint8Array, start: number): boolean {
  let depth = 0;
  let lastString = -1;
  let colonAfter = -1;
  let i = 0;
  while (i < start) {
    const byte = bytes[i];
    if (byte === quote) {
      lastString = i;
      i = behindString(bytes, i, bytes.length);
      continue;
    }
    if (byte === colon) colonAfter = i;
    else if (opens(byte)) depth++;
    else if (closes(byte)) depth--;
    i++;
  }
  // The text before it ends within a string, or somewhere else in the object.
  if (i !== start || depth !== 1 || colonAfter < lastString || !isSpecAt(bytes, lastString)) return false;
  return areSpaces(bytes, lastString + name.length, colonAfter) && areSpaces(bytes, colonAfter + 1, start);
}

function isSpecAt(bytes: Uint8Array, at: number): boolean {
  return at >= 0 && name.compare(bytes, at, at + name.length) === 0;
}

function areSpaces(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isSpace(bytes[i])) return false;
  return true;
}

/** Where the outermost object's spec is an object: from its brace to behind the other. Of valid JSON. */
function spanOfSpec(bytes: Uint8Array): { readonly start: number; readonly end: number } | undefined {
  let depth = 0;
  let lastString = -1;
  let i = 0;
  while (i < bytes.length) {
    const byte = bytes[i];
    if (byte === quote) {
      lastString = i;
      i = behindString(bytes, i, bytes.length);
      continue;
    }
    if (opens(byte)) {
      if (++depth === 2 && byte === 0x7b && isSpecAt(bytes, lastString) && isValueOfSpec(bytes, i)) {
        const end = behindObject(bytes, i, bytes.length);
        return end < 0 ? undefined : { start: i, end };
      }
    } else if (closes(byte)) depth--;
    i++;
  }
  return undefined;
}
