// A world for tests whose clock stands still until the test moves it. Moving it runs the timers in order and
// lets everything that they set off settle first.
import type { Clock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { seededRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';

export interface FakeWorld extends World {
  /** Moves time on, running what falls due. */
  advance(ms: number): Promise<void>;
  /** Lets pending promises run without moving time. */
  settle(): Promise<void>;
}

export function fakeWorld(startMs = Date.parse('2026-01-01T00:00:00Z')): FakeWorld {
  let now = startMs;
  let serial = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now - startMs,
    after(delayMs, run) {
      const id = serial++;
      timers.set(id, { at: now + Math.max(0, delayMs), run });
      return { cancel: () => void timers.delete(id) };
    },
  };
  // Real I/O is not involved, so a bounded number of turns of the real event loop drains every promise chain.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    clock,
    random: seededRandom(7),
    log: silentLog,
    metrics: createMetrics(),
    settle,
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
        if (due === undefined) break;
        const [id, timer] = due;
        timers.delete(id);
        now = Math.max(now, timer.at);
        timer.run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}
