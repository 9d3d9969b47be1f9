// Header blocks (RFC 9113, 4.3, 6.2, 6.10 and 8): cut into pieces, without end, too large, or holding what no request may
// hold. A request that is none reaches no handler; its connection and the table of fields serve on.
import { describe, expect, it } from 'vitest';
import { block, continuation, data, type Fields, frame, get, headers, ping, post, type RawClient, request, reset, settings, whole } from './frames.case.ts';
import { expectIgnored, expectRefused, expectResetOrRefused, judgeAfterEach, openBench } from './hostile.case.ts';
import { ErrorCode, Flag, FrameType, preface } from './protocol.ts';

judgeAfterEach();

const { protocolError, streamClosed, compressionError, enhanceYourCalm, frameSizeError, refusedStream } = ErrorCode;
const first = (stream: number, bytes: Uint8Array, flags: number = Flag.endStream): Buffer => frame(FrameType.headers, flags, stream, bytes);

describe('a header block in pieces', () => {
  it('cut at every place', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    const bytes = block(request('GET', '/', [['x-long', 'v'.repeat(150)]]));
    for (let at = 0; at <= bytes.length; at++) client.send(first(2 * at + 1, bytes.subarray(0, at)), continuation(2 * at + 1, bytes.subarray(at), Flag.endHeaders));
    for (let at = 0; at <= bytes.length; at++) expect((await client.answered(2 * at + 1)).status).toBe(200);
  });

  it('of a few bytes each, with empty ones between them', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    const bytes = block(request('GET', '/'));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) => continuation(1, bytes.subarray(3 * i, 3 * i + 3)));
    client.send(first(1, Buffer.alloc(0)), continuation(1, Buffer.alloc(0)), ...pieces, continuation(1, Buffer.alloc(0)), continuation(1, Buffer.alloc(0), Flag.endHeaders));
    expect((await client.answered(1)).body.toString()).toBe('GET 0');
  });

  it('padded, with a priority, and unknown flags', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    const bytes = Buffer.concat([Uint8Array.of(9), Buffer.alloc(5), block(request('GET', '/')), Buffer.alloc(9, 0xff)]);
    client.send(first(1, bytes, whole | Flag.padded | Flag.priority | 0x40));
    expect((await client.answered(1)).status).toBe(200);
  });

  it('and padding as long as the frame', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(first(1, Buffer.concat([Uint8Array.of(200), block(request('GET', '/'))]), whole | Flag.padded));
    await expectRefused(client, protocolError);
    expect(bench.seen).toEqual([]);
  });

  const begun = first(1, block(request('GET', '/')));
  it.each([
    ['DATA', data(1, 'x')],
    ['other HEADERS', get(3, '/')],
    ['HEADERS of the same stream', get(1, '/')],
    ['a PING', ping('now')],
    ['SETTINGS', frame(FrameType.settings, 0, 0)],
    ['a WINDOW_UPDATE', frame(FrameType.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))],
    ['a reset', reset(1)],
    ['a GOAWAY', frame(FrameType.goaway, 0, 0, Buffer.alloc(8))],
    ['a CONTINUATION of another stream', continuation(3, Buffer.alloc(0), Flag.endHeaders)],
    ['a frame of an unknown type', frame(0x20, 0, 0)],
  ])('interrupted by %s', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(begun, bytes, continuation(1, Buffer.alloc(0), Flag.endHeaders));
    await expectRefused(client, protocolError);
    expect(bench.seen).toEqual([]);
  });

  it.each([
    ['that nobody began', continuation(1, block(request('GET', '/')), Flag.endHeaders)],
    ['after the last', Buffer.concat([get(1, '/hold'), continuation(1, Buffer.alloc(0), Flag.endHeaders)])],
    ['after DATA', Buffer.concat([post(1, '/hold'), data(1, 'x', 0), continuation(1, Buffer.alloc(0), Flag.endHeaders)])],
  ])('a CONTINUATION %s', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(bytes);
    await expectRefused(client, protocolError);
  });
});

