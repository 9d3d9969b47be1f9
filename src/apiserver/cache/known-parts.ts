// Parts that many stored objects have in common, by their text: the sets of owned fields, half of a small object, and the
// specs of pods of one template. Where an object's bytes hold such a text, the part is the very value that was written
// then, and only the rest is parsed: less to parse and to keep, and the steps of a write know it by identity. Bounded.
import { behindObject, isObject, RecentSlots, type KubeObject } from '#machinery';

const mostKept = 256;
const longestText = 8 * 1024;

/** A text that was found in bytes. */
interface Found {
  readonly bytes: Buffer;
  readonly value: object;
}

/** Do the bytes go on with this text? A few of them tell most texts apart; comparing all is a call out of JavaScript. */
function goesOnWith({ bytes: text }: Found, bytes: Buffer, start: number): boolean {
  const { length } = text;
  const middle = length >> 1;
  if (bytes[start + length - 1] !== text[length - 1] || bytes[start + middle] !== text[middle]) return false;
  return text.compare(bytes, start, start + length) === 0;
}

/** Values by their JSON. What is kept is nobody's to change any more. */
export class KnownTexts {
  readonly #values = new Map<string, object>();
  readonly #found = new RecentSlots(goesOnWith, 16);

  /** Tells whether it is new, and could be kept. */
  lacks(text: string): boolean {
    return text.length <= longestText && !this.#values.has(text) && isAscii(text);
  }

  keep(text: string, value: object): void {
    if (this.#values.size >= mostKept) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
    this.#values.set(text, value);
  }

  get(text: string): object | undefined {
    return this.#values.get(text);
  }

  /** The object that begins at `start`, and the position behind it. */
  at(bytes: Buffer, start: number): { readonly value: object | undefined; readonly end: number } {
    // What was found lately is known without a look for its end, and without making a text of it.
    const again = this.#found.find(bytes, start);
    if (again !== undefined) return { value: again.value, end: start + again.bytes.length };
    // No known text is longer.
    const end = behindObject(bytes, start, Math.min(bytes.length, start + longestText));
    if (end < 0) return { value: undefined, end: start };
    const value = this.get(bytes.toString('latin1', start, end));
    if (value !== undefined && this.#found.isWorthKeeping()) this.#found.keep({ bytes: Buffer.from(bytes.subarray(start, end)), value });
    return { value, end };
  }
}

/** Such texts are the same in UTF-8 and byte by byte. */
function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

export const setsByText = new KnownTexts();
export const specsByText = new KnownTexts();

const setMark = Buffer.from('"fieldsV1":{');
const specMark = Buffer.from(',"spec":{');

/** A number in the place of each part that is known. */
class Cuts {
  readonly sets: object[] = [];
  spec: object | undefined;
  #text = '';
  #from = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The known value that begins there, which is cut out; and where to look further. */
  take(known: KnownTexts, start: number): { readonly value: object | undefined; readonly end: number } {
    const found = known.at(this.#bytes, start);
    if (found.value !== undefined) {
      this.#text += `${this.#bytes.toString('utf8', this.#from, start)}0`;
      this.#from = found.end;
    }
    return found;
  }

  rest(): string {
    return this.#text + this.#bytes.toString('utf8', this.#from);
  }
}

function cutsOf(bytes: Buffer): Cuts | undefined {
  let at = bytes.indexOf(setMark);
  if (at < 0) return undefined;
  const cuts = new Cuts(bytes);
  let behind = 0;
  for (; at >= 0; at = bytes.indexOf(setMark, behind)) {
    const { value, end } = cuts.take(setsByText, at + setMark.length - 1);
    if (value !== undefined) cuts.sets.push(value);
    behind = end;
  }
  at = bytes.indexOf(specMark, behind);
  if (at >= 0) cuts.spec = cuts.take(specsByText, at + specMark.length - 1).value;
  return cuts.sets.length === 0 && cuts.spec === undefined ? undefined : cuts;
}

/**
 * The object in bytes that this server wrote, with the parts that are known.
 * @param parse Parses what is left.
 * @returns undefined where nothing is known, or a text stands elsewhere than in its usual place.
 */
export function parseAroundKnown(bytes: Buffer, parse: (text: string) => unknown): KubeObject | undefined {
  const cuts = cutsOf(bytes);
  if (cuts === undefined) return undefined;
  const object = parse(cuts.rest()) as KubeObject;
  let filled = 0;
  const entries = object.metadata?.managedFields;
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!isObject(entry) || (entry.fieldsV1 as unknown) !== 0) continue;
    const set = cuts.sets[filled++];
    if (set === undefined) return undefined;
    entry.fieldsV1 = set;
  }
  if (filled !== cuts.sets.length) return undefined;
  if (cuts.spec === undefined) return object;
  if ((object['spec'] as unknown) !== 0) return undefined;
  object['spec'] = cuts.spec;
  return object;
}
