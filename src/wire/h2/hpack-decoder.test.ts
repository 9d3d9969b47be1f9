// The decoder against RFC 7541's examples, its prohibitions, the limits of a server and random bytes.
import { describe, expect, test } from 'vitest';
import { randomInt, seededRandom } from '#base/random.ts';
import { type FieldBlock, HpackDecoder, HpackError } from './hpack-decoder.ts';
import { HpackExcess } from './hpack-error.ts';

const none = Number.MAX_SAFE_INTEGER;
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** Decodes a block given in hexadecimal, with other bytes around it. */
function decode(decoder: HpackDecoder, block: string | Uint8Array, mostListBytes = none, mostFields = none): FieldBlock {
  const bytes = typeof block === 'string' ? hex(block) : block;
  return decoder.decode(Buffer.concat([hex('8282'), bytes, hex('ffff')]), 2, 2 + bytes.length, mostListBytes, mostFields);
}

const fieldsOf = (decoder: HpackDecoder, block: string): string => decode(decoder, block).fields.join(' ');
const plain = (text: string): string => (text.length.toString(16).padStart(2, '0') + Buffer.from(text, 'latin1').toString('hex'));
/** A literal that is added to the table, and one that is not. */
const added = (name: string, value: string): string => `40${plain(name)}${plain(value)}`;
const passing = (name: string, value: string): string => `00${plain(name)}${plain(value)}`;

describe('RFC 7541, Appendix C', () => {
  test('C.2: fields of each kind', () => {
    const decoder = new HpackDecoder(4096);
    expect(decode(decoder, '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')).toEqual({ fields: ['custom-key', 'custom-header'], listBytes: 55, dropped: 0, malformed: false });
    expect(fieldsOf(decoder, '040c 2f73 616d 706c 652f 7061 7468')).toBe(':path /sample/path');
    expect(fieldsOf(decoder, '1008 7061 7373 776f 7264 0673 6563 7265 74')).toBe('password secret');
    expect(fieldsOf(decoder, '82')).toBe(':method GET');
    expect(fieldsOf(decoder, 'be')).toBe('custom-key custom-header');
    expect(() => decode(decoder, 'bf')).toThrow(HpackError);
  });

  const first = ':method GET :scheme http :path / :authority www.example.com';
  const requests = [first, `${first} cache-control no-cache`, ':method GET :scheme https :path /index.html :authority www.example.com custom-key custom-value'];
  test.each([
    ['C.3: requests, plain', ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', '8286 84be 5808 6e6f 2d63 6163 6865', '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65']],
    ["C.4: requests, in Huffman's code", ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', '8286 84be 5886 a8eb 1064 9cbf', '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf']],
  ])('%s', (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    expect(blocks.map((block) => fieldsOf(decoder, block))).toEqual(requests);
    expect(fieldsOf(decoder, 'bebfc0')).toBe('custom-key custom-value cache-control no-cache :authority www.example.com');
    expect(() => decode(decoder, 'c1')).toThrow(HpackError);
  });

  const date = (second: number): string => `date Mon, 21 Oct 2013 20:13:${second} GMT`;
  const cookie = 'set-cookie foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
  const location = 'location https://www.example.com';
  const responses = [
    `:status 302 cache-control private ${date(21)} ${location}`,
    `:status 307 cache-control private ${date(21)} ${location}`,
    `:status 200 cache-control private ${date(22)} ${location} content-encoding gzip ${cookie}`,
  ];
  test.each([
    [
      'C.5: responses, plain, with eviction',
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f
        5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
    ],
    [
      "C.6: responses, in Huffman's code, with eviction",
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5
        291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
    ],
  ])('%s', (_, blocks) => {
    const decoder = new HpackDecoder(256);
    expect(blocks.map((block) => fieldsOf(decoder, block))).toEqual(responses);
    expect(fieldsOf(decoder, 'bebfc0')).toBe(`${cookie} content-encoding gzip ${date(22)}`);
    expect(() => decode(decoder, 'c1')).toThrow(HpackError);
  });
});

test.each([
  ['index 0', '80'],
  ['a name of index 0 beyond its prefix', '7f'],
  ['an index beyond both tables', 'be'],
  ['a name beyond both tables', '7e 00'],
  ['an index far beyond', 'ffffffff7f'],
  ['an integer of 32 bits', 'ffffffffff0f'],
  ['an integer that has no end', 'ff80808080808080808000'],
  ['an index that is cut short', 'ff'],
  ['an index that is cut short in its rest', 'ff80'],
  ['no name', '40'],
  ['a name that is cut short', '4003 6161'],
  ['no value', '4001 61'],
  ['a value that is cut short', '4001 61 03 6262'],
  ['a length that is cut short', '4001 61 7f'],
  ['a length as large as there is', '4001 61 7fffffff7f 61'],
  ['Huffman padding of a byte', '4001 61 82 1fff'],
  ['Huffman padding of zeros', '4001 61 81 18'],
  ["Huffman's end of string", '4001 61 84 ffffffff'],
  ['a table larger than announced', '3fe21f'],
  ['a table size that is cut short', '3f'],
  ['a table size after a field', '82 20'],
  ['three table sizes', '20 21 22'],
])('refused: %s', (_, block) => {
  expect(() => decode(new HpackDecoder(4096), block)).toThrow(HpackError);
});

describe('the dynamic table', () => {
  test('its size changes at the beginning of a block, within what was announced', () => {
    const decoder = new HpackDecoder(4096);
    expect(fieldsOf(decoder, `3fe11f ${added('a', '1')} ${added('b', '2')} ${added('c', '3')}`)).toBe('a 1 b 2 c 3');
    // Room for two entries of 34 bytes, and then for more again.
    expect(fieldsOf(decoder, '3f25 3fe11f bebf')).toBe('c 3 b 2');
    expect(() => decode(decoder, 'c0')).toThrow(HpackError);
    const emptied = new HpackDecoder(4096);
    decode(emptied, added('a', '1'));
    expect(fieldsOf(emptied, `20 ${added('b', '2')}`)).toBe('b 2');
    expect(() => decode(emptied, 'be')).toThrow(HpackError);
  });

  test('an entry that is larger than the table empties it', () => {
    const decoder = new HpackDecoder(100);
    expect(fieldsOf(decoder, added('a', '1') + added('b', 'x'.repeat(67)) + added('c', '3'))).toBe(`a 1 b ${'x'.repeat(67)} c 3`);
    expect(fieldsOf(decoder, added('b', 'y'.repeat(68)))).toBe(`b ${'y'.repeat(68)}`);
    expect(() => decode(decoder, 'be')).toThrow(HpackError);
  });

  test('a name is taken from an entry that its own field drives out', () => {
    const decoder = new HpackDecoder(80);
    expect(fieldsOf(decoder, `${added('name', 'x'.repeat(40))} 7e ${plain('y'.repeat(42))} be`)).toBe(`name ${'x'.repeat(40)} name ${'y'.repeat(42)} name ${'y'.repeat(42)}`);
  });

  test('holds as many entries as there can be, in turn', () => {
    const decoder = new HpackDecoder(4096);
    const names = Array.from({ length: 1000 }, (_, i) => `n${i}`);
    for (const [i, name] of names.entries()) {
      decode(decoder, added(name, ''));
      const reach = Math.min(i, 100);
      const index = 62 + reach;
      const block = index < 127 ? (0x80 | index).toString(16) : `ff${(index - 127).toString(16).padStart(2, '0')}`;
      expect(fieldsOf(decoder, block)).toBe(`${names[i - reach]} `);
    }
  });

  test('holds 128 entries of nothing at all', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, added('first', '') + '400000'.repeat(127));
    expect(() => decode(decoder, 'ff3e')).toThrow(HpackError);
    expect(decode(decoder, `400000 ff3e ${added('last', '')} be`)).toMatchObject({ fields: ['', '', '', '', 'last', '', 'last', ''], malformed: true });
    expect(() => decode(decoder, 'ff3e')).toThrow(HpackError);
  });

  test('none at all', () => {
    const decoder = new HpackDecoder(0);
    expect(fieldsOf(decoder, `20 ${added('a', '1')}`)).toBe('a 1');
    expect(() => decode(decoder, 'be')).toThrow(HpackError);
    expect(() => decode(decoder, '21')).toThrow(HpackError);
  });
});