describe('a header block without end', () => {
  it.each([
    ['of empty pieces', Buffer.alloc(0)],
    ['of one byte each', Buffer.alloc(1)],
    ['of sound fields', block([['x-more', 'v'.repeat(1000)]])],
    ['of large pieces', Buffer.alloc(16_384, block([['x-more', 'v'.repeat(1000)]]))],
  ])('%s is cut off', async (_name, piece) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(first(1, block(request('GET', '/'))));
    let pieces = 0;
    const many = Buffer.concat(Array.from({ length: Math.min(1000, Math.ceil((1 << 18) / (piece.length + 9))) }, () => continuation(1, piece)));
    await new Promise<void>((resolve) => {
      client.socket.once('close', () => resolve());
      const more = (error?: Error | null): void => {
        if (error || client.goaway !== undefined || client.socket.destroyed) return resolve();
        pieces++;
        client.socket.write(many, more);
      };
      more();
    });
    // Far from all memory: 1 MiB of fields is the most that a request may have.
    expect(pieces * many.length).toBeLessThan(64 << 20);
    await client.ended();
    expect([undefined, enhanceYourCalm, protocolError, frameSizeError, ErrorCode.internalError, compressionError]).toContain(client.goaway);
    expect(bench.seen).toEqual([]);
  });
});

describe('too many fields', () => {
  it('are answered with 431, and the table of the connection stays in step', async () => {
    const bench = await openBench({ headerBytes: 8000 });
    const client = await bench.connect();
    const large = block(request('GET', '/', Array.from({ length: 20 }, (_, i): [string, string] => [`x-${i}`, 'v'.repeat(500)])));
    const kept = block([['x-kept', 'GET']], true);
    client.send(first(1, Buffer.concat([large, kept]), whole));
    expect((await client.answered(1)).status).toBe(431);
    // The entry that came with the refused request is the newest: index 62.
    client.send(first(3, Buffer.concat([block(request('GET', '/')), Uint8Array.of(0x80 | 62)]), whole));
    expect((await client.answered(3)).body.toString()).toBe('GET 0');
    expect(bench.seen).toEqual(['GET /']);
  });

  it('by reference cost nothing: a bomb is answered with 431 or refused', async () => {
    const bench = await openBench({ headerBytes: 100_000 });
    const client = await bench.connect();
    client.send(first(1, Buffer.concat([block(request('GET', '/')), block([['x-bomb', 'v'.repeat(3900)]], true), Buffer.alloc(16_000, 0x80 | 62)]), whole));
    await client.settled();
    const { status, reset: code } = client.answer(1);
    expect(status === 431 || code !== undefined || client.goaway !== undefined, client.told()).toBe(true);
    expect(bench.seen).toEqual([]);
  });

  it.each([
    ['by reference', Uint8Array.of(0x80 | 62)],
    ['of nothing', Uint8Array.of(0, 1, 0x61, 0)],
    ['that are kept in the table', Uint8Array.of(0x40, 1, 0x61, 0)],
  ])('%s and without measure are not read to their end', async (_name, field) => {
    const bench = await openBench();
    const client = await bench.connect();
    await client.settled();
    const begin = Buffer.concat([block(request('GET', '/')), block([['x-bomb', 'v'.repeat(3900)]], true)]);
    const piece = Buffer.alloc(262_144, field);
    client.send(first(1, begin), ...Array.from({ length: 7 }, () => continuation(1, piece)), continuation(1, piece, Flag.endHeaders));
    await client.settled();
    expect([enhanceYourCalm, compressionError], client.told()).toContain(client.goaway);
    expect(bench.seen).toEqual([]);
  });

  it('in trailers do no harm', async () => {
    const bench = await openBench({ headerBytes: 8000 });
    const client = await bench.connect();
    client.send(post(1, '/'), data(1, 'hello', 0), headers(1, Array.from({ length: 20 }, (_, i): [string, string] => [`x-${i}`, 'v'.repeat(500)])));
    await client.settled();
    await bench.until(() => bench.running === 0);
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
  });
});

