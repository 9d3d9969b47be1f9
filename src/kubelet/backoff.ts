// Waiting longer after each failure, per key: restarts of crashing containers and pulls of images. A key
// whose last failure is older than twice the longest wait starts anew. Upstream's flowcontrol.Backoff.
import type { Clock } from '#base/clock.ts';

interface Entry {
  waitMs: number;
  updatedMs: number;
}

export interface KeyedBackoff {
  /** The moment until which `key` waits, counted from `sinceMs`; undefined when it need not wait. */
  waitsUntil(key: string, sinceMs: number): number | undefined;
  /** As `waitsUntil`, counted from the last failure. */
  waitsUntilUpdate(key: string): number | undefined;
  /** Notes a failure at `eventMs`: the next wait doubles. */
  next(key: string, eventMs: number): void;
  waitMs(key: string): number;
  forget(keyPrefix: string): void;
}

export function createBackoffTable(clock: Clock, firstMs: number, maxMs: number): KeyedBackoff {
  const entries = new Map<string, Entry>();
  const expired = (entry: Entry, eventMs: number): boolean => eventMs - entry.updatedMs > 2 * maxMs;
  return {
    waitsUntil(key, sinceMs) {
      const entry = entries.get(key);
      if (entry === undefined || expired(entry, sinceMs)) return undefined;
      const until = sinceMs + entry.waitMs;
      return clock.now() < until ? until : undefined;
    },
    waitsUntilUpdate(key) {
      const entry = entries.get(key);
      if (entry === undefined || expired(entry, clock.now())) return undefined;
      const until = entry.updatedMs + entry.waitMs;
      return clock.now() < until ? until : undefined;
    },
    next(key, eventMs) {
      const entry = entries.get(key);
      const waitMs = entry === undefined || expired(entry, eventMs) ? firstMs : Math.min(maxMs, entry.waitMs * 2);
      entries.set(key, { waitMs, updatedMs: clock.now() });
    },
    waitMs: (key) => entries.get(key)?.waitMs ?? 0,
    forget(keyPrefix) {
      for (const key of entries.keys()) if (key.startsWith(keyPrefix)) entries.delete(key);
    },
  };
}

/** Go's duration text: "10s", "1m20s", "5m0s". */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = Number((seconds - hours * 3600 - minutes * 60).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
