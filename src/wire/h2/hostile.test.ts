// Frames that break the rules of their own kind (RFC 9113, sections 3, 4 and 6), and those that only look strange: the
// server says what was wrong or takes no notice, and whoever comes next is served.
import { describe, expect, it } from 'vitest';
import { block, connectRaw, frame, frameHead, get, goaway, headers, ping, post, data, request, reset, settings, settingsAck, uint32, whole, windowUpdate, continuation } from './frames.case.ts';
import { expectIgnored, expectRefused, expectReset, expectResetOrRefused, judgeAfterEach, openBench } from './hostile.case.ts';
import { ErrorCode, Flag, FrameType, preface, Setting } from './protocol.ts';

judgeAfterEach();

const { protocolError, flowControlError, frameSizeError, enhanceYourCalm } = ErrorCode;

describe('the begin of a connection', () => {
  it.each([
    ['another version', 'PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['zeros', '\0'.repeat(64)],
    ['its last byte wrong', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r'],
  ])('a preface that is %s ends it', async (_name, text) => {
    const bench = await openBench();
    const client = await bench.connect({ polite: false });
    client.send(Buffer.from(text, 'latin1'));
    await client.ended();
    expect(bench.seen).toEqual([]);
  });

  it.each([
    ['a request', get(1, '/')],
    ['a ping', ping('early')],
    ['an acknowledgement', settingsAck],
  ])('settings come first: %s instead ends it', async (_name, first) => {
    const bench = await openBench();
    const client = await bench.connect({ polite: false });
    client.send(preface, first);
    await client.ended();
    expect(client.goaway ?? protocolError).toBe(protocolError);
    expect(bench.seen).toEqual([]);
  });

  it('is answered however it is cut', async () => {
    const bench = await openBench();
    const bytes = Buffer.concat([preface, settings(), get(1, '/'), post(3, '/'), data(3, 'hello')]);
    const client = await bench.connect({ polite: false });
    // A write of its own for each byte is a TLS record of its own.
    for (const byte of bytes) await new Promise((resolve) => client.socket.write(Uint8Array.of(byte), resolve));
    expect((await client.answered(1)).body.toString()).toBe('GET 0');
    expect((await client.answered(3)).body.toString()).toBe('POST 5');
  });

  it('tells the bounds of the listener', async () => {
    const bench = await openBench({ streamsPerConnection: 7, streamWindowBytes: 100_000, connectionWindowBytes: 300_000 });
    const client = await bench.connect();
    await client.settled();
    const [first, second] = client.frames;
    expect(first).toMatchObject({ type: FrameType.settings, flags: 0, stream: 0 });
    const told = new Map<number, number>();
    for (let at = 0; at < (first?.payload.length ?? 0); at += 6) told.set(first?.payload.readUInt16BE(at) ?? 0, first?.payload.readUInt32BE(at + 2) ?? 0);
    expect(told.get(Setting.maxConcurrentStreams)).toBe(7);
    expect(told.get(Setting.initialWindowSize)).toBe(100_000);
    expect(told.get(Setting.maxFrameSize)).toBeGreaterThanOrEqual(16_384);
    expect(told.get(Setting.maxHeaderListSize)).toBeGreaterThanOrEqual(1 << 20);
    expect(told.get(Setting.enablePush) ?? 0).toBe(0);
    // What is more than the 65,535 bytes that every connection begins with.
    expect(second).toMatchObject({ type: FrameType.windowUpdate, stream: 0, payload: uint32(300_000 - 65_535) });
  });
});

describe('frames of a wrong size', () => {
  it.each(Object.entries({ ...FrameType, unknown: 0xbb }))('%s: larger than announced, and refused before it has come', async (_name, type) => {
    const bench = await openBench();
    const client = await bench.connect();
    await client.settled();
    client.send(frameHead(2 ** 24 - 1, type, 0, type === FrameType.settings || type === FrameType.ping || type === FrameType.goaway ? 0 : 1));
    await client.ended();
    expect(client.goaway).toBe(frameSizeError);
  });

  it.each([
    ['PING of 7 bytes', frame(FrameType.ping, 0, 0, Buffer.alloc(7))],
    ['PING of 9 bytes', frame(FrameType.ping, 0, 0, Buffer.alloc(9))],
    ['PING of nothing', frame(FrameType.ping, 0, 0)],
    ['PING acknowledged with 4 bytes', frame(FrameType.ping, Flag.ack, 0, Buffer.alloc(4))],
    ['RST_STREAM of 3 bytes', frame(FrameType.rstStream, 0, 1, Buffer.alloc(3))],
    ['RST_STREAM of 5 bytes', frame(FrameType.rstStream, 0, 1, Buffer.alloc(5))],
    ['WINDOW_UPDATE of 3 bytes', frame(FrameType.windowUpdate, 0, 0, Buffer.alloc(3, 1))],
    ['WINDOW_UPDATE of 5 bytes on a stream', frame(FrameType.windowUpdate, 0, 1, Buffer.alloc(5, 1))],
    ['SETTINGS of 5 bytes', frame(FrameType.settings, 0, 0, Buffer.alloc(5))],
    ['SETTINGS of 7 bytes', frame(FrameType.settings, 0, 0, Buffer.alloc(7))],
    ['SETTINGS acknowledged with a setting', frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(6))],
    ['GOAWAY of 7 bytes', frame(FrameType.goaway, 0, 0, Buffer.alloc(7))],
    ['HEADERS with a priority of 4 bytes', frame(FrameType.headers, whole | Flag.priority, 3, Buffer.alloc(4))],
    ['HEADERS padded, without the length', frame(FrameType.headers, whole | Flag.padded, 3)],
    ['DATA padded, without the length', frame(FrameType.data, Flag.padded, 1)],
  ])('%s', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/'), bytes);
    await client.settled();
    expect([frameSizeError, protocolError], client.told()).toContain(client.goaway);
    await client.ended();
    // The request that was under way has not come whole.
    await bench.until(() => bench.running === 0);
    expect(bench.bodies.every((body) => body === 'PeerGoneError')).toBe(true);
  });

  it.each([4, 6])('PRIORITY of %d bytes', async (bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(frame(FrameType.priority, 0, 3, Buffer.alloc(bytes)));
    await expectResetOrRefused(client, 3, frameSizeError);
  });
});

