// Waiting for something to become true, told why it is not true yet: what an honest progress line and a useful
// time-out message are made of.
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  /** Called with the reason after every look that failed. */
  readonly onReason?: (reason: string) => void;
}

/** Looks until `look` returns undefined (done) instead of the reason why not. Throws an Error with the last reason. */
export async function waitUntil(world: World, what: string, options: WaitOptions, look: () => Promise<string | undefined>): Promise<void> {
  const deadline = world.clock.monotonic() + options.timeoutMs;
  let reason: string | undefined = '';
  for (;;) {
    try {
      reason = await look();
    } catch (error) {
      reason = errorText(error);
    }
    if (reason === undefined) return;
    options.onReason?.(reason);
    if (world.clock.monotonic() >= deadline) throw new Error(`${what}: not after ${Math.round(options.timeoutMs / 1000)} s: ${reason}`);
    await sleep(world.clock, options.everyMs ?? 100, options.signal);
  }
}
