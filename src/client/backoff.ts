// Waiting after failures: exponential with jitter, forgotten after a quiet time. Pure in the clock that it is given.
import { jitter } from '#base/random.ts';
import type { World } from '#base/world.ts';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Each wait is lengthened by up to this share of itself. */
  readonly jitter: number;
  /** After this long without a failure the next wait is the first again. */
  readonly resetMs: number;
}

/** client-go's reflector: 0.8 s doubling to 30 s, forgotten after 2 minutes. */
export const reflectorBackoff: BackoffOptions = { initialMs: 800, maxMs: 30_000, jitter: 1, resetMs: 120_000 };

export interface Backoff {
  /** How long to wait after another failure. */
  next(): number;
  reset(): void;
}

export function createBackoff(world: World, options: BackoffOptions): Backoff {
  let base = options.initialMs;
  let last = Number.NEGATIVE_INFINITY;
  return {
    next() {
      const now = world.clock.monotonic();
      if (now - last > options.resetMs) base = options.initialMs;
      last = now;
      const wait = jitter(world.random, base, options.jitter);
      base = Math.min(base * 2, options.maxMs);
      return wait;
    },
    reset() {
      base = options.initialMs;
    },
  };
}
