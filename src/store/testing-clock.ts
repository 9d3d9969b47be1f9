// A hand-moved clock for this room's tests: timers fire in order while `pass` moves time.
import type { Clock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { seededRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';

export interface ManualWorld extends World {
  /** Moves time on, running what falls due; callbacks' promises settle in between. */
  pass(ms: number): Promise<void>;
}

export function manualWorld(seed: number): ManualWorld {
  let now = 1_700_000_000_000;
  let timers: { at: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(delayMs, run) {
      const timer = { at: now + Math.max(0, delayMs), run };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((one) => one !== timer)) };
    },
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
  };
  return {
    clock,
    random: seededRandom(seed),
    log: silentLog,
    metrics: createMetrics(),
    async pass(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        now = Math.max(now, due.at);
        due.run();
        await settle();
      }
      now = end;
    },
  };
}
