// One watch: a position in the ring of its resource, a filter, a codec, and the body it writes to.
import type { ResponseBody } from '#wire';
import type { EventCounts } from '../cache/read-metrics.ts';
import type { CacheEvent, EntryFilter } from '../cache/entry.ts';
import { withRevision, type KindHead } from '../cache/stored-form.ts';
import type { FrameCodec, WatchType } from './frames.ts';

export interface Watcher {
  readonly filter: EntryFilter;
  /** Of the next frame. */
  codec: FrameCodec;
  readonly body: ResponseBody;
  /** Of what is sent; the same for equal codecs. */
  readonly events: EventCounts;
  readonly bookmarks: boolean;
  /** The cache's epoch it belongs to. */
  readonly epoch: number;
  /** Next event's sequence number. */
  position: number;
  /** Still sending initial events, or waiting for the peer. */
  held: boolean;
  /** Monotonic ms. */
  nextBookmark: number;
  /** Since when it waits for its peer to read (monotonic ms); undefined: it does not. */
  waitingSince: number | undefined;
  /** Ends the watch; idempotent. `cut` drops the peer without a proper end. */
  end(reason: 'done' | 'cut'): void;
  readonly ended: boolean;
}

/** What a filter makes of an event; undefined when it shows nothing. */
export function shownAs(filter: EntryFilter, event: CacheEvent, head: KindHead): { readonly type: WatchType; readonly bytes: Buffer } | undefined {
  const { entry, previous, type } = event;
  const before = previous !== undefined && filter.matches(previous);
  if (type === 'DELETED') return before ? { type, bytes: entry.bytes } : undefined;
  const after = filter.matches(entry);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', bytes: entry.bytes };
  if (!before) return undefined;
  return { type: 'DELETED', bytes: withRevision(head, previous.bytes, event.revision) };
}
