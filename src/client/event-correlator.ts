// What becomes of an event before it is sent (client-go's EventCorrelator): the same event again raises a count
// instead of making an object; ten that differ only by message within ten minutes become one "combined"; and
// one source may send 25 about one object at once, then one every five minutes.
import type { Event } from '#api/core/v1.ts';
import { parseTime, rfc3339, type Clock } from '#base/clock.ts';
import { createTokenBucket, type TokenBucket } from '#base/token-bucket.ts';
import { createLru } from './lru.ts';

const cacheLimit = 4096;
const similarLimit = 10;
const similarIntervalMs = 600_000;
const spamBurst = 25;
const spamPerSecond = 1 / 300;

export interface Correlated {
  readonly event: Event;
  /** The event exists on the server already: raise its count there. */
  readonly repeat: boolean;
}

export interface EventCorrelator {
  /** undefined when the event is dropped as spam. */
  correlate(event: Event): Correlated | undefined;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Seen {
  readonly name: string;
  readonly count: number;
  readonly firstTimestamp: string;
}

function sourceKey(event: Event): string[] {
  const { involvedObject: about, source } = event;
  return [source?.component ?? '', source?.host ?? '', about.kind ?? '', about.namespace ?? '', about.name ?? '', about.uid ?? '', about.apiVersion ?? '', event.type ?? ''];
}

export function createEventCorrelator(clock: Clock): EventCorrelator {
  const similar = createLru<Similar>(cacheLimit);
  const seen = createLru<Seen>(cacheLimit);
  const buckets = createLru<TokenBucket>(cacheLimit);

  /** The event, or the combined one in its place, with the key under which repeats are counted. */
  const aggregate = (event: Event): { event: Event; key: string } => {
    const about = event.involvedObject;
    const group = [...sourceKey(event), event.reason ?? ''].join('\n');
    const now = clock.now();
    let record = similar.get(group);
    if (record === undefined || now - record.lastMs > similarIntervalMs) record = { messages: new Set(), lastMs: now };
    record.messages.add(event.message ?? '');
    record.lastMs = now;
    similar.set(group, record);
    if (record.messages.size < similarLimit) return { event, key: [group, about.fieldPath ?? '', event.message ?? ''].join('\n') };
    for (const message of record.messages) {
      record.messages.delete(message);
      break;
    }
    return { event: { ...event, message: `(combined from similar events): ${event.message ?? ''}` }, key: group };
  };

  return {
    correlate(incoming) {
      const { event, key } = aggregate(incoming);
      const before = seen.get(key);
      const count = (before?.count ?? 0) + 1;
      const now = rfc3339(clock.now());
      const firstTimestamp = before?.firstTimestamp ?? event.firstTimestamp ?? now;
      const name = before?.name ?? event.metadata.name ?? '';
      seen.set(key, { name, count, firstTimestamp });
      const spamKey = sourceKey(incoming).join('\n');
      const bucket = buckets.get(spamKey) ?? createTokenBucket(clock, spamPerSecond, spamBurst);
      buckets.set(spamKey, bucket);
      if (!bucket.take()) return undefined;
      const counted = { ...event, metadata: { ...event.metadata, name }, count, firstTimestamp, lastTimestamp: Number.isNaN(parseTime(event.lastTimestamp)) ? now : event.lastTimestamp };
      return { event: counted, repeat: before !== undefined };
    },
  };
}
