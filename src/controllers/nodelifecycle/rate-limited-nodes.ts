// Nodes of one zone that wait to be tainted NoExecute, let through at the zone's rate, one at a time.
import type { Clock } from '#base/clock.ts';

export interface RateLimitedNodes {
  add(name: string): void;
  remove(name: string): void;
  /** Nodes per second from now on; 0 stops. */
  setRate(perSecond: number): void;
  /** The next node whose turn it is. */
  take(): string | undefined;
  /** Puts a node back that could not be tainted. */
  putBack(name: string): void;
  readonly size: number;
}

export function createRateLimitedNodes(clock: Clock, perSecond: number): RateLimitedNodes {
  const waiting = new Set<string>();
  let rate = perSecond;
  let tokens = 1;
  let last = clock.monotonic();
  const refill = (): void => {
    const now = clock.monotonic();
    tokens = Math.min(1, tokens + ((now - last) / 1000) * rate);
    last = now;
  };
  return {
    add: (name) => void waiting.add(name),
    remove: (name) => void waiting.delete(name),
    setRate(next) {
      refill();
      rate = next;
    },
    take() {
      refill();
      if (rate <= 0 || tokens < 1) return undefined;
      for (const name of waiting) {
        waiting.delete(name);
        tokens -= 1;
        return name;
      }
      return undefined;
    },
    putBack(name) {
      waiting.add(name);
      tokens = Math.min(1, tokens + 1);
    },
    get size() {
      return waiting.size;
    },
  };
}