describe('frames on a stream where they have no place', () => {
  it.each([
    ['SETTINGS', frame(FrameType.settings, 0, 1)],
    ['PING', frame(FrameType.ping, 0, 1, Buffer.alloc(8))],
    ['GOAWAY', frame(FrameType.goaway, 0, 1, Buffer.alloc(8))],
    ['DATA of the connection', data(0, 'x')],
    ['HEADERS of the connection', headers(0, request('GET', '/'))],
    ['PRIORITY of the connection', frame(FrameType.priority, 0, 0, Buffer.alloc(5))],
    ['RST_STREAM of the connection', reset(0)],
    ['CONTINUATION of the connection', continuation(0, block(request('GET', '/')), Flag.endHeaders)],
    ['PUSH_PROMISE by a client', frame(FrameType.pushPromise, Flag.endHeaders, 1, Buffer.concat([uint32(2), block(request('GET', '/'))]))],
  ])('%s', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(bytes);
    await expectRefused(client, protocolError);
    expect(bench.seen).toEqual([]);
  });
});

describe('what a server does not know', () => {
  it('frames of unknown types are passed over, on the connection, on streams and amid a body', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    for (const type of [0x0a, 0x10, 0x42, 0xff]) client.send(frame(type, 0xff, 0, Buffer.alloc(300)), frame(type, 0, 99, Buffer.alloc(1)), frame(type, 1, 2 ** 31 - 1));
    client.send(post(1, '/'), data(1, 'he', 0), frame(0x42, 5, 1, Buffer.from('not of the body')), data(1, 'llo'));
    expect((await client.answered(1)).body.toString()).toBe('POST 5');
  });

  it('but not amid a header block', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(frame(FrameType.headers, Flag.endStream, 1, block(request('GET', '/'))), frame(0x42, 0, 1), continuation(1, Buffer.alloc(0), Flag.endHeaders));
    await expectRefused(client, protocolError);
  });

  it('unknown flags and reserved bits change nothing', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    const reserved = 0x80000000;
    client.send(
      frame(FrameType.settings, 0xfe, 0),
      frame(FrameType.ping, 0xfe, 0, Buffer.from('flagged!')),
      frame(FrameType.headers, 0xd2 | Flag.endHeaders, reserved + 1, block(request('POST', '/'))),
      frame(FrameType.windowUpdate, 0xff, reserved, uint32(reserved + 5)),
      frame(FrameType.data, 0xf6, 1, Buffer.from('he')),
      frame(FrameType.data, 0xf7, reserved + 1, Buffer.from('llo')),
    );
    expect((await client.answered(1)).body.toString()).toBe('POST 5');
    expect(client.frames).toContainEqual({ type: FrameType.ping, flags: Flag.ack, stream: 0, payload: Buffer.from('flagged!') });
  });

  it('unknown settings, and those that concern nobody here, are acknowledged', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(settings([0x99, 1], [0xffff, 2 ** 32 - 1], [0, 0], [9, 1], [Setting.maxConcurrentStreams, 0], [Setting.maxHeaderListSize, 2 ** 32 - 1], [Setting.enablePush, 0], [Setting.enablePush, 1]));
    await expectIgnored(client, () => (client.send(get(1, '/')), 1));
    expect(client.frames.filter(({ type, flags }) => type === FrameType.settings && flags === Flag.ack)).toHaveLength(2);
  });
});

