// Waiting after failures: exponential with jitter, forgotten after a quiet time; and a token bucket that keeps
// a rate with bursts. Both are pure in the clock that they are given.
import type { Clock } from '#base/clock.ts';
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

export interface TokenBucket {
  /** Takes a token if there is one. */
  take(): boolean;
  /** Takes a token that may lie in the future; returns how long until it is there. */
  reserve(): number;
}

/** `perSecond` tokens a second, at most `burst` saved up; full at the beginning. */
export function createTokenBucket(clock: Clock, perSecond: number, burst: number): TokenBucket {
  let tokens = burst;
  let last = clock.monotonic();
  const refill = (): void => {
    const now = clock.monotonic();
    tokens = Math.min(burst, tokens + ((now - last) / 1000) * perSecond);
    last = now;
  };
  return {
    take() {
      refill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    reserve() {
      refill();
      tokens -= 1;
      return tokens >= 0 || perSecond <= 0 ? 0 : (-tokens / perSecond) * 1000;
    },
  };
}