describe('fields that are not allowed', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['', 'x'], ['Upper', 'x'], ['a b', 'x'], [' a', 'x'], ['a:b', 'x'], ['a:', 'x'], ['a\0', 'x'], ['a\r', 'x'], ['a\x7f', 'x'], ['a\x80', 'x'], ['a(', 'x'],
    ['a', 'x\0'], ['a', 'x\ry'], ['a', '\nx'], ['a', 'x\x7fy'], ['a', 'x\x1fy'], ['a', `${'x'.repeat(60)}\n`],
  ];
  test.each(bad)('%j: %j', (name, value) => {
    const decoder = new HpackDecoder(4096);
    expect(decode(decoder, added('good', '1') + added(name, value))).toEqual({ fields: ['good', '1', name, value], listBytes: 69 + name.length + value.length, dropped: 0, malformed: true });
    expect(decode(decoder, 'be').malformed).toBe(true);
    expect(decode(decoder, 'bf')).toEqual({ fields: ['good', '1'], listBytes: 37, dropped: 0, malformed: false });
    expect(decode(decoder, passing(name, value), 0).malformed).toBe(true);
    // Only a flaw of the name is one of the next field that has it.
    expect(decode(decoder, `0f2f ${plain('y')}`).malformed).toBe(name !== 'a');
  });

  test('and those that are', () => {
    const good: readonly (readonly [string, string])[] = [[':path', '/'], [':unknown', ''], ["!#$%&'*+-.^_`|~09az", 'x\t y'], ['a', ''], ['a', '\x80\xff é'], ['a', '"(),/:;<=>?@[]{}'], ['a', ' x'], ['a', 'x\t'], ['a', ' ']];
    for (const [name, value] of good) expect(decode(new HpackDecoder(4096), added(name, value))).toEqual({ fields: [name, value], listBytes: 32 + name.length + value.length, dropped: 0, malformed: false });
  });

  test("in Huffman's code as well", () => {
    // A line feed between letters, whose code has 30 bits; an upper-case letter and a colon in a name.
    for (const block of ['4001 61 85 1fffffff83', '4081 87 01 61', '4083 1dc1ff 01 61']) {
      const decoder = new HpackDecoder(4096);
      expect(decode(decoder, block).malformed, block).toBe(true);
      expect(decode(decoder, 'be').malformed, block).toBe(true);
    }
  });
});

