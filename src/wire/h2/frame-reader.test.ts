// Frames come whole however the network cuts them, and an announced length costs nothing.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '#base/random.ts';
import { FrameReader } from './frame-reader.ts';
import { ConnectionError, ErrorCode, preface, putFrameHead } from './protocol.ts';

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  putFrameHead(head, 0, payload.length, type, flags, stream);
  return Buffer.concat([head, payload]);
}

function seenBy(maxFrameBytes: number): { readonly reader: FrameReader; readonly seen: string[] } {
  const seen: string[] = [];
  const reader = new FrameReader(maxFrameBytes, (type, flags, stream, bytes, from, to) => {
    seen.push(`${type} ${flags} ${stream} ${bytes.subarray(from, to).toString('hex')}`);
  });
  return { reader, seen };
}

const seed = randomInt(systemRandom, 2 ** 30);

test(`every cut of a connection's bytes yields the same frames (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const upTo = (most: number): number => Math.floor(random.next() * most);
  for (let round = 0; round < 300; round++) {
    const frames = Array.from({ length: 1 + upTo(12) }, () => {
      const payload = Uint8Array.from({ length: random.next() < 0.5 ? upTo(4) : upTo(900) }, () => upTo(256));
      return { type: upTo(11), flags: upTo(256), stream: upTo(2 ** 31), payload };
    });
    const bytes = Buffer.concat([preface, ...frames.map((f) => frame(f.type, f.flags, f.stream, f.payload))]);
    const { reader, seen } = seenBy(1000);
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + upTo(random.next() < 0.5 ? 12 : 400));
      reader.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
    }
    expect(seen).toEqual(frames.map((f) => `${f.type} ${f.flags} ${f.stream} ${Buffer.from(f.payload).toString('hex')}`));
  }
});

test('a frame above the announced size and a wrong preface end the connection', () => {
  const large = Buffer.concat([preface, frame(0, 0, 1, new Uint8Array(101))]);
  expect(() => seenBy(100).reader.push(large)).toThrow(expect.objectContaining({ code: ErrorCode.frameSizeError }) as ConnectionError);
  expect(() => seenBy(100).reader.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toThrow(expect.objectContaining({ code: ErrorCode.protocolError }) as ConnectionError);
});
