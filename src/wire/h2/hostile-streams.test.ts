// Streams (RFC 9113, 5.1): their numbers, their states, how many there may be, and clients that open and drop them
// faster than anybody could serve them.
import { describe, expect, it } from 'vitest';
import { data, frame, get, headers, post, type RawClient, request, reset, windowUpdate } from './frames.case.ts';
import { expectIgnored, expectRefused, expectResetOrRefused, judgeAfterEach, openBench, pattern } from './hostile.case.ts';
import { ErrorCode, Flag, FrameType, Setting } from './protocol.ts';

judgeAfterEach();

const { protocolError, streamClosed, refusedStream, enhanceYourCalm, cancel } = ErrorCode;

describe('the number of a stream', () => {
  it('is odd', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(2, '/'));
    await expectRefused(client, protocolError);
    expect(bench.seen).toEqual([]);
  });

  it('is higher than all before it', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(5, '/hold'), get(3, '/'));
    await expectRefused(client, protocolError, streamClosed);
    expect(bench.seen).toEqual(['GET /hold']);
  });

  it('is not used twice', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/'));
    await client.answered(1);
    client.send(get(1, '/'));
    await expectRefused(client, protocolError, streamClosed);
    expect(bench.seen).toEqual(['GET /']);
  });

  it('may leave any out, up to the last there is', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    for (const stream of [7, 1001, 2 ** 31 - 1]) {
      client.send(get(stream, '/'));
      expect((await client.answered(stream)).status).toBe(200);
    }
    client.send(get(1, '/'));
    await expectRefused(client, protocolError, streamClosed);
  });
});

describe('a reset', () => {
  it('of a stream that nobody opened', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(reset(1));
    await expectRefused(client, protocolError);
  });

  it('of a stream that is over, twice, with an unknown reason', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/'));
    await client.answered(1);
    client.send(reset(1), reset(1, 0xdeadbeef), get(3, '/hold'), reset(3, 0xffffffff), reset(3));
    await expectIgnored(client, () => (client.send(get(5, '/')), 5));
    await bench.until(() => bench.running === 0);
  });

  it.each([
    ['before its answer', '/hold'],
    ['amid an answer that waits', '/bytes/900000'],
    ['amid a streamed answer', '/stream/900000/1000'],
  ])('%s ends the exchange and nothing else', async (_name, path) => {
    const bench = await openBench();
    const client = await bench.connect({ settings: [[Setting.initialWindowSize, 1000]], windows: false });
    client.send(get(1, path), get(3, '/hold'));
    await bench.until(() => bench.seen.length === 2);
    if (path !== '/hold') await client.until(() => client.answer(1).body.length === 1000);
    client.send(reset(1, cancel), windowUpdate(1, 10_000));
    await client.settled();
    await bench.until(() => bench.running === 1);
    bench.release();
    expect((await client.answered(3)).body.toString()).toBe('held');
    expect(client.answer(1).ended).toBe(false);
  });

  it('amid a body fails its reader', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/'), data(1, 'half', 0), reset(1, ErrorCode.noError));
    await bench.until(() => bench.bodies.length === 1);
    expect(bench.bodies).toEqual(['PeerGoneError']);
  });
});

describe('frames on a stream that is over', () => {
  it.each([
    ['HEADERS after the request was whole', get(1, '/hold'), get(1, '/')],
    ['HEADERS after a reset', Buffer.concat([get(1, '/hold'), reset(1)]), get(1, '/')],
    ['DATA after a reset', Buffer.concat([post(1, '/hold'), reset(1)]), data(1, 'x')],
  ])('%s', async (_name, before, after) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(before, after);
    await expectResetOrRefused(client, 1, streamClosed, protocolError);
    expect(bench.seen.length).toBeLessThan(2);
  });

  it('trailers on their way to a stream that the server has reset are dropped', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/hold'), windowUpdate(1, 0));
    await client.until(() => client.answer(1).reset === protocolError);
    client.send(data(1, 'on its way', 0), headers(1, [['x-a', 'b']]));
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
  });
});

describe('more streams than announced', () => {
  it('are refused one by one, and taken again when others end', async () => {
    const bench = await openBench({ streamsPerConnection: 5 });
    const client = await bench.connect();
    const streams = [1, 3, 5, 7, 9];
    client.send(...streams.map((stream) => get(stream, '/hold')), get(11, '/'), post(13, '/'), data(13, 'x'));
    await client.settled();
    expect(client.goaway).toBe(undefined);
    expect([refusedStream, protocolError]).toContain(client.answer(11).reset);
    expect([refusedStream, protocolError]).toContain(client.answer(13).reset);
    expect(bench.seen).toEqual(streams.map(() => 'GET /hold'));
    client.send(reset(1));
    await expectIgnored(client, () => (client.send(get(15, '/')), 15));
    bench.release();
    for (const stream of streams.slice(1)) expect((await client.answered(stream)).body.toString()).toBe('held');
  });

  it('ten thousand of them harm nobody', async () => {
    const bench = await openBench({ streamsPerConnection: 5 });
    const client = await bench.connect();
    let stream = 1;
    for (let round = 0; round < 20 && client.goaway === undefined; round++) {
      client.send(...Array.from({ length: 500 }, () => get((stream += 2), '/hold')));
      await client.settled();
    }
    expect(bench.mostRunning).toBeLessThanOrEqual(5);
  });
});