describe('a table of fields that is broken', () => {
  it.each([
    ['index 0', Uint8Array.of(0x80)],
    ['an index beyond the table', Uint8Array.of(0x80 | 62)],
    ['a huge index', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07)],
    ['an integer without end', Buffer.concat([Uint8Array.of(0xff), Buffer.alloc(30, 0xff)])],
    ['a name beyond the table', Uint8Array.of(0x7f, 0x40, 1, 0x61)],
    ['a name that is cut', Uint8Array.of(0, 10, 0x61)],
    ['a value that is cut', Uint8Array.of(0, 1, 0x61, 10, 0x61)],
    ['a name without a value', Uint8Array.of(0, 1, 0x61)],
    ['a table larger than announced', Uint8Array.of(0x3f, 0xff, 0xff, 0xff, 0x07)],
    ['a change of the table after a field', Uint8Array.of(0x82, 0x20)],
    ['padding of Huffman code longer than 7 bits', Uint8Array.of(0, 0x82, 0x1f, 0xff, 1, 0x61)],
    ['padding of Huffman code that is no EOS', Uint8Array.of(0, 0x81, 0x18, 1, 0x61)],
    ['EOS of Huffman code', Uint8Array.of(0, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 0x61)],
  ])('%s', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(first(1, Buffer.concat([bytes[0] === 0x3f ? Buffer.alloc(0) : block(request('GET', '/')), bytes]), whole));
    await expectRefused(client, compressionError);
    expect(bench.seen).toEqual([]);
  });

  it('is in step after requests that were refused for other reasons', async () => {
    const bench = await openBench({ streamsPerConnection: 1 });
    const client = await bench.connect();
    const entry = (stream: number, fields: Fields, value: string): Buffer => first(stream, Buffer.concat([block(fields), block([['x-entry', value]], true)]), whole);
    client.send(entry(1, request('GET', '/hold'), 'a'), entry(3, request('GET', '/too-many'), 'b'), entry(5, [[':method', 'GET']], 'c'));
    await client.settled();
    expect([refusedStream, protocolError]).toContain(client.answer(3).reset);
    bench.release();
    await client.answered(1);
    // The path, from the table: entries are three now, the oldest has index 64.
    client.send(first(7, Buffer.concat([block([[':method', 'GET'], [':scheme', 'https'], [':path', '/']]), Uint8Array.of(0x80 | 64, 0x80 | 63, 0x80 | 62)]), whole));
    expect((await client.answered(7)).body.toString()).toBe('GET 0');
  });
});

/** It reaches no handler; the connection serves on. */
async function expectMalformed(client: RawClient, stream: number, seen: readonly string[]): Promise<void> {
  await client.settled();
  expect(client.goaway, client.told()).toBe(undefined);
  const { reset: code, status } = client.answer(stream);
  expect(code === protocolError || status === 400, client.told()).toBe(true);
  expect(seen).toEqual([]);
  await expectIgnored(client, () => (client.send(get(stream + 2, '/')), stream + 2));
}

describe('a request that is none', () => {
  const [method, scheme, path, authority] = request('GET', '/') as [Fields[0], Fields[0], Fields[0], Fields[0]];
  const with_ = (...more: Fields): Fields => request('GET', '/', more);
  it.each<[string, Fields]>([
    ['no :method', [scheme, path, authority]],
    ['no :scheme', [method, path, authority]],
    ['no :path', [method, scheme, authority]],
    ['nothing', []],
    ['an empty :path', [method, scheme, [':path', ''], authority]],
    ['two :method', [method, method, scheme, path]],
    ['two :path', [method, scheme, path, path]],
    ['two :scheme', [method, scheme, scheme, path]],
    ['two :authority', [method, scheme, path, authority, authority]],
    ['a pseudo field after others', [method, scheme, ['x-a', 'b'], path]],
    ['an unknown pseudo field', [...request('GET', '/'), [':what', 'x']]],
    ['a pseudo field of answers', [...request('GET', '/'), [':status', '200']]],
    ['an upper-case name', with_(['X-Upper', 'x'])],
    ['an upper-case letter in a name', with_(['x-uPper', 'x'])],
    ['an empty name', with_(['', 'x'])],
    ['a name with a space', with_(['x y', 'x'])],
    ['a name with a colon', with_(['x:y', 'x'])],
    ['a name beyond ASCII', with_(['x-\xff', 'x'])],
    ['a name with a control character', with_(['x\x01', 'x'])],
    ['a value with NUL', with_(['x-a', 'a\0b'])],
    ['a value with CR', with_(['x-a', 'a\rb'])],
    ['a value with LF', with_(['x-a', 'a\nb'])],
    ['connection', with_(['connection', 'close'])],
    ['keep-alive', with_(['keep-alive', 'x'])],
    ['proxy-connection', with_(['proxy-connection', 'x'])],
    ['transfer-encoding', with_(['transfer-encoding', 'chunked'])],
    ['upgrade', with_(['upgrade', 'websocket'])],
    ['te that is not trailers', with_(['te', 'gzip'])],
    ['CONNECT with a path', request('CONNECT', '/')],
    ['content-length and no body', with_(['content-length', '5'])],
    ['content-length that is no number', with_(['content-length', 'abc'])],
    ['content-length below zero', with_(['content-length', '-1'])],
    ['two content-lengths', with_(['content-length', '0'], ['content-length', '5'])],
  ])('%s', async (_name, fields) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(headers(1, fields));
    await expectMalformed(client, 1, bench.seen);
  });

  it.each<[string, Fields]>([
    ['te: trailers', with_(['te', 'trailers'])],
    ['content-length of no body', with_(['content-length', '0'])],
    ['a host instead of :authority', [method, scheme, path, ['host', 'localhost']]],
    ['neither host nor :authority', [method, scheme, path]],
    ['an empty value', with_(['x-a', ''])],
    ['a value beyond ASCII', with_(['x-a', '\xc3\xa4'])],
    ['a value with a tab inside', with_(['x-a', 'a\tb'])],
    ['names of members of objects', with_(['__proto__', 'x'], ['constructor', 'y'], ['tostring', 'z'])],
    ['the same field a hundred times', with_(...Array.from({ length: 100 }, (): Fields[0] => ['x-a', 'b']))],
    ['many cookies', with_(['cookie', 'a=b'], ['cookie', 'c=d'])],
    ['a method that is unknown', [[':method', 'GET'], scheme, [':path', '/?a=%zz&b=\xff'], authority]],
  ])('but %s is none', async (_name, fields) => {
    const bench = await openBench();
    const client = await bench.connect();
    await expectIgnored(client, () => (client.send(headers(1, fields)), 1));
    expect(bench.seen).toHaveLength(1);
  });

  it('CONNECT is answered or refused, and harms nobody', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(headers(1, [[':method', 'CONNECT'], [':authority', 'example.com:443']]));
    await client.settled();
    expect(client.goaway).toBe(undefined);
    await client.answered(1);
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
  });
});

