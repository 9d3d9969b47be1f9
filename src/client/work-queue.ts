// Keys to work on (client-go's workqueue): a key waits at most once, is worked on by one worker at a time, and
// when it changes meanwhile is worked on again afterwards. Failures come back after 5 ms doubling to 1000 s,
// all together at 10 a second with bursts of 100. Bounded by the number of objects, as keys never repeat.
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { createTokenBucket } from '#base/token-bucket.ts';
import type { WorkQueue } from './contract.ts';

export interface WorkQueueOptions {
  /** First wait of a failing key. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Retries of all keys together. */
  readonly retriesPerSecond?: number;
  readonly retriesBurst?: number;
}

interface Delayed {
  readonly at: number;
  readonly timer: Timer;
}

/** A queue on the world's clock. */
export function createWorkQueue(world: World, options: WorkQueueOptions = {}): WorkQueue {
  const { baseDelayMs = 5, maxDelayMs = 1_000_000, retriesPerSecond = 10, retriesBurst = 100 } = options;
  const waiting = new Set<string>();
  const working = new Set<string>();
  const again = new Set<string>();
  const delayed = new Map<string, Delayed>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  const bucket = createTokenBucket(world.clock, retriesPerSecond, retriesBurst);
  let closed = false;

  const hand = (): void => {
    while (takers.length > 0 && waiting.size > 0) {
      const [key] = waiting;
      const taker = takers.shift();
      if (key === undefined || taker === undefined) return;
      waiting.delete(key);
      working.add(key);
      taker(key);
    }
    if (closed) for (const taker of takers.splice(0)) taker(undefined);
  };
  const add = (key: string): void => {
    if (closed) return;
    if (working.has(key)) {
      again.add(key);
      return;
    }
    waiting.add(key);
    hand();
  };
  const addAfter = (key: string, delayMs: number): void => {
    if (closed) return;
    if (delayMs <= 0) {
      add(key);
      return;
    }
    const at = world.clock.monotonic() + delayMs;
    const before = delayed.get(key);
    if (before !== undefined && before.at <= at) return;
    before?.timer.cancel();
    const timer = world.clock.after(delayMs, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { at, timer });
  };

  return {
    add,
    addAfter,
    addRateLimited(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      addAfter(key, Math.max(Math.min(baseDelayMs * 2 ** count, maxDelayMs), bucket.reserve()));
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
    take() {
      return new Promise((resolve) => {
        takers.push(resolve);
        hand();
      });
    },
    done(key) {
      working.delete(key);
      if (!again.delete(key) || closed) return;
      waiting.add(key);
      hand();
    },
    shutDown() {
      closed = true;
      for (const { timer } of delayed.values()) timer.cancel();
      delayed.clear();
      waiting.clear();
      hand();
    },
    get length() {
      return waiting.size;
    },
  };
}
