// The slices as this controller last wrote them: tells whether the cache has seen the writes, and whether a
// change that the cache shows is its own.
import type { EndpointSlice } from '#api/discovery/v1.ts';

export interface SliceTracker {
  wrote(key: string, slice: EndpointSlice): void;
  removing(key: string, slice: EndpointSlice): void;
  notRemoved(key: string, slice: EndpointSlice): void;
  /** True when `existing` (the cache) is behind what was written. */
  isStale(key: string, existing: readonly EndpointSlice[]): boolean;
  /** True when the cache shows nothing newer than what was written. */
  isOwnWrite(key: string, slice: EndpointSlice): boolean;
  /** The cache shows it deleted; true when that was expected. */
  deleted(key: string, slice: EndpointSlice): boolean;
  forget(key: string): void;
}

const gone = 'gone';

function revision(slice: EndpointSlice): bigint {
  const text = slice.metadata?.resourceVersion ?? '';
  return /^[0-9]+$/.test(text) ? BigInt(text) : 0n;
}

export function createSliceTracker(): SliceTracker {
  const services = new Map<string, Map<string, bigint | typeof gone>>();
  const of = (key: string): Map<string, bigint | typeof gone> => {
    const found = services.get(key) ?? new Map<string, bigint | typeof gone>();
    services.set(key, found);
    return found;
  };
  const uid = (slice: EndpointSlice): string => slice.metadata?.uid ?? '';
  return {
    wrote: (key, slice) => void of(key).set(uid(slice), revision(slice)),
    removing: (key, slice) => void of(key).set(uid(slice), gone),
    notRemoved: (key, slice) => void of(key).set(uid(slice), revision(slice)),
    isStale(key, existing) {
      const tracked = services.get(key);
      if (tracked === undefined) return false;
      const seen = new Map(existing.map((slice) => [uid(slice), revision(slice)]));
      for (const [id, written] of tracked) {
        const shown = seen.get(id);
        if (written === gone ? shown !== undefined : shown === undefined || shown < written) return true;
      }
      return false;
    },
    isOwnWrite(key, slice) {
      const written = services.get(key)?.get(uid(slice));
      return written !== undefined && (written === gone || revision(slice) <= written);
    },
    deleted(key, slice) {
      const tracked = services.get(key);
      const expected = tracked?.get(uid(slice)) === gone;
      tracked?.delete(uid(slice));
      return expected;
    },
    forget: (key) => void services.delete(key),
  };
}