describe('settings', () => {
  it.each([
    ['ENABLE_PUSH of 2', Setting.enablePush, 2, protocolError],
    ['INITIAL_WINDOW_SIZE of 2^31', Setting.initialWindowSize, 2 ** 31, flowControlError],
    ['INITIAL_WINDOW_SIZE of 2^32-1', Setting.initialWindowSize, 2 ** 32 - 1, flowControlError],
    ['MAX_FRAME_SIZE of 16,383', Setting.maxFrameSize, 16_383, protocolError],
    ['MAX_FRAME_SIZE of 0', Setting.maxFrameSize, 0, protocolError],
    ['MAX_FRAME_SIZE of 2^24', Setting.maxFrameSize, 2 ** 24, protocolError],
  ])('%s is refused', async (_name, id, value, code) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(settings([id, value]));
    await expectRefused(client, code);
  });

  it('the last of several values counts, and each frame is acknowledged', async () => {
    const bench = await openBench();
    const client = await bench.connect({ windows: false });
    client.send(settings([Setting.initialWindowSize, 0], [Setting.initialWindowSize, 7]), settings(), settings(), get(1, '/bytes/100'));
    await client.until(() => client.answer(1).body.length === 7);
    await client.settled();
    expect(client.answer(1).body).toHaveLength(7);
    expect(client.frames.filter(({ type, flags }) => type === FrameType.settings && flags === Flag.ack)).toHaveLength(4);
  });

  it.each([[0], [1], [4096], [65_536], [2 ** 32 - 1]])('a header table of %d bytes is fine, and may change between two requests', async (bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/'));
    await client.answered(1);
    client.send(settings([Setting.headerTableSize, bytes]), settings([Setting.headerTableSize, 0]), get(3, '/'));
    expect(await client.answered(3)).toMatchObject({ status: 200, ended: true });
  });

  it('no frame is larger than the client allows', async () => {
    const bench = await openBench();
    const client = await bench.connect({ settings: [[Setting.initialWindowSize, 1 << 20]] });
    client.send(windowUpdate(0, 1 << 20), get(1, '/bytes/500000'));
    expect((await client.answered(1)).body).toHaveLength(500_000);
    client.send(settings([Setting.maxFrameSize, 2 ** 24 - 1]), get(3, '/bytes/500000'));
    expect((await client.answered(3)).body).toHaveLength(500_000);
    client.send(settings([Setting.maxFrameSize, 16_384]), ping('shrunk'));
    await client.settled();
    client.send(get(5, '/bytes/500000'));
    expect((await client.answered(5)).body).toHaveLength(500_000);
    for (const { stream, payload } of client.frames) if (stream !== 3) expect(payload.length).toBeLessThanOrEqual(16_384);
  });
});

describe('pings', () => {
  it('are answered with what they brought, in order', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(...Array.from({ length: 50 }, (_, i) => ping(`ping ${i}`)));
    await client.settled();
    const pongs = client.frames.filter(({ type, flags }) => type === FrameType.ping && flags === Flag.ack).map(({ payload }) => payload.toString().trim());
    expect(pongs.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => `ping ${i}`));
  });

  it('an answer that nobody asked for is passed over', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(ping('what?', Flag.ack));
    await expectIgnored(client, () => (client.send(get(1, '/')), 1));
    expect(client.frames.some(({ type, payload }) => type === FrameType.ping && payload.toString().startsWith('what?'))).toBe(false);
  });
});