describe('content-length and the body', () => {
  it.each([
    ['less than was told', 5, ['abc'], Flag.endStream],
    ['more than was told', 5, ['abc', 'def'], 0],
    ['nothing of what was told', 5, [''], Flag.endStream],
    ['something instead of nothing', 0, ['x'], Flag.endStream],
  ])('%s: no handler takes it for whole', async (_name, told, pieces, last) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/', [['content-length', String(told)]]), ...pieces.map((piece, i) => data(1, piece, i === pieces.length - 1 ? last : 0)));
    await expectResetOrRefused(client, 1, protocolError);
    await bench.until(() => bench.running === 0);
    expect(bench.bodies.filter((body) => typeof body === 'number')).toEqual([]);
  });

  it('exactly what was told is whole', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/', [['content-length', '6']]), data(1, 'abc', 0), data(1, 'def', 0), data(1, ''));
    expect((await client.answered(1)).body.toString()).toBe('POST 6');
  });
});

describe('trailers', () => {
  const begun = [post(1, '/', [['content-length', '5']]), data(1, 'hello', 0)];
  it('end a body', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(...begun, headers(1, [['x-checksum', 'abc']]));
    expect((await client.answered(1)).body.toString()).toBe('POST 5');
  });

  it('come in pieces, and without fields', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(...begun, first(1, block([['x-a', 'b']])), continuation(1, block([['x-c', 'd']]), Flag.endHeaders), post(3, '/'), first(3, Buffer.alloc(0), whole));
    expect((await client.answered(1)).body.toString()).toBe('POST 5');
    expect((await client.answered(3)).body.toString()).toBe('POST 0');
  });

  it.each<[string, Buffer]>([
    ['with pseudo fields', headers(1, [[':path', '/']])],
    ['with an upper-case name', headers(1, [['X-A', 'b']])],
    ['that do not end the request', headers(1, [['x-a', 'b']], Flag.endHeaders)],
    ['before the body is as long as was told', Buffer.concat([headers(1, [['x-a', 'b']])])],
  ])('%s: no handler takes the body for whole', async (name, trailers) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(...(name.startsWith('before') ? [post(1, '/', [['content-length', '6']]), data(1, 'hello', 0)] : begun), trailers);
    await expectResetOrRefused(client, 1, protocolError);
    await bench.until(() => bench.running === 0);
    expect(bench.bodies.filter((body) => typeof body === 'number')).toEqual([]);
  });

  it('after the end of the request', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'), headers(1, [['x-a', 'b']]));
    await expectResetOrRefused(client, 1, streamClosed);
  });
});

it('a request that is sent byte by byte is whole', async () => {
  const bench = await openBench();
  // A client that answers settings and pings by itself would do so amid a frame.
  const client = await bench.connect({ polite: false });
  const bytes = Buffer.concat([preface, settings(), post(1, '/', [['content-length', '300']]), data(1, 'x'.repeat(200), 0), data(1, 'x'.repeat(100), 0), headers(1, [['x-a', 'b']])]);
  for (const byte of bytes) await new Promise((resolve) => client.socket.write(Uint8Array.of(byte), resolve));
  expect((await client.answered(1)).body.toString()).toBe('POST 300');
});