/** Sends what `attack` makes of a stream's number until the connection is cut off, or there were enough. */
async function attack(client: RawClient, streams: number, make: (stream: number) => Buffer): Promise<void> {
  for (let stream = 1; stream < 2 * streams && client.goaway === undefined && !client.closed; ) {
    const frames: Buffer[] = [];
    for (let i = 0; i < 100; i++, stream += 2) frames.push(make(stream));
    client.send(...frames);
    await client.settled();
  }
}

describe('streams that are opened to be dropped', () => {
  const limits = { streamsPerConnection: 10, resetBurst: 200, resetsPerSecond: 10 };
  it.each<[string, (stream: number) => Buffer]>([
    ['by the client', (stream) => Buffer.concat([get(stream, '/hold'), reset(stream)])],
    ['by the client, amid a body', (stream) => Buffer.concat([post(stream, '/unread'), data(stream, 'x', 0), reset(stream)])],
  ])('%s: the connection is cut', async (_name, make) => {
    const bench = await openBench(limits);
    const client = await bench.connect();
    await attack(client, 5000, make);
    await client.ended();
    expect([enhanceYourCalm, undefined]).toContain(client.goaway);
    expect(bench.seen.length).toBeLessThan(1000);
    await bench.until(() => bench.running === 0);
  });

  it.each<[string, (stream: number) => Buffer]>([
    ['a window of nothing', (stream) => Buffer.concat([get(stream, '/hold'), windowUpdate(stream, 0)])],
    ['a window too large', (stream) => Buffer.concat([get(stream, '/hold'), windowUpdate(stream, 2 ** 31 - 1)])],
    ['DATA after the end', (stream) => Buffer.concat([get(stream, '/hold'), data(stream, 'x')])],
    ['trailers with pseudo fields', (stream) => Buffer.concat([post(stream, '/hold'), headers(stream, [[':path', '/']])])],
    ['a content-length that is wrong', (stream) => Buffer.concat([post(stream, '/hold', [['content-length', '1']]), data(stream, 'xyz')])],
  ])('by the server, who is made to by %s: the connection is cut', async (_name, make) => {
    const bench = await openBench(limits);
    const client = await bench.connect();
    await attack(client, 5000, make);
    await client.ended();
    expect([enhanceYourCalm, streamClosed, protocolError, ErrorCode.flowControlError, undefined]).toContain(client.goaway);
    expect(bench.seen.length).toBeLessThan(1000);
    await bench.until(() => bench.running === 0);
  });

  it('a client that gives up a few is served on', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    await attack(client, 500, (stream) => Buffer.concat([get(stream, '/hold'), reset(stream)]));
    await expectIgnored(client, () => (client.send(get(2001, '/')), 2001));
  });
});

it('answers with large heads and bodies are whole on many streams at once', async () => {
  const bench = await openBench();
  const client = await bench.connect({ settings: [[Setting.maxHeaderListSize, 1 << 20]] });
  const streams = Array.from({ length: 100 }, (_, i) => 2 * i + 1);
  client.send(...streams.map((stream) => get(stream, `/headed/${stream * 700}/${70_000 - stream * 300}`)));
  for (const stream of streams) {
    const { status, body } = await client.answered(stream);
    expect([stream, status, body.length]).toEqual([stream, 200, 70_000 - stream * 300]);
    expect(body.equals(pattern(body.length))).toBe(true);
  }
  expect(client.frames.every(({ type, payload }) => (type !== FrameType.headers && type !== FrameType.continuation) || payload.length <= 16_384)).toBe(true);
});

it('an answer is whole whatever the length of its head', async () => {
  const bench = await openBench();
  const client = await bench.connect();
  let stream = -1;
  for (const around of [16_384, 32_768, 49_152, 65_536]) {
    const streams: number[] = [];
    for (let bytes = around - 120; bytes <= around + 10; bytes++) {
      streams.push((stream += 2));
      client.send(get(stream, `/headed/${bytes}/300`));
      await client.answered(stream);
      expect([bytes, client.answer(stream).body.equals(pattern(300))]).toEqual([bytes, true]);
    }
  }
  expect(client.goaway).toBe(undefined);
});

it('frames of a client in any order of its streams find theirs', async () => {
  const bench = await openBench();
  const client = await bench.connect();
  const streams = Array.from({ length: 30 }, (_, i) => 2 * i + 1);
  client.send(...streams.map((stream) => headers(stream, request('PUT', `/${stream}`), Flag.endHeaders)));
  for (let round = 0; round < 10; round++) client.send(...[...streams].reverse().map((stream) => frame(FrameType.data, 0, stream, Buffer.alloc(stream))));
  client.send(...streams.map((stream) => data(stream, '')));
  for (const stream of streams) expect((await client.answered(stream)).body.toString()).toBe(`PUT ${stream * 10}`);
});
