// The work queue's promises: no key twice, none concurrently, failures with growing delay.
import { expect, test } from 'vitest';
import { fakeWorld } from './fake-world.case.ts';
import { createWorkQueue } from './work-queue.ts';
import { runWorkers } from './workers.ts';

test('a key that waits is not queued again; one that changes while worked on comes again', async () => {
  const world = fakeWorld();
  const queue = createWorkQueue(world);
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(queue.length).toBe(2);
  expect(await queue.take()).toBe('a');
  queue.add('a');
  queue.add('a');
  expect(queue.length).toBe(1);
  expect(await queue.take()).toBe('b');
  queue.done('a');
  expect(await queue.take()).toBe('a');
});

test('failures wait 5 ms doubling to 1000 s, and forget starts over', async () => {
  const world = fakeWorld();
  const queue = createWorkQueue(world, { retriesPerSecond: 1e9, retriesBurst: 1e9 });
  const waits: number[] = [];
  for (let n = 0; n < 20; n++) {
    const begun = world.clock.monotonic();
    queue.addRateLimited('a');
    const taken = queue.take();
    await world.advance(1_000_000);
    await taken;
    queue.done('a');
    waits.push(begun);
  }
  expect(queue.retries('a')).toBe(20);
  queue.forget('a');
  expect(queue.retries('a')).toBe(0);
  let got = false;
  queue.addRateLimited('a');
  void queue.take().then(() => (got = true));
  await world.advance(4);
  expect(got).toBe(false);
  await world.advance(1);
  expect(got).toBe(true);
});

test('the earlier of two delays holds', async () => {
  const world = fakeWorld();
  const queue = createWorkQueue(world);
  queue.addAfter('a', 10_000);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 20_000);
  await world.advance(1_000);
  expect(queue.length).toBe(1);
  await world.advance(30_000);
  expect(queue.length).toBe(1);
});

test('workers handle in parallel, never one key twice at a time, and end with the signal', async () => {
  const world = fakeWorld();
  const queue = createWorkQueue(world);
  const stop = new AbortController();
  const running = new Set<string>();
  let most = 0;
  const handled: string[] = [];
  const done = runWorkers(world, queue, 3, stop.signal, async (key) => {
    expect(running.has(key)).toBe(false);
    running.add(key);
    most = Math.max(most, running.size);
    await new Promise<void>((resolve) => world.clock.after(10, resolve));
    running.delete(key);
    handled.push(key);
    if (key === 'fails' && handled.filter((one) => one === key).length < 3) throw new Error('not yet');
    return key === 'again' && handled.filter((one) => one === key).length < 2 ? { requeueAfterMs: 50 } : undefined;
  });
  for (const key of ['a', 'b', 'c', 'd', 'fails', 'again']) queue.add(key);
  await world.advance(20);
  queue.add('a');
  await world.advance(1000);
  expect(most).toBe(3);
  expect(handled.filter((key) => key === 'fails')).toHaveLength(3);
  expect(handled.filter((key) => key === 'again')).toHaveLength(2);
  expect(handled.filter((key) => key === 'a')).toHaveLength(2);
  stop.abort();
  await done;
  expect(await queue.take()).toBeUndefined();
});
