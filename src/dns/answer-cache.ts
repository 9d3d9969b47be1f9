// Answers of upstream servers, kept for their TTL and served a little longer when every upstream is silent
// (RFC 8767, serve-stale). Bounded; the oldest entry makes room.
import type { Clock } from '#base/clock.ts';

export interface CachedAnswer {
  /** The upstream's packet, with its id zeroed. */
  readonly packet: Buffer;
  readonly storedMs: number;
  readonly expiresMs: number;
}

export interface AnswerCache {
  get(key: string): { readonly answer: CachedAnswer; readonly fresh: boolean } | undefined;
  put(key: string, packet: Buffer, ttlSeconds: number): void;
  readonly size: number;
}

const staleMs = 3600_000;

export function createAnswerCache(clock: Clock, limit = 10_000): AnswerCache {
  const entries = new Map<string, CachedAnswer>();
  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const answer = entries.get(key);
      if (answer === undefined) return undefined;
      const now = clock.now();
      if (now >= answer.expiresMs + staleMs) {
        entries.delete(key);
        return undefined;
      }
      return { answer, fresh: now < answer.expiresMs };
    },
    put(key, packet, ttlSeconds) {
      entries.delete(key);
      if (entries.size >= limit) {
        const oldest = entries.keys().next();
        if (oldest.done !== true) entries.delete(oldest.value);
      }
      entries.set(key, { packet, storedMs: clock.now(), expiresMs: clock.now() + ttlSeconds * 1000 });
    },
  };
}
