// Huffman's code against RFC 7541's table, and what its section 5.2 forbids. That every byte is understood as another
// implementation sends it is in hpack-peer.test.ts.
import { expect, test } from 'vitest';
import { decodeHuffman, huffmanRoom } from './huffman.ts';
import { HpackError } from './hpack-error.ts';

/** Some codes of Appendix B, of every kind of length: byte, code, bits. */
const codes: readonly (readonly [number, number, number])[] = [
  [0, 0x1ff8, 13], [1, 0x7fffd8, 23], [2, 0xfffffe2, 28], [9, 0xffffea, 24], [10, 0x3ffffffc, 30], [13, 0x3ffffffd, 30], [22, 0x3ffffffe, 30], [32, 0x14, 6],
  [33, 0x3f8, 10], [35, 0xffa, 12], [38, 0xf8, 8], [39, 0x7fa, 11], [48, 0, 5], [58, 0x5c, 7], [60, 0x7ffc, 15], [63, 0x3fc, 10], [64, 0x1ffa, 13],
  [92, 0x7fff0, 19], [94, 0x3ffc, 14], [97, 3, 5], [122, 0x7b, 7], [127, 0xffffffc, 28], [128, 0xfffe6, 20], [129, 0x3fffd2, 22], [153, 0x1fffdc, 21],
  [192, 0x3ffffe0, 26], [203, 0x7ffffde, 27], [255, 0x3ffffee, 26],
];
const zeros = (count: number): number[] => Array.from({ length: count }, () => 48);
const bitsOf = ([, code, bits]: readonly [number, number, number]): string => code.toString(2).padStart(bits, '0');

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** What the bytes decode to, with others around them that must not be looked at. */
function decoded(bytes: Uint8Array): { text: number[]; rare: boolean } {
  const around = Uint8Array.of(0x55, ...bytes, 0x55, 0xff, 0xff, 0xff, 0xff);
  const out = new Uint8Array(huffmanRoom(bytes.length));
  const length = decodeHuffman(around, 1, 1 + bytes.length, out);
  return { text: [...out.subarray(0, length < 0 ? ~length : length)], rare: length < 0 };
}

test('every code is understood, alone and after codes that end at any bit', () => {
  for (const code of codes) {
    for (let before = 0; before < 8; before++) {
      const bits = `${'00000'.repeat(before)}${bitsOf(code)}00011`;
      expect(decoded(bytesOf(bits)), `byte ${code[0]} after ${before}`).toEqual({ text: [...zeros(before), code[0], 97], rare: code[2] > 10 });
    }
  }
  expect(decoded(bytesOf(codes.map(bitsOf).join(''))).text).toEqual(codes.map(([byte]) => byte));
  expect(decoded(new Uint8Array(0))).toEqual({ text: [], rare: false });
});

test('padding is the ones that fill the last byte', () => {
  for (let count = 1; count <= 16; count++) expect(decoded(bytesOf('00000'.repeat(count))).text).toEqual(zeros(count));
  const refused = ['11111111', '0000011111111111', '00000000', '00000110', '0000000000111111111111111'.padEnd(32, '1'), `${'1'.repeat(30)}00`, '1'.repeat(32), `00000${'1'.repeat(30)}00000`];
  for (const bits of refused) expect(() => decoded(bytesOf(bits)), bits).toThrow(HpackError);
});

test('a code that is cut short is refused wherever it ends', () => {
  for (const code of codes) {
    const bits = bitsOf(code);
    for (let kept = 8; kept < bits.length; kept += 8) expect(() => decoded(bytesOf(bits.slice(0, kept))), `${code[0]} cut to ${kept}`).toThrow(HpackError);
  }
});
