// Random frames: sound conversations with bytes changed, frames dropped, doubled and swapped, and plain noise, each on a
// connection of its own that ends in one of three ways. Nothing may be thrown, every exchange ends, and a good client is
// answered all the while. The seed is told with every failure.
import { expect, it } from 'vitest';
import { type Random, randomInt, seededRandom } from '#base/random.ts';
import { block, connectRaw, continuation, data, type Fields, frame, get, goaway, headers, ping, post, request, reset, settings, settingsAck, windowUpdate } from './frames.case.ts';
import { goodAnswer, judgeAfterEach, openBench } from './hostile.case.ts';
import { Flag, FrameType, preface } from './protocol.ts';

judgeAfterEach();

const limits = { streamsPerConnection: 20, streamWindowBytes: 20_000, connectionWindowBytes: 100_000, headerBytes: 5000, resetBurst: 50, resetsPerSecond: 20 };
const paths = ['/', '/hold', '/unread', '/ignore', '/bytes/0', '/bytes/1', '/bytes/40000', '/stream/30000/700', '/headed/20000/5000', '/nothing?x=1'];
const interesting = [0, 1, 2, 3, 4, 5, 9, 100, 16_383, 16_384, 20_000, 20_001, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomInt(random, from.length)] as T;
}

function fields(random: Random): Fields {
  const some = [...request(pick(random, ['GET', 'POST', 'HEAD', 'CONNECT', 'x']), pick(random, paths))];
  for (let i = randomInt(random, 4); i > 0; i--) {
    some.splice(randomInt(random, 8), 0, pick(random, [['te', 'trailers'], ['te', 'x'], ['x-a', 'v'.repeat(randomInt(random, 2000))], ['content-length', '5'], ['Upper', 'x'], [':path', '/'], ['', ''], ['cookie', 'a=b']] as const));
  }
  return some;
}

/** A frame that is sound, or nearly so, on a stream that may be there. */
function randomFrame(random: Random, newest: number): Buffer {
  const stream = Math.max(0, newest - randomInt(random, 8));
  const bytes = (): Uint8Array => random.bytes(randomInt(random, 40));
  const value = pick(random, interesting);
  const makers: readonly (() => Buffer)[] = [
    () => get(newest, pick(random, paths)),
    () => post(newest, pick(random, paths)),
    () => headers(newest, fields(random), pick(random, [4, 5, 5, 5, 1, 0])),
    () => frame(FrameType.headers, pick(random, [4, 5]), newest, block(fields(random), true)),
    () => frame(FrameType.headers, Flag.endHeaders | Flag.endStream, newest, Buffer.concat([block(request('GET', '/')), random.bytes(randomInt(random, 10))])),
    () => continuation(stream, bytes(), pick(random, [0, 4])),
    () => data(stream, Buffer.alloc(randomInt(random, 3000)), pick(random, [0, 0, 1])),
    () => data(stream, bytes(), pick(random, [0, 1, 8, 9, 255])),
    () => windowUpdate(stream, value),
    () => windowUpdate(0, value),
    () => reset(stream, value),
    () => settings([randomInt(random, 8), value]),
    () => settingsAck,
    () => ping('random'),
    () => frame(FrameType.priority, 0, stream, random.bytes(5)),
    () => goaway(stream, value),
    () => frame(randomInt(random, 14), randomInt(random, 256), stream, bytes()),
  ];
  return pick(random, makers)();
}

/** What a client sends on one connection, in the pieces of its writes. */
function conversation(random: Random): Buffer[] {
  const sound = random.next() < 0.6;
  const frames: Buffer[] = [settings()];
  let newest = 1;
  for (let i = 5 + randomInt(random, 40); i > 0; i--) {
    if (random.next() < 0.5) newest += 2;
    frames.push(sound ? pick(random, [() => get(newest, pick(random, paths)), () => Buffer.concat([post(newest, pick(random, paths)), data(newest, Buffer.alloc(randomInt(random, 5000)))])])() : randomFrame(random, newest));
    if (sound) newest += 2;
  }
  const change = randomInt(random, 5);
  if (change === 1) frames.splice(randomInt(random, frames.length), 1);
  if (change === 2) frames.push(pick(random, frames));
  if (change === 3) frames.reverse();
  const bytes = Buffer.concat([preface, ...frames]);
  if (change === 4 || random.next() < 0.3) {
    for (let i = 1 + randomInt(random, 5); i > 0; i--) bytes[preface.length + randomInt(random, bytes.length - preface.length)] = randomInt(random, 256);
  }
  if (random.next() < 0.03) bytes.set(random.bytes(10), randomInt(random, 20));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = random.next() < 0.5 ? bytes.length : at + 1 + randomInt(random, 200);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

it('random connections', async () => {
  const seed = 20_261_122;
  const bench = await openBench(limits);
  const one = async (number: number): Promise<void> => {
    // Of its own, so that no connection depends on how fast another is.
    const random = seededRandom(seed + number);
    const client = await connectRaw(bench.server.port, { polite: false });
    for (const piece of conversation(random)) {
      if (client.closed || !client.socket.writable) break;
      await new Promise<void>((resolve) => client.socket.write(piece, () => resolve()));
    }
    const way = randomInt(random, 3);
    // An answer to a ping could not be waited for: what came before may be the begin of a frame that never ends.
    if (way === 0) await client.until(() => client.frames.length > 1).catch(() => undefined);
    if (way === 1) client.socket.end();
    else client.socket.destroy();
    await client.ended();
  };
  for (let round = 0; round < 25; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => one(round * 10 + i)));
    expect(await goodAnswer(bench.server), `seed ${seed}, round ${round}`).toBe('GET 0');
  }
  await bench.until(() => bench.running === 0);
  expect(bench.mostRunning, `seed ${seed}`).toBeGreaterThan(10);
});
