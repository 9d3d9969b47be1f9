// The encoder, by what a decoder makes of it and by the bytes where they matter: what is in the table, and how its size
// is told.
import { expect, test } from 'vitest';
import { randomInt, seededRandom } from '#base/random.ts';
import { HpackDecoder, HpackError } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

type Headers = Readonly<Record<string, string | undefined>>;

const hex = (block: Uint8Array): string => Buffer.from(block).toString('hex');

/** An encoder, and a decoder of the other end that is in step with it. */
function pair(): { encoder: HpackEncoder; decoder: HpackDecoder; sent: (status: number, headers?: Headers, contentLength?: number) => string[] } {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const sent = (status: number, headers: Headers = {}, contentLength?: number): string[] => {
    const block = encoder.encode(status, headers, contentLength);
    const { fields, malformed, dropped } = decoder.decode(block, 0, block.length, Number.MAX_SAFE_INTEGER, 10_000);
    expect([malformed, dropped]).toEqual([false, 0]);
    return fields;
  };
  return { encoder, decoder, sent };
}

test('a response, and the next of its kind', () => {
  const encoder = new HpackEncoder();
  const headers = (id: string): Headers => ({
    'audit-id': id, 'cache-control': 'no-cache, private', 'content-type': 'application/json', 'x-kubernetes-pf-flowschema-uid': 'one', 'x-kubernetes-pf-prioritylevel-uid': 'two',
  });
  expect(encoder.encode(200, headers('11111111-2222-3333-4444-555555555555'), 1234).length).toBeGreaterThan(100);
  const next = encoder.encode(200, headers('a'), 17);
  // :status 200 and four fields by index; a new audit-id and content-length with the index of their names.
  expect(hex(next)).toBe('880f330161c1c0bfbe0f0d023137');
});

test('the order is that of the object, with content-length last and in place of another', () => {
  const { sent } = pair();
  expect(sent(200, { 'content-length': '9', b: '2', a: '1' }, 3)).toEqual([':status', '200', 'b', '2', 'a', '1', 'content-length', '3']);
  expect(sent(200, { 'content-length': '9', b: '2' })).toEqual([':status', '200', 'content-length', '9', 'b', '2']);
  for (const length of [0, 9, 10, 4_294_967_296, Number.MAX_SAFE_INTEGER]) expect(sent(200, {}, length)).toEqual([':status', '200', 'content-length', String(length)]);
});

test('every status', () => {
  const { sent } = pair();
  for (let round = 0; round < 2; round++) for (let status = 100; status < 600; status++) expect(sent(status)).toEqual([':status', String(status)]);
  const encoder = new HpackEncoder();
  for (const status of [200, 204, 206, 304, 400, 404, 500]) expect(encoder.encode(status, {}, undefined)).toHaveLength(1);
  expect(hex(encoder.encode(201, {}, undefined))).toBe('4803323031');
  expect(hex(encoder.encode(201, {}, undefined))).toBe('be');
});

test('left out: undefined values, pseudo headers and what is of HTTP/1.1 connections', () => {
  const { sent } = pair();
  const headers = { a: undefined, ':path': '/', ':status': '500', connection: 'close', 'keep-alive': '5', 'transfer-encoding': 'chunked', upgrade: 'x', 'proxy-connection': 'close', '': 'x', b: '' };
  expect(sent(200, headers)).toEqual([':status', '200', 'b', '']);
});

test('a field that comes again is one byte, in any of a few values', () => {
  const encoder = new HpackEncoder();
  const types = ['application/json', 'application/vnd.kubernetes.protobuf', 'text/plain', 'application/yaml'];
  for (const type of types) expect(encoder.encode(200, { 'content-type': type }, undefined).length).toBeGreaterThan(10);
  for (const type of types) expect(encoder.encode(200, { 'content-type': type }, undefined)).toHaveLength(2);
});

test('a dropped entry whose place another name has taken is not found by its own', () => {
  const { sent } = pair();
  let fillers = 0;
  const fill = (count: number): void => {
    for (const last = fillers + count; fillers < last; fillers++) sent(200, { [`y-${fillers}`]: `v${fillers}` });
  };
  // The ring has 128 places: the first entry is dropped before the second, and its place has the last filler then.
  sent(200, { a: 'first' });
  fill(60);
  sent(200, { a: 'second' });
  fill(67);
  expect(sent(200, { a: `v${fillers - 1}` })).toEqual([':status', '200', 'a', `v${fillers - 1}`]);
});

test('names that are new to the process cost a field nothing', () => {
  const encoder = new HpackEncoder();
  encoder.encode(200, { vary: 'accept', server: 'skiff' }, undefined);
  const other = new HpackEncoder();
  for (let i = 0; i < 400; i++) other.encode(200, { [`late-${i}`]: '' }, undefined);
  encoder.encode(200, { 'late-399': '' }, undefined);
  expect(encoder.encode(200, { vary: 'accept', server: 'skiff' }, undefined)).toHaveLength(3);
});

