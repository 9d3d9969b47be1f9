// Flow control (RFC 9113, 5.2, 6.1 and 6.9) with clients that are stingy, too generous, or take what they were not given:
// an answer arrives whole however thin its windows are, and what is not read costs no more than was announced.
import { describe, expect, it } from 'vitest';
import { data, frame, get, ping, post, type RawClient, reset, settings, windowUpdate } from './frames.case.ts';
import { expectIgnored, expectRefused, expectReset, expectResetOrRefused, judgeAfterEach, openBench, pattern } from './hostile.case.ts';
import { ErrorCode, Flag, FrameType, Setting } from './protocol.ts';

judgeAfterEach();

const { protocolError, flowControlError, streamClosed, enhanceYourCalm } = ErrorCode;
const most = 2 ** 31 - 1;
const window = (bytes: number): { settings: [number, number][]; windows: false } => ({ settings: [[Setting.initialWindowSize, bytes]], windows: false });
const received = (client: RawClient, stream: number): number => client.answer(stream).body.length;

describe('thin windows', () => {
  it('an answer arrives byte by byte', async () => {
    const bench = await openBench();
    const client = await bench.connect(window(0));
    client.send(get(1, '/bytes/300'), get(3, '/stream/300/7'));
    for (let i = 1; i <= 300; i++) {
      client.send(windowUpdate(1, 1), windowUpdate(3, 1));
      await client.until(() => received(client, 1) === i && received(client, 3) === i);
    }
    await Promise.all([client.answered(1), client.answered(3)]);
    expect(client.answer(1).body.equals(pattern(300))).toBe(true);
    expect(client.answer(3).body.equals(pattern(300))).toBe(true);
  });

  it('an empty answer needs no window', async () => {
    const bench = await openBench();
    const client = await bench.connect(window(0));
    client.send(get(1, '/bytes/0'), get(3, '/stream/0/1'));
    expect(await client.answered(1)).toMatchObject({ status: 200, ended: true });
    expect(await client.answered(3)).toMatchObject({ status: 200, ended: true });
  });

  it('many streams share the window of the connection, and none is lost', async () => {
    const bench = await openBench();
    const client = await bench.connect({ settings: [[Setting.initialWindowSize, 1 << 20]], windows: false });
    const streams = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    client.send(...streams.map((stream) => get(stream, stream % 4 === 1 ? '/bytes/20000' : '/stream/20000/3000')));
    const total = (): number => streams.reduce((sum, stream) => sum + received(client, stream), 0);
    await client.until(() => total() === 65_535);
    await client.settled();
    expect(total()).toBe(65_535);
    for (let given = 65_535; given < 400_000; given += 10_007) {
      client.send(windowUpdate(0, 10_007));
      await client.until(() => total() === Math.min(400_000, given + 10_007));
    }
    for (const stream of streams) {
      await client.answered(stream);
      expect(client.answer(stream).body.equals(pattern(20_000))).toBe(true);
    }
  });

  it('a stream that waits for its own window holds up no other', async () => {
    const bench = await openBench();
    const client = await bench.connect({ windows: false });
    client.send(settings([Setting.initialWindowSize, 10]), get(1, '/bytes/1000'), get(3, '/bytes/1000'), windowUpdate(3, 5000));
    expect((await client.answered(3)).body.equals(pattern(1000))).toBe(true);
    expect(received(client, 1)).toBe(10);
    client.send(windowUpdate(1, 990));
    expect((await client.answered(1)).body.equals(pattern(1000))).toBe(true);
  });
});

