// HPACK's decoder (RFC 7541): header blocks of one connection into fields. Nearly every field of a request is an index
// into the dynamic table, whose strings all requests share; whether a field is allowed (RFC 9113, 8.2.1) is found when
// it arrives as bytes and remembered with its entry. Names are held to tokens and values to what Go's servers take:
// no control character but HTAB. Blanks around a value are let pass, as there.
import { decodeHuffman, huffmanRoom } from './huffman.ts';
import { HpackError, HpackExcess } from './hpack-error.ts';
import { entryOverhead, staticBytes, staticCount, staticNames, staticValues } from './static-table.ts';

export { HpackError } from './hpack-error.ts';

export interface FieldBlock {
  /** Names and values in turn, as sent: strings of one character per byte (latin1), like node's rawHeaders. */
  readonly fields: string[];
  /** RFC 9113 6.5.2: names + values + 32 each. Counted on beyond the limit; fields beyond it are not kept. */
  readonly listBytes: number;
  /** How many fields were not kept, because of either limit. */
  readonly dropped: number;
  /** Some name or value is not allowed by RFC 9113, 8.2.1; the table is in step all the same. */
  readonly malformed: boolean;
}

/** Integers have at most four bytes after the prefix: less than 2^28 beyond it. */
const lastShift = 21;
/** Both limits, so many times: a client that is mistaken is told so, one that goes on is not read to its end. */
const mostTimes = 4;
const leastFields = 1000;
const leastBytes = 256 << 10;
/** RFC 7541 4.2: the smallest size in between, then the last. */
const mostUpdates = 2;

const badInName = 1;
const badInValue = 2;
const byteFlaws = new Uint8Array(256).fill(badInName);
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) byteFlaws[byte] = 0;
byteFlaws.fill(badInName | badInValue, 0, 0x20);
byteFlaws[0x7f] = badInName | badInValue;
byteFlaws[0x09] = badInName;

/** Bytes of the string that is being read; shared, as nothing keeps them. */
let scratch: Buffer = Buffer.alloc(0);
const scratchBytes = 4096;
const largestKeptScratch = 65_536;

/** Arrays of each length: calling with one is the quickest way to a short string. */
const shortTexts: number[][] = Array.from({ length: 25 }, (_, length) => Array.from({ length }, () => 0));

function textOfScratch(length: number): string {
  const codes = shortTexts[length];
  if (codes === undefined) return scratch.toString('latin1', 0, length);
  for (let i = 0; i < length; i++) codes[i] = scratch[i] ?? 0;
  return String.fromCharCode(...codes);
}

function reserve(bytes: number): void {
  if (bytes <= scratch.length && (scratch.length <= largestKeptScratch || bytes > largestKeptScratch)) return;
  scratch = Buffer.allocUnsafeSlow(Math.max(scratchBytes, bytes));
}

function nameIsFlawed(length: number): boolean {
  let flaws = length === 0 ? badInName : 0;
  for (let i = scratch[0] === 0x3a ? 1 : 0; i < length; i++) flaws |= byteFlaws[scratch[i] ?? 0] ?? 0;
  return (flaws & badInName) !== 0;
}

function hasControl(length: number): boolean {
  let flaws = 0;
  for (let i = 0; i < length; i++) flaws |= byteFlaws[scratch[i] ?? 0] ?? 0;
  return (flaws & badInValue) !== 0;
}

/** Decodes the header blocks of one connection, in the order in which they arrive. */
export class HpackDecoder {
  readonly #announced: number;
  /** The dynamic table: a ring, of which `#newest` is the place of the entry with the lowest index. */
  readonly #names: string[];
  readonly #values: string[];
  /** Size of the entry, and its flaws in the last two bits. */
  readonly #sizes: Int32Array;
  readonly #mask: number;
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #most: number;
  // Of the string that was read last, and the place after it.
  #pos = 0;
  #length = 0;
  #flawed = false;

  /** `maxTableBytes` is what we announced as SETTINGS_HEADER_TABLE_SIZE. */
  constructor(maxTableBytes: number) {
    this.#announced = maxTableBytes;
    this.#most = maxTableBytes;
    let slots = 1;
    while (slots < maxTableBytes / entryOverhead) slots *= 2;
    this.#mask = slots - 1;
    this.#names = Array.from({ length: slots }, () => '');
    this.#values = Array.from({ length: slots }, () => '');
    this.#sizes = new Int32Array(slots);
  }

