// How often something may happen: a burst at once, and so many a second after it.
import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** Takes a token if there is one. */
  take(): boolean;
  /** Takes a token that may lie in the future; returns how long until it is there. */
  reserve(): number;
}

/** `perSecond` tokens a second, at most `burst` saved up; full at the beginning. */
export function createTokenBucket(clock: Pick<Clock, 'monotonic'>, perSecond: number, burst: number): TokenBucket {
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