describe('a window that changes while answers wait', () => {
  it('grows, shrinks below zero, and counts what was sent', async () => {
    const bench = await openBench();
    const client = await bench.connect(window(0));
    const streams = [1, 3, 5];
    client.send(...streams.map((stream) => get(stream, '/bytes/100')));
    await client.until(() => streams.every((stream) => client.answer(stream).status === 200));
    client.send(settings([Setting.initialWindowSize, 10]));
    await client.until(() => streams.every((stream) => received(client, stream) === 10));
    // Now at -10; five more leave it below zero.
    client.send(settings([Setting.initialWindowSize, 0]), windowUpdate(1, 5));
    await client.settled();
    expect(streams.map((stream) => received(client, stream))).toEqual([10, 10, 10]);
    client.send(windowUpdate(1, 10));
    await client.until(() => received(client, 1) === 15);
    await client.settled();
    expect(streams.map((stream) => received(client, stream))).toEqual([15, 10, 10]);
    client.send(settings([Setting.initialWindowSize, 1000]));
    for (const stream of streams) expect((await client.answered(stream)).body.equals(pattern(100))).toBe(true);
  });

  it('a thousand times, with many answers waiting', async () => {
    const bench = await openBench();
    const client = await bench.connect(window(0));
    const streams = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
    client.send(...streams.map((stream) => get(stream, '/bytes/50')));
    await client.until(() => streams.every((stream) => client.answer(stream).status === 200));
    for (let i = 0; i < 10; i++) {
      client.send(...Array.from({ length: 100 }, (_, j) => settings([Setting.initialWindowSize, j % 2])));
      await client.settled();
    }
    client.send(settings([Setting.initialWindowSize, 50]));
    for (const stream of streams) expect((await client.answered(stream)).body.equals(pattern(50))).toBe(true);
  });

  it('the window of the connection is not moved by settings', async () => {
    const bench = await openBench();
    const client = await bench.connect({ windows: false });
    client.send(settings([Setting.initialWindowSize, most]), get(1, '/bytes/100000'));
    await client.until(() => received(client, 1) === 65_535);
    client.send(settings([Setting.initialWindowSize, 0]), windowUpdate(0, 10));
    await client.settled();
    expect(received(client, 1)).toBe(65_535);
    client.send(settings([Setting.initialWindowSize, most]));
    await client.until(() => received(client, 1) === 65_545);
    client.send(windowUpdate(0, 100_000));
    expect((await client.answered(1)).body.equals(pattern(100_000))).toBe(true);
  });
});

describe('windows that are wrong', () => {
  it('an increment of nothing: the connection', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(windowUpdate(0, 0));
    await expectRefused(client, protocolError);
  });

  it('an increment of nothing: the stream', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'), windowUpdate(1, 0));
    await expectReset(client, 1, protocolError);
    await bench.until(() => bench.running === 0);
  });

  it('too large at once, and by one: the connection', async () => {
    const bench = await openBench();
    for (const bytes of [[most], [most - 65_535, 1]]) {
      const client = await bench.connect();
      client.send(...bytes.map((each) => windowUpdate(0, each)));
      await expectRefused(client, flowControlError);
    }
  });

  it('too large at once, and by one: the stream', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'), windowUpdate(1, most), get(3, '/hold'), windowUpdate(3, most - 65_535), windowUpdate(3, 1));
    await expectReset(client, 1, flowControlError);
    await expectReset(client, 3, flowControlError);
    await bench.until(() => bench.running === 0);
    await expectIgnored(client, () => (client.send(get(5, '/')), 5));
  });

  it('just as large as it may be', async () => {
    const bench = await openBench();
    const client = await bench.connect({ windows: false });
    client.send(windowUpdate(0, most - 65_535), get(1, '/hold'), windowUpdate(1, most - 65_535), get(3, '/bytes/70000'), windowUpdate(3, most - 65_535));
    expect((await client.answered(3)).body.equals(pattern(70_000))).toBe(true);
  });

  it('settings that make the window of a stream too large', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'), windowUpdate(1, most - 65_535), settings([Setting.initialWindowSize, 65_536]));
    await expectRefused(client, flowControlError);
  });

  it('of a stream that is not there yet', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(windowUpdate(1, 1));
    await expectRefused(client, protocolError);
  });

  it('of a stream that is over, or half over, are fine', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/'));
    await client.answered(1);
    client.send(windowUpdate(1, 1), windowUpdate(1, most), get(3, '/hold'), windowUpdate(3, 5), reset(3), windowUpdate(3, 5));
    await expectIgnored(client, () => (client.send(get(5, '/')), 5));
  });

  it('of one byte, very often, do no harm', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(get(1, '/hold'));
    const many = Buffer.concat(Array.from({ length: 10_000 }, (_, i) => windowUpdate(i % 2, 1)));
    for (let i = 0; i < 5; i++) {
      client.send(many);
      await client.settled();
    }
    expect([undefined, enhanceYourCalm]).toContain(client.goaway);
    bench.release();
  });
});