describe('a client that asks without end and takes no answer', () => {
  const bytes = (once: Buffer): Buffer => Buffer.concat(Array.from({ length: 2000 }, () => once));
  it.each([
    ['pings', bytes(ping('flood'))],
    ['settings', bytes(settings([Setting.maxConcurrentStreams, 1]))],
    ['broken requests', undefined],
  ])('of %s is cut off, and costs little', async (_name, many) => {
    const bench = await openBench({ idleMs: 200, pingMs: 200 });
    const client = await bench.connect({ polite: false });
    client.send(preface, settings());
    await client.until(() => client.frames.length > 1);
    client.socket.pause();
    let stream = 1;
    const broken = (): Buffer => Buffer.concat(Array.from({ length: 500 }, () => headers((stream += 2), [[':method', 'GET']])));
    const before = process.memoryUsage().rss;
    let sent = 0;
    await new Promise<void>((resolve) => {
      client.socket.once('close', () => resolve());
      const more = (error?: Error | null): void => {
        // What was sent after the server's end tells of it.
        if (error || client.socket.destroyed) return resolve();
        const next = many ?? broken();
        sent += next.length;
        client.socket.write(next, more);
      };
      more();
    });
    expect(sent).toBeLessThan(64 << 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
    client.socket.destroy();
  });

  it('and one that takes them is served', async () => {
    const bench = await openBench();
    const client = await connectRaw(bench.server.port);
    for (let round = 0; round < 10; round++) {
      client.send(...Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? ping(`${round}.${i}`) : settings([Setting.enablePush, 0]))));
      await client.settled();
    }
    client.send(get(1, '/'));
    expect((await client.answered(1)).status).toBe(200);
    expect([undefined, enhanceYourCalm]).toContain(client.goaway);
    client.socket.destroy();
  });
});

describe('GOAWAY of a client', () => {
  it.each([
    ['without an error', goaway(0, ErrorCode.noError)],
    ['with an error and its story', goaway(0, ErrorCode.internalError, 'x'.repeat(10_000))],
    ['with an unknown error', goaway(2 ** 31 - 1, 0xdeadbeef)],
    ['twice', Buffer.concat([goaway(5, 0), goaway(7, 0)])],
  ])('%s: what is under way is answered', async (_name, bytes) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'), post(3, '/hold'));
    await bench.until(() => bench.seen.length === 2);
    client.send(bytes, data(3, 'the rest'));
    await bench.until(() => bench.bodies.length === 2);
    bench.release();
    expect((await client.answered(1)).body.toString()).toBe('held');
    expect((await client.answered(3)).body.toString()).toBe('held');
  });
});

describe('priorities, which nobody heeds any more', () => {
  const priority = (stream: number, on: number): Buffer => frame(FrameType.priority, 0, stream, Buffer.concat([uint32(on), Uint8Array.of(10)]));
  it('come for any stream at any time, and with requests', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(priority(1, 0), priority(3, 1), priority(2, 7), priority(2 ** 31 - 1, 5));
    client.send(frame(FrameType.headers, whole | Flag.priority, 1, Buffer.concat([uint32(0x80000003), Uint8Array.of(255), block(request('GET', '/'))])));
    expect((await client.answered(1)).status).toBe(200);
    client.send(priority(1, 9));
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
  });

  it('a stream that is to depend on itself harms at most itself', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(priority(5, 5));
    await client.settled();
    expect([undefined, protocolError]).toContain(client.answer(5).reset ?? client.goaway);
    if (client.goaway === undefined) await expectIgnored(client, () => (client.send(get(7, '/')), 7));
  });

  it('has no place amid a header block', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(frame(FrameType.headers, Flag.endStream, 1, block(request('GET', '/'))), priority(3, 0));
    await expectRefused(client, protocolError);
  });
});

it('a wrong increment on one stream leaves the others alone', async () => {
  const bench = await openBench();
  const client = await bench.connect();
  client.send(get(1, '/hold'), get(3, '/hold'), windowUpdate(1, 0));
  await expectReset(client, 1, protocolError);
  bench.release();
  expect((await client.answered(3)).body.toString()).toBe('held');
});
