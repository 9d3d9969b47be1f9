// HPACK's Huffman code (RFC 7541, 5.2 and Appendix B), decoding alone: what we send is plain. The code is canonical, so
// the lengths of the 257 codes tell all of it. Codes of up to ten bits, which is what header fields consist of, are
// found by one look at the next ten bits; the rest by the first code of each length. Tables are made at first use.
import { HpackError } from './hpack-error.ts';

/** Bits of each byte's code and of the end of string, the last. */
const codeBits = `13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28
28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6
5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7
7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5
6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23
24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23
21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25
19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23
26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26 30`;

const endOfString = 256;
const shortBits = 10;
const longestBits = 30;

interface Tables {
  /** By the next ten bits: byte, and the bits of its code above; 0 for longer codes. */
  readonly short: Uint16Array;
  /** By length: the first code that is beyond those of that length. */
  readonly beyond: Uint32Array;
  /** By length: what leads from a code of that length to its place in `symbols`. */
  readonly offset: Int32Array;
  /** The symbols in the order of their codes. */
  readonly symbols: Uint16Array;
}

let tables: Tables | undefined;

function makeTables(): Tables {
  const bits = codeBits.split(/\s/).map(Number);
  const short = new Uint16Array(1 << shortBits);
  const beyond = new Uint32Array(longestBits + 1);
  const offset = new Int32Array(longestBits + 1);
  const symbols = new Uint16Array(bits.length);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= longestBits; length++) {
    code *= 2;
    offset[length] = place - code;
    for (let symbol = 0; symbol < bits.length; symbol++) {
      if (bits[symbol] !== length) continue;
      if (length <= shortBits) short.fill(symbol | (length << 8), code << (shortBits - length), (code + 1) << (shortBits - length));
      symbols[place++] = symbol;
      code++;
    }
    beyond[length] = code;
  }
  return { short, beyond, offset, symbols };
}

/** Room that `encodedBytes` may need when decoded: no code has less than five bits. */
export function huffmanRoom(encodedBytes: number): number {
  return ((encodedBytes * 8) / 5 + 1) | 0;
}

/**
 * Decodes bytes[from, to) into `out`, which has huffmanRoom for it. Returns the length, or its complement (`~length`)
 * when a byte with a code beyond ten bits was among them: without one, there is no control character. Throws
 * HpackError for an end of string inside, and for padding that is a whole byte or not of ones.
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  const { short } = (tables ??= makeTables());
  let pos = from;
  let length = 0;
  let rare = false;
  // The last `have` bits of `window` are read but not used.
  let window = 0;
  let have = 0;
  for (;;) {
    if (have < shortBits) {
      if (pos + 1 < to) {
        window = (window << 16) | ((bytes[pos] ?? 0) << 8) | (bytes[pos + 1] ?? 0);
        pos += 2;
        have += 16;
      } else if (pos < to) {
        window = (window << 8) | (bytes[pos++] ?? 0);
        have += 8;
        continue;
      } else break;
    }
    const entry = short[(window >>> (have - shortBits)) & ((1 << shortBits) - 1)] ?? 0;
    if (entry !== 0) {
      out[length++] = entry;
      have -= entry >>> 8;
      continue;
    }
    const start = pos * 8 - have;
    const found = longCode(bytes, start, to);
    rare = true;
    out[length++] = found;
    const next = start + (found >>> 9);
    pos = (next + 7) >>> 3;
    have = pos * 8 - next;
    window = bytes[pos - 1] ?? 0;
  }
  // Fewer bits than the table asks for: followed by ones, they are codes as long as these end within them.
  while (have > 0) {
    const entry = short[((window << (shortBits - have)) | ((1 << (shortBits - have)) - 1)) & ((1 << shortBits) - 1)] ?? 0;
    const used = entry >>> 8;
    if (entry === 0 || used > have) break;
    out[length++] = entry;
    have -= used;
  }
  const ones = (1 << have) - 1;
  if (have > 7 || (window & ones) !== ones) throw new HpackError('Huffman code with wrong padding');
  return rare ? ~length : length;
}

/** The symbol whose code begins at bit `start`, and the bits of its code above (from bit 9). */
function longCode(bytes: Uint8Array, start: number, to: number): number {
  const { beyond, offset, symbols } = (tables ??= makeTables());
  const pos = start >>> 3;
  const shift = start & 7;
  const four = ((bytes[pos] ?? 0) << 24) | ((bytes[pos + 1] ?? 0) << 16) | ((bytes[pos + 2] ?? 0) << 8) | (bytes[pos + 3] ?? 0);
  const window = (four << shift) | ((bytes[pos + 4] ?? 0) >>> (8 - shift));
  for (let bits = shortBits + 1; bits <= longestBits; bits++) {
    const code = window >>> (32 - bits);
    if (code >= (beyond[bits] ?? 0)) continue;
    if (start + bits > to * 8) break;
    const symbol = symbols[(offset[bits] ?? 0) + code] ?? endOfString;
    if (symbol === endOfString) throw new HpackError('Huffman code with an end of string');
    return symbol | (bits << 9);
  }
  throw new HpackError('Huffman code that is cut short');
}