describe('bodies and what the server allows', () => {
  it('as much as was announced is taken though nobody reads it; one byte more is refused', async () => {
    const bench = await openBench({ streamWindowBytes: 70_000, connectionWindowBytes: 1 << 20 });
    const client = await bench.connect();
    client.send(post(1, '/unread'), ...Array.from({ length: 7 }, () => data(1, Buffer.alloc(10_000), 0)));
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
    client.send(data(1, 'x', 0));
    await expectResetOrRefused(client, 1, flowControlError);
    await bench.until(() => bench.running === 0);
  });

  it('more than the connection allows is refused', async () => {
    const bench = await openBench({ streamWindowBytes: 1 << 20, connectionWindowBytes: 100_000 });
    const client = await bench.connect();
    await client.settled();
    // In one write: nothing can have been given back when the last byte is looked at.
    client.send(post(1, '/unread'), frame(FrameType.data, 0, 1, Buffer.alloc(16_384)), frame(FrameType.data, 0, 1, Buffer.alloc(220_000)));
    await expectRefused(client, flowControlError);
  });

  const upload = async (client: RawClient, stream: number, bytes: number, padding: number): Promise<void> => {
    const allowed = (): number => client.frames.reduce((sum, { type, stream: of, payload }) => (type === FrameType.windowUpdate && of === stream ? sum + payload.readUInt32BE(0) : sum), 65_536);
    let cost = 0;
    for (let at = 0; at < bytes; at += 1000) {
      const piece = Buffer.alloc(Math.min(1000, bytes - at));
      const payload = padding === 0 ? piece : Buffer.concat([Uint8Array.of(padding), piece, Buffer.alloc(padding)]);
      await client.until(() => allowed() - cost >= payload.length);
      cost += payload.length;
      client.send(data(stream, payload, (padding === 0 ? 0 : Flag.padded) | (at + 1000 >= bytes ? Flag.endStream : 0)));
    }
  };

  it('a body in frames of a byte costs little while it waits, and is whole', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/unread'), post(3, '/hold'));
    await client.settled();
    const before = process.memoryUsage().heapUsed;
    const bytes = Buffer.concat(Array.from({ length: 20_000 }, () => data(1, 'x', 0)));
    for (let round = 0; round < 10; round++) {
      client.send(bytes);
      await client.settled();
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 << 20);
    client.send(...Array.from({ length: 5000 }, () => data(3, 'ab', 0)), data(3, 'c'));
    await bench.until(() => bench.bodies.length === 1);
    expect(bench.bodies).toEqual([10_001]);
    bench.release();
    expect((await client.answered(1)).status).toBe(200);
  });

  it('a byte that waits costs little, whatever came around it', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/unread'));
    const byte = Buffer.concat([data(1, 'x', 0), frame(0x42, 0, 0, Buffer.alloc(16_000))]);
    await client.settled();
    const before = process.memoryUsage().external;
    for (let round = 0; round < 120; round++) {
      // A record each.
      for (let i = 0; i < 50; i++) client.socket.write(byte);
      await client.settled();
    }
    // Of 96 MB that were sent.
    expect(process.memoryUsage().external - before).toBeLessThan(48 << 20);
    bench.release();
    expect((await client.answered(1)).status).toBe(200);
  });

  it.each([0, 255])('an upload goes on as it is read, with %d bytes of padding in each frame', async (padding) => {
    const bench = await openBench({ streamWindowBytes: 65_536, connectionWindowBytes: 100_000 });
    const client = await bench.connect();
    await client.settled();
    client.send(post(1, '/'));
    await upload(client, 1, 1_000_000, padding);
    expect((await client.answered(1)).body.toString()).toBe('POST 1000000');
  });

  it.each([
    ['answered without being read', '/ignore', false],
    ['reset by the client', '/unread', true],
    ['too large', '/', false],
  ])('what is %s does not use up the connection', async (_name, path, resets) => {
    const bench = await openBench({ streamWindowBytes: 65_536, connectionWindowBytes: 200_000 });
    const client = await bench.connect();
    await client.settled();
    const length: [string, string][] = path === '/' ? [['content-length', '5000000']] : [];
    let sent = 0;
    const allowed = (): number => client.frames.reduce((sum, { type, stream, payload }) => (type === FrameType.windowUpdate && stream === 0 ? sum + payload.readUInt32BE(0) : sum), 65_535);
    for (let stream = 1; stream < 60; stream += 2) {
      await client.until(() => allowed() - sent >= 60_000);
      sent += 60_000;
      client.send(post(stream, path, length), ...Array.from({ length: 6 }, () => data(stream, Buffer.alloc(10_000), 0)));
      if (resets) client.send(reset(stream));
      else await client.answered(stream);
    }
    await expectIgnored(client, () => (client.send(get(61, '/')), 61));
  });
});

