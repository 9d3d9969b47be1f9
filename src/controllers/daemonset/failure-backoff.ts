// How long a node's failed daemon pods are left alone: 1 s after the first, doubling to 15 minutes, forgotten after
// twice that without another. A kubelet that refuses a pod again and again is not to be run in circles.
import type { Clock } from '#base/clock.ts';

const firstMs = 1_000;
const longestMs = 15 * 60_000;

interface Failures {
  delayMs: number;
  sinceMs: number;
}

export interface FailureBackoff {
  /** Milliseconds to wait for `key`; 0 when none, and then another failure is noted. */
  delayOf(key: string): number;
}

export function createFailureBackoff(clock: Clock): FailureBackoff {
  const known = new Map<string, Failures>();
  let sweptMs = clock.monotonic();
  const sweep = (now: number): void => {
    if (now - sweptMs < longestMs) return;
    sweptMs = now;
    for (const [key, { sinceMs }] of known) if (now - sinceMs > 2 * longestMs) known.delete(key);
  };
  return {
    delayOf(key) {
      const now = clock.monotonic();
      sweep(now);
      const failures = known.get(key);
      if (failures === undefined || now - failures.sinceMs > 2 * longestMs) {
        known.set(key, { delayMs: firstMs, sinceMs: now });
        return 0;
      }
      const left = failures.sinceMs + failures.delayMs - now;
      if (left > 0) return left;
      failures.delayMs = Math.min(2 * failures.delayMs, longestMs);
      failures.sinceMs = now;
      return 0;
    },
  };
}