describe('limits', () => {
  test('what is beyond them is counted and not kept, and the table is in step', () => {
    const decoder = new HpackDecoder(4096);
    const block = added('a', '1') + added('b', '2') + passing('c', '3') + added('d', '4');
    expect(decode(decoder, block, 68)).toEqual({ fields: ['a', '1', 'b', '2'], listBytes: 136, dropped: 2, malformed: false });
    expect(fieldsOf(decoder, 'bebfc0')).toBe('d 4 b 2 a 1');
    expect(decode(decoder, block, none, 3)).toEqual({ fields: ['a', '1', 'b', '2', 'c', '3'], listBytes: 136, dropped: 1, malformed: false });
    expect(fieldsOf(decoder, 'bebfc0')).toBe('d 4 b 2 a 1');
    expect(decode(decoder, block, 67)).toMatchObject({ fields: ['a', '1'], dropped: 3 });
    expect(decode(decoder, block, 0)).toMatchObject({ fields: [], listBytes: 136, dropped: 4 });
    expect(fieldsOf(decoder, 'bebfc0')).toBe('d 4 b 2 a 1');
  });

  test('an entry that is named fifty times is not expanded, and one that is named without end is not read to it', () => {
    const decoder = new HpackDecoder(4096);
    decode(decoder, `4001 61 7fe01e ${'78'.repeat(4063)}`);
    const { fields, listBytes, dropped } = decode(decoder, 'be'.repeat(50), 16_384);
    expect([fields.length, listBytes, dropped]).toEqual([8, 204_800, 46]);
    expect(() => decode(decoder, 'be'.repeat(10_000), 16_384)).toThrow(HpackExcess);
    expect(() => decode(new HpackDecoder(4096), '82'.repeat(10_000), none, 1000)).toThrow(HpackExcess);
  });

  test('long strings', () => {
    const decoder = new HpackDecoder(4096);
    const value = 'v'.repeat(200_000);
    // 200,000 is 127 and, in groups of seven bits, 65, 25 and 12.
    const block = Buffer.concat([hex('0001 61 7f c1990c'), Buffer.from(value)]);
    expect(decode(decoder, block)).toEqual({ fields: ['a', value], listBytes: 200_033, dropped: 0, malformed: false });
    expect(decode(decoder, block, 200_032)).toEqual({ fields: [], listBytes: 200_033, dropped: 1, malformed: false });
    expect(fieldsOf(decoder, '82')).toBe(':method GET');
  });
});

test('random bytes: fields or HpackError, and tables within their bound', () => {
  const seed = 20_261_121;
  const random = seededRandom(seed);
  // Bytes that begin fields and name short strings come more often than by chance.
  const likely = [0x82, 0xbe, 0xbf, 0xc5, 0x40, 0x41, 0x7e, 0x00, 0x0f, 0x10, 0x01, 0x02, 0x81, 0x84, 0x20, 0x3f, 0x61, 0xff];
  let understood = 0;
  let decoder = new HpackDecoder(4096);
  for (let round = 0; round < 20_000; round++) {
    const length = randomInt(random, round % 100 === 0 ? 3000 : 30);
    const bytes = Uint8Array.from({ length }, () => (random.next() < 0.5 ? (likely[randomInt(random, likely.length)] ?? 0) : randomInt(random, 256)));
    try {
      const { fields, listBytes, dropped } = decode(decoder, bytes, 2000, 20);
      const kept = fields.reduce((sum, text) => sum + text.length, fields.length * 16);
      expect(fields.length % 2 === 0 && fields.length <= 40 && kept <= 2000 && kept <= listBytes, `seed ${seed}, round ${round}`).toBe(true);
      expect(dropped > 0 ? kept < listBytes : kept === listBytes, `seed ${seed}, round ${round}`).toBe(true);
      understood++;
    } catch (error) {
      expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(HpackError);
      if (random.next() < 0.1) decoder = new HpackDecoder(randomInt(random, 300));
    }
  }
  expect(understood).toBeGreaterThan(1000);
});