test('a field that never comes again, or is long, is not in the table', () => {
  const { encoder, decoder, sent } = pair();
  sent(200, { server: 'skiff' });
  const kept = encoder.encode(200, { server: 'skiff' }, undefined).length;
  const names = ['etag', 'location', 'last-modified', 'retry-after', 'warning', 'set-cookie', 'content-range'];
  for (const name of names) for (let i = 0; i < 2; i++) expect(sent(200, { [name]: `value ${i}` })).toEqual([':status', '200', name, `value ${i}`]);
  expect(sent(200, { 'content-type': 'x'.repeat(513) })[3]).toHaveLength(513);
  expect(kept).toBe(2);
  expect(decoder.decode(Uint8Array.of(0xbe), 0, 1, 1000, 10).fields).toEqual(['server', 'skiff']);
  expect(() => decoder.decode(Uint8Array.of(0xbf), 0, 1, 1000, 10)).toThrow(HpackError);
  // Cookies are never to be indexed on the way either.
  expect(hex(new HpackEncoder().encode(200, { 'set-cookie': 'a' }, undefined))).toBe('881f280161');
});

test("the date is the answer's own or the one that is given, and one entry for all of a second", () => {
  const { encoder, decoder } = pair();
  const fields = (headers: Record<string, string>, date?: string): string[] => {
    const block = encoder.encode(200, headers, undefined, date);
    return decoder.decode(block, 0, block.length, 1000, 10).fields;
  };
  expect(fields({}, 'now')).toEqual([':status', '200', 'date', 'now']);
  expect(fields({ date: 'then' }, 'now')).toEqual([':status', '200', 'date', 'then']);
  expect(encoder.encode(200, {}, undefined, 'now')).toHaveLength(2);
});

test.each(['a\nb: c', '\r', 'x\0', '\x7f', '\x1b[0m'])('%j is no value that a client would take', (value) => {
  const { sent } = pair();
  expect(sent(200, { location: value, server: value, etag: 'a\tb' })).toEqual([':status', '200', 'etag', 'a\tb']);
});

test('long values, and blocks larger than any before', () => {
  const { encoder, sent } = pair();
  for (const length of [63, 64, 126, 127, 128, 4095, 4096, 100_000, 16_511, 10]) {
    const headers = { a: 'x'.repeat(length), warning: `${'é'.repeat(length)}`, b: 'ÿ' };
    expect(sent(200, headers, length)).toEqual([':status', '200', 'a', headers.a, 'warning', headers.warning, 'b', 'ÿ', 'content-length', String(length)]);
  }
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`name-${i}`, `value ${i}`]));
  for (let round = 0; round < 2; round++) expect(sent(200, many)).toEqual([':status', '200', ...Object.entries(many).flat()]);
  expect(encoder.encode(200, {}, undefined)).toHaveLength(1);
  const long = 'n'.repeat(10_000);
  for (let round = 0; round < 2; round++) expect(sent(200, { [long]: 'x' })).toEqual([':status', '200', long, 'x']);
});

test('a character that is no byte becomes no other by chance', () => {
  const { sent } = pair();
  for (const before of ['', 'x'.repeat(100)]) expect(sent(200, { a: `${before}\u010a\u0100€😀é` })[3]).toBe(`${before}?????é`);
});

test('the size of the table is told at the start of the next block, with the smallest in between', () => {
  const { encoder, decoder, sent } = pair();
  const told = (): string => {
    const block = encoder.encode(200, {}, undefined);
    decoder.decode(block, 0, block.length, 1000, 10);
    return hex(block);
  };
  encoder.setPeerTableBytes(65_536);
  expect(told()).toBe('88');
  encoder.setPeerTableBytes(100);
  expect(told()).toBe('3f4588');
  expect(told()).toBe('88');
  sent(200, { server: 'a' });
  encoder.setPeerTableBytes(50);
  encoder.setPeerTableBytes(0);
  encoder.setPeerTableBytes(65_536);
  expect(told()).toBe('203fe11f88');
  expect(hex(encoder.encode(200, { server: 'a' }, undefined))).toBe('88760161');
  encoder.setPeerTableBytes(0);
  encoder.setPeerTableBytes(10);
  expect(hex(encoder.encode(200, { server: 'a' }, undefined))).toBe('202a880f270161');
  encoder.setPeerTableBytes(4096);
  expect(told()).toBe('3fe11f88');
});

test('random headers and table sizes: the other end is in step', () => {
  const seed = 7541;
  const random = seededRandom(seed);
  const { encoder, sent } = pair();
  const names = ['content-type', 'cache-control', 'vary', 'audit-id', 'etag', 'set-cookie', 'x-kubernetes-pf-flowschema-uid', ...Array.from({ length: 40 }, (_, i) => `x-${i}`)];
  for (let round = 0; round < 5000; round++) {
    const where = `seed ${seed}, round ${round}`;
    for (let changes = randomInt(random, 12) - 9; changes > 0; changes--) encoder.setPeerTableBytes([0, 40, 100, 300, 1000, 4096, 100_000][randomInt(random, 7)] ?? 0);
    const headers: Record<string, string> = {};
    for (let count = randomInt(random, 8); count > 0; count--) {
      headers[names[randomInt(random, names.length)] ?? ''] = String.fromCharCode(97 + randomInt(random, 12)).repeat(randomInt(random, random.next() < 0.1 ? 700 : 20));
    }
    const status = 200 + randomInt(random, 30);
    expect(sent(status, headers), where).toEqual([':status', String(status), ...Object.entries(headers).flat()]);
  }
});
