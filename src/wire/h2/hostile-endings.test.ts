// Connections that end where nobody expects it: in the middle of a byte's meaning, of a request, of an answer. Whoever
// was at work hears of it, and nothing of the connection stays.
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { serveHttp } from '../http/server.ts';
import { serverCertificate, world } from '../http/test-server.case.ts';
import { pending } from '../http/transport.case.ts';
import { block, connectRaw, data, frame, frameHead, get, goaway, post, request, settings, windowUpdate } from './frames.case.ts';
import { judgeAfterEach, openBench } from './hostile.case.ts';
import { ErrorCode, Flag, FrameType, preface, Setting } from './protocol.ts';

judgeAfterEach();

const none = Buffer.alloc(0);
const hello = Buffer.concat([preface, settings()]);
const states: readonly (readonly [name: string, bytes: Buffer, exchanges: number])[] = [
  ['before the preface', none, 0],
  ['amid the preface', preface.subarray(0, 10), 0],
  ['after the preface', preface, 0],
  ['amid the head of a frame', Buffer.concat([hello, frameHead(20, FrameType.headers, 0, 1).subarray(0, 5)]), 0],
  ['amid the first header block', Buffer.concat([hello, get(1, '/').subarray(0, 30)]), 0],
  ['before a continuation', Buffer.concat([hello, frame(FrameType.headers, Flag.endStream, 1, block(request('GET', '/')).subarray(0, 9))]), 0],
  ['after the head of a request', Buffer.concat([hello, post(1, '/')]), 1],
  ['amid a body', Buffer.concat([hello, post(1, '/'), data(1, 'half', 0)]), 1],
  ['amid the head of DATA', Buffer.concat([hello, post(1, '/'), data(1, 'half', 0).subarray(0, 7)]), 1],
  ['amid DATA', Buffer.concat([hello, post(1, '/'), data(1, 'half').subarray(0, 11)]), 1],
  ['while a handler waits', Buffer.concat([hello, get(1, '/hold')]), 1],
  ['while a body is not read', Buffer.concat([hello, post(1, '/unread'), data(1, Buffer.alloc(100_000), 0)]), 1],
  ['while an answer waits for its window', Buffer.concat([preface, settings([Setting.initialWindowSize, 0]), get(1, '/bytes/100000')]), 1],
  ['while a streamed answer waits for its window', Buffer.concat([preface, settings([Setting.initialWindowSize, 100]), get(1, '/stream/3000000/1000')]), 1],
  ['while many things wait', Buffer.concat([hello, ...Array.from({ length: 100 }, (_, i) => get(2 * i + 1, ['/hold', '/bytes/90000', '/stream/900000/500'][i % 3] ?? '/'))]), 100],
];

describe.each([
  ['a reset of its socket', (destroy: () => void) => destroy()],
  ['a half close', (_destroy: () => void, end: () => void) => end()],
])('%s', (_name, close) => {
  it.each(states)('%s', async (_state, bytes, exchanges) => {
    const bench = await openBench();
    const client = await bench.connect({ polite: false });
    client.send(bytes);
    await bench.until(() => bench.seen.length === exchanges);
    if (exchanges === 0 && bytes.length > preface.length) await client.until(() => client.frames.length > 0);
    close(() => client.socket.destroy(), () => client.socket.end());
    await client.ended();
    await bench.until(() => bench.running === 0);
    if (bytes.includes('half')) expect(bench.bodies).toEqual(['PeerGoneError']);
  });
});

it('the end of one connection leaves another alone', async () => {
  const bench = await openBench();
  const [one, other] = [await bench.connect(), await bench.connect()];
  one.send(get(1, '/hold'));
  other.send(get(1, '/hold'));
  await bench.until(() => bench.running === 2);
  one.socket.destroy();
  await bench.until(() => bench.running === 1);
  bench.release();
  expect((await other.answered(1)).body.toString()).toBe('held');
});

it('requests in one record are all answered', async () => {
  const bench = await openBench();
  const client = await bench.connect();
  const streams = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
  client.send(...streams.flatMap((stream) => (stream % 4 === 1 ? [get(stream, `/bytes/${stream * 10}`)] : [post(stream, '/'), data(stream, 'x'.repeat(stream), 0), data(stream, '')])));
  for (const stream of streams) {
    const { body } = await client.answered(stream);
    expect(stream % 4 === 1 ? body.length : body.toString()).toBe(stream % 4 === 1 ? stream * 10 : `POST ${stream}`);
  }
});

it('the last answer of a connection is whole for a client that takes its time', async () => {
  // The times of the server's are over when the test says so.
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delayMs, run, options) {
      if (delayMs < 60_000) timers.push(run);
      return systemClock.after(60_000 + delayMs, run, { ...options, background: true });
    },
  };
  const bytes = 8 << 20;
  const answered = pending<void>();
  const server = await serveHttp(
    { ...world, clock },
    {
      host: '127.0.0.1',
      port: 0,
      tls: serverCertificate,
      handler: async (exchange) => {
        exchange.send(200, {}, Buffer.alloc(bytes, 'x'));
        answered.resolve();
      },
    },
  );
  const client = await connectRaw(server.port, { settings: [[Setting.initialWindowSize, bytes]], windows: false });
  client.send(windowUpdate(0, bytes), get(1, '/'), goaway(0, ErrorCode.noError));
  await answered.promise;
  const closed = server.close({ graceMs: 3_600_000 });
  let taken = 0;
  while (!client.answer(1).ended && !client.closed) {
    // It takes a little and says so, and then the server's patience is over.
    client.send(windowUpdate(0, 1));
    client.socket.resume();
    await client.until(() => client.frames.length > taken);
    client.socket.pause();
    taken = client.frames.length;
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => endOfTurn(resolve));
    for (const run of timers.splice(0)) run();
  }
  expect(client.answer(1).body).toHaveLength(bytes);
  client.socket.destroy();
  await closed;
});
