// A connection through konnectivity whose reader is slow: what waits is bounded, and who never reads loses it.
import { expect, test } from 'vitest';
import { createVirtualClock } from '#testing';
import { KonnectivityStream } from './konnectivity-stream.ts';

function slowlyRead(): { readonly stream: KonnectivityStream; readonly calls: string[]; pass(ms: number): Promise<unknown> } {
  const clock = createVirtualClock(0);
  const calls: string[] = [];
  const stream = new KonnectivityStream(clock, { send: (_bytes, done) => done(null), pause: () => void calls.push('pause'), resume: () => void calls.push('resume'), close: () => void calls.push('close') });
  stream.on('error', (error) => calls.push(error.message));
  // The first 64 KiB are in the stream's own buffer, which asks for no more until they are read.
  stream.read(0);
  stream.arrived(Buffer.alloc(64 * 1024));
  for (let i = 0; i < 11; i++) stream.arrived(Buffer.from(`packet ${i};`));
  return { stream, calls, pass: (ms) => clock.advance(ms) };
}

test('packets stop coming when ten wait, and come again when they are read', async () => {
  const { stream, calls, pass } = slowlyRead();
  expect(calls).toEqual(['pause']);
  let text = '';
  stream.on('data', (bytes: Buffer) => (text += bytes.toString().replaceAll('\0', '')));
  await expect.poll(() => text.endsWith('packet 10;')).toBe(true);
  await pass(20_000);
  expect(calls).toEqual(['pause', 'resume']);
  expect(stream.destroyed).toBe(false);
});

test('whoever has not read for ten seconds while packets wait loses the connection', async () => {
  const { stream, calls, pass } = slowlyRead();
  await pass(9_000);
  expect(stream.destroyed).toBe(false);
  await pass(2_000);
  await expect.poll(() => calls.at(-1)).toBe('the reader is too slow for the tunnel');
  expect(calls).toContain('close');
});
