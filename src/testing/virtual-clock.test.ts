// Time that moves only when told to, and everything that it sets off.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { durationMs } from './duration.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { createVirtualWorld } from './virtual-world.ts';

test('durations as people write them', () => {
  expect(['1h30m', '5m', '90s', '1.5s', '250ms', '1d'].map(durationMs)).toEqual([5_400_000, 300_000, 90_000, 1_500, 250, 86_400_000]);
  expect(() => durationMs('5 minutes')).toThrow('not a duration');
  expect(() => durationMs('')).toThrow('not a duration');
});

test('timers run in order of time, then of setting; a cancelled one never', async () => {
  const clock = createVirtualClock(1_000);
  const log: string[] = [];
  const note = (text: string) => () => void log.push(`${text} at ${clock.monotonic()}`);
  clock.after(20, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  const never = clock.after(15, note('never'));
  clock.after(5_000, note('later'));
  clock.after(10, () => never.cancel());
  await clock.advance('1s');
  expect(log).toEqual(['a at 10', 'b at 10', 'c at 20']);
  expect([clock.now(), clock.pendingTimers]).toEqual([2_000, 1]);
});

test('what a timer sets off comes to rest before the next one: promises, turns of the loop, files', async () => {
  const clock = createVirtualClock(0);
  const log: string[] = [];
  clock.after(10, () => {
    void (async () => {
      for (let i = 0; i < 100; i++) await Promise.resolve();
      for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => endOfTurn(resolve));
      await readFile(import.meta.filename);
      await sleep(clock, 0);
      log.push(`done at ${clock.now()}`);
    })();
  });
  clock.after(11, () => void log.push('next'));
  await clock.advance(100);
  expect(log).toEqual(['done at 10', 'next']);
});

test('advanceUntil stops where the condition holds', async () => {
  const clock = createVirtualClock(0);
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    clock.after(1_000, tick);
  };
  clock.after(1_000, tick);
  expect(await clock.advanceUntil(() => ticks === 7, '1h')).toBe(true);
  expect(clock.now()).toBe(7_000);
  expect(await clock.advanceUntil(() => false, '10s')).toBe(false);
  expect(clock.now()).toBe(17_000);
});

test('ten thousand timers, many of them cancelled, keep their order', async () => {
  const { clock, random } = createVirtualWorld({ seed: 5 });
  const seen: number[] = [];
  for (let i = 0; i < 10_000; i++) {
    const delay = Math.floor(random.next() * 1_000);
    const timer = clock.after(delay, () => void seen.push(delay));
    if (i % 3 !== 0) timer.cancel();
  }
  await clock.advance('1s');
  expect(seen).toHaveLength(3_334);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});

test('worlds of one seed are alike', () => {
  const [a, b] = [createVirtualWorld({ seed: 3 }), createVirtualWorld({ seed: 3 })];
  expect([a.random.next(), a.clock.now()]).toEqual([b.random.next(), b.clock.now()]);
  a.log.with({ part: 'x' }).warn('odd', { n: 1 });
  expect(a.lines).toEqual([{ atMs: a.clock.now(), level: 'warn', message: 'odd', fields: { part: 'x', n: 1 } }]);
});