describe('DATA', () => {
  it('on a stream that nobody opened', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(data(1, 'x'));
    await expectRefused(client, protocolError, streamClosed);
  });

  it.each([
    ['has its whole request', [get(1, '/hold')]],
    ['has its whole body', [post(1, '/hold'), data(1, 'all')]],
  ])('on a stream that %s', async (_name, frames) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(...frames, data(1, 'x'));
    await expectResetOrRefused(client, 1, streamClosed);
  });

  it('on a stream that is over, and on one that its client has reset', async () => {
    const bench = await openBench();
    for (const over of [get(1, '/'), Buffer.concat([get(1, '/hold'), reset(1)])]) {
      const client = await bench.connect();
      client.send(over, ping('over'));
      if (over.length === get(1, '/').length) await client.answered(1);
      client.send(data(1, 'x'));
      await expectResetOrRefused(client, 1, streamClosed);
    }
  });

  it('on its way to a stream that the server has reset is dropped', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/ignore'), data(1, 'x', 0));
    const answer = await client.answered(1);
    expect(answer).toMatchObject({ status: 200, ended: true });
    client.send(data(1, 'more', 0), data(1, 'and more', 0), data(1, 'the end'));
    await expectIgnored(client, () => (client.send(get(3, '/')), 3));
    expect([undefined, ErrorCode.noError]).toContain(client.answer(1).reset);
  });

  it('with padding of any length', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    const padded = (text: string, padding: number, flags: number): Buffer => frame(FrameType.data, Flag.padded | flags, 1, Buffer.concat([Uint8Array.of(padding), Buffer.from(text), Buffer.alloc(padding, 0x55)]));
    client.send(post(1, '/'), padded('he', 0, 0), padded('', 255, 0), padded('llo', 255, 0), padded('', 0, 0), padded(' you', 1, Flag.endStream));
    expect((await client.answered(1)).body.toString()).toBe('POST 9');
  });

  it.each([
    ['as long as its frame', Buffer.concat([Uint8Array.of(5), Buffer.alloc(4)])],
    ['longer than its frame', Buffer.concat([Uint8Array.of(255), Buffer.alloc(4)])],
    ['of which only the length is there', Uint8Array.of(1)],
  ])('with padding %s', async (_name, payload) => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/'), frame(FrameType.data, Flag.padded | Flag.endStream, 1, payload));
    await expectRefused(client, protocolError);
    await bench.until(() => bench.running === 0);
    expect(bench.bodies).not.toContain(0);
  });

  it('of nothing, without end: served or cut off, and never stuck', async () => {
    const bench = await openBench();
    const client = await bench.connect();
    client.send(post(1, '/'));
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => data(1, '', 0)));
    for (let i = 0; i < 10 && client.goaway === undefined; i++) {
      client.send(many);
      await client.settled();
    }
    client.send(data(1, 'end'));
    if (client.goaway === undefined) expect((await client.answered(1)).body.toString()).toBe('POST 3');
    else expect(client.goaway).toBe(enhanceYourCalm);
  });
});