  /**
   * Decodes one complete header block, bytes[from, to). Fields beyond `mostListBytes` or `mostFields` are decoded, as the
   * dynamic table must stay in step, but not kept; several times as much is HpackExcess. Throws HpackError on what RFC
   * 7541 forbids.
   */
  decode(bytes: Uint8Array, from: number, to: number, mostListBytes: number, mostFields: number): FieldBlock {
    const fields: string[] = [];
    let listBytes = 0;
    let count = 0;
    let dropped = 0;
    let malformed = false;
    let updates = 0;
    this.#pos = from;
    while (this.#pos < to) {
      const first = bytes[this.#pos] ?? 0;
      let name: string;
      let value: string;
      let size: number;
      if (first >= 0x80) {
        const index = this.#index(bytes, to, 0x7f);
        if (index <= staticCount) {
          name = staticNames[index] ?? '';
          value = staticValues[index] ?? '';
          size = staticBytes[index] ?? 0;
        } else {
          const slot = this.#slot(index);
          name = this.#names[slot] ?? '';
          value = this.#values[slot] ?? '';
          const marked = this.#sizes[slot] ?? 0;
          size = marked >>> 2;
          malformed ||= (marked & 3) !== 0;
        }
      } else if (first >= 0x20 && first < 0x40) {
        if (count > 0 || ++updates > mostUpdates) throw new HpackError('dynamic table size update out of place');
        this.#resize(this.#integer(bytes, to, 0x1f));
        continue;
      } else {
        const indexed = first >= 0x40;
        const room = mostListBytes - listBytes;
        const wanted = indexed && room < this.#most ? this.#most : room;
        const named = first & (indexed ? 0x3f : 0x0f);
        let flaws = 0;
        if (named === 0) {
          this.#pos++;
          name = this.#string(bytes, to, true, wanted);
          size = this.#length;
          if (this.#flawed) flaws = badInName;
        } else {
          const index = this.#index(bytes, to, indexed ? 0x3f : 0x0f);
          if (index <= staticCount) name = staticNames[index] ?? '';
          else {
            const slot = this.#slot(index);
            name = this.#names[slot] ?? '';
            flaws = (this.#sizes[slot] ?? 0) & badInName;
          }
          size = name.length;
        }
        value = this.#string(bytes, to, false, wanted);
        size += this.#length + entryOverhead;
        if (this.#flawed) flaws |= badInValue;
        malformed ||= flaws !== 0;
        if (indexed) this.#insert(name, value, size, flaws);
      }
      listBytes += size;
      count++;
      if (listBytes <= mostListBytes && count <= mostFields) fields.push(name, value);
      else if (++dropped > mostFields * mostTimes + leastFields || listBytes > mostListBytes * mostTimes + leastBytes) throw new HpackExcess('header fields without measure');
    }
    return { fields, listBytes, dropped, malformed };
  }

  /** The index in the byte at hand and those after it; 0 is none (RFC 7541, 6.1). */
  #index(bytes: Uint8Array, to: number, mask: number): number {
    const prefix = (bytes[this.#pos] ?? 0) & mask;
    if (prefix === 0) throw new HpackError('index 0');
    if (prefix === mask) return this.#integer(bytes, to, mask);
    this.#pos++;
    return prefix;
  }

  /** An integer (RFC 7541, 5.1) whose prefix is what `mask` leaves of the byte at hand. */
  #integer(bytes: Uint8Array, to: number, mask: number): number {
    let value = (bytes[this.#pos++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= lastShift; shift += 7) {
      if (this.#pos >= to) throw new HpackError('integer that is cut short');
      const byte = bytes[this.#pos++] ?? 0;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError('integer of more than 28 bits');
  }

  /** The place of an entry of the dynamic table. */
  #slot(index: number): number {
    const age = index - staticCount - 1;
    if (age >= this.#count) throw new HpackError('index beyond the table');
    return (this.#newest - age) & this.#mask;
  }

  /** A string literal (RFC 7541, 5.2); one longer than `wanted` is checked alone, and ''. */
  #string(bytes: Uint8Array, to: number, isName: boolean, wanted: number): string {
    if (this.#pos >= to) throw new HpackError('field that is cut short');
    const huffman = (bytes[this.#pos] ?? 0) >= 0x80;
    const encoded = this.#integer(bytes, to, 0x7f);
    const from = this.#pos;
    const end = from + encoded;
    if (end > to) throw new HpackError('string that is cut short');
    this.#pos = end;
    let length = encoded;
    let clean = false;
    if (huffman) {
      reserve(huffmanRoom(encoded));
      length = decodeHuffman(bytes, from, end, scratch);
      clean = length >= 0;
      if (!clean) length = ~length;
    } else {
      reserve(encoded);
      for (let i = 0; i < encoded; i++) scratch[i] = bytes[from + i] ?? 0;
    }
    this.#length = length;
    if (isName) this.#flawed = nameIsFlawed(length);
    else this.#flawed = !clean && hasControl(length);
    return length <= wanted ? textOfScratch(length) : '';
  }

  /** Adds an entry; one larger than the table empties it (RFC 7541, 4.4). */
  #insert(name: string, value: string, size: number, flaws: number): void {
    this.#evict(this.#most - size);
    if (size > this.#most) return;
    const slot = (this.#newest + 1) & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#sizes[slot] = (size << 2) | flaws;
    this.#newest = slot;
    this.#count++;
    this.#bytes += size;
  }

  /** Drops the oldest entries until no more than `bytes` are left. */
  #evict(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const slot = (this.#newest - --this.#count) & this.#mask;
      this.#bytes -= (this.#sizes[slot] ?? 0) >>> 2;
      this.#names[slot] = '';
      this.#values[slot] = '';
    }
  }

  #resize(bytes: number): void {
    if (bytes > this.#announced) throw new HpackError('dynamic table larger than announced');
    this.#most = bytes;
    this.#evict(bytes);
  }
}
