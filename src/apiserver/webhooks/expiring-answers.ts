// Answers of webhooks remembered for a while: bounded, the least recently used makes room.
import type { Clock } from '#base/clock.ts';

export interface ExpiringAnswers<T> {
  get(key: string): T | undefined;
  /** Not remembered at all with a lifetime of 0. */
  set(key: string, value: T, lifetimeMs: number): void;
}

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

export function expiringAnswers<T>(clock: Clock, most: number): ExpiringAnswers<T> {
  const kept = new Map<string, Kept<T>>();
  return {
    get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      if (found.until <= clock.monotonic()) return undefined;
      kept.set(key, found);
      return found.value;
    },
    set(key, value, lifetimeMs) {
      if (lifetimeMs <= 0) return;
      kept.delete(key);
      kept.set(key, { value, until: clock.monotonic() + lifetimeMs });
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
  };
}
