// Sends the changes of one resource to its watchers. Watchers in the same place with the same filter and
// codec share one chunk of bytes, made once, so that 500 of them cost 500 writes and no encoding. A slow one
// keeps only its place in the ring; when the ring has moved past it, it is cut off. Changes that arrive in
// one turn go out together, and long rounds leave the event loop to others.
import type { Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import type { EventCounts } from '../cache/read-metrics.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { shownAs, type Watcher } from './watcher.ts';
import type { WatchPlaces } from './watch-places.ts';

const chunkBytes = 1 << 20;
const sliceMs = 8;
const bookmarkEveryMs = 60_000;
/** Whoever takes nothing of what was written for so long is cut off, however quiet the resource is: a chunk is a megabyte at most. */
const longestWaitMs = 120_000;

export class WatchHub {
  readonly #cache: ResourceCache;
  readonly #all: WatchCache;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  /** Of the users, over all resources. */
  readonly places: WatchPlaces;
  #scheduled = false;
  #stopListening: (() => void) | undefined;

  constructor(cache: ResourceCache, all: WatchCache, clock: Clock, places: WatchPlaces) {
    this.places = places;
    this.#cache = cache;
    this.#all = all;
    this.#clock = clock;
  }

  get size(): number {
    return this.#watchers.size;
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#stopListening ??= this.#cache.onChange(() => this.wake());
    this.wake();
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Looks after all watchers soon. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    endOfTurn(() => {
      this.#scheduled = false;
      this.#round();
    });
  }

  /** Called now and then: bookmarks that are due, and the end of those who have stopped reading. */
  tick(): void {
    const now = this.#clock.monotonic();
    for (const watcher of this.#watchers) {
      if (watcher.waitingSince !== undefined && now - watcher.waitingSince > longestWaitMs) {
        this.#cutOff(watcher);
        continue;
      }
      if (!watcher.bookmarks || watcher.held || now < watcher.nextBookmark || watcher.position !== this.#cache.ring.end) continue;
      watcher.nextBookmark = now + bookmarkEveryMs;
      const bytes = watcher.codec.bookmark(this.#all.revision, false);
      tell(watcher.events, [bytes.length], 1);
      this.#write(watcher, bytes);
    }
  }

  endAll(): void {
    for (const watcher of [...this.#watchers]) watcher.end('done');
  }

  /** Whoever does not read. */
  #cutOff(watcher: Watcher): void {
    this.#all.reads.of(this.#cache.resource).terminated.inc();
    watcher.end('cut');
  }

  #round(): void {
    const chunks = new Map<string, Chunk>();
    this.#serve(chunks);
    for (const { events, sizes, taken } of chunks.values()) if (taken > 0) tell(events, sizes, taken);
  }

  #serve(chunks: Map<string, Chunk>): void {
    const { ring, epoch } = this.#cache;
    const started = this.#clock.monotonic();
    let served = 0;
    for (const watcher of this.#watchers) {
      if (watcher.epoch !== epoch) {
        watcher.end('done');
        continue;
      }
      if (watcher.position < ring.start) {
        this.#cutOff(watcher);
        continue;
      }
      if (watcher.held) continue;
      if (watcher.position === ring.end) {
        if (this.#cache.closed) watcher.end('done');
        continue;
      }
      if ((++served & 31) === 0 && this.#clock.monotonic() - started > sliceMs) {
        this.wake();
        return;
      }
      const key = `${watcher.position} ${watcher.codec.key} ${watcher.filter.text}`;
      let chunk = chunks.get(key);
      if (chunk === undefined) {
        chunk = this.#chunkFor(watcher, ring.end);
        chunks.set(key, chunk);
      }
      watcher.position = chunk.next;
      if (chunk.next !== ring.end || this.#cache.closed) this.wake();
      if (chunk.bytes === undefined) continue;
      chunk.taken++;
      this.#write(watcher, chunk.bytes);
    }
  }

  #chunkFor(watcher: Watcher, end: number): Chunk {
    const { ring, resource } = this.#cache;
    const frames: Buffer[] = [];
    const sizes: number[] = [];
    let { codec } = watcher;
    let size = 0;
    let at = watcher.position;
    for (; at < end && size < chunkBytes; at++) {
      const shown = shownAs(watcher.filter, ring.at(at), resource.head);
      if (shown === undefined) continue;
      const frame = codec.frame(shown.type, shown.bytes);
      codec = codec.later ?? codec;
      frames.push(frame);
      sizes.push(frame.length);
      size += frame.length;
    }
    return { bytes: frames.length === 0 ? undefined : frames.length === 1 ? frames[0] : Buffer.concat(frames), next: at, events: watcher.events, sizes, taken: 0 };
  }

  #write(watcher: Watcher, bytes: Buffer): void {
    watcher.codec = watcher.codec.later ?? watcher.codec;
    if (watcher.body.write(bytes)) return;
    watcher.held = true;
    watcher.waitingSince = this.#clock.monotonic();
    watcher.body.drained().then(
      () => {
        watcher.held = false;
        watcher.waitingSince = undefined;
        if (!watcher.ended) this.wake();
      },
      () => watcher.end('cut'),
    );
  }
}

interface Chunk {
  readonly bytes: Buffer | undefined;
  /** The position after it. */
  readonly next: number;
  readonly events: EventCounts;
  /** Of each event, in bytes. */
  readonly sizes: readonly number[];
  /** How many watchers got it. */
  taken: number;
}

function tell({ total, sizes: told }: EventCounts, sizes: readonly number[], watchers: number): void {
  total.inc(sizes.length * watchers);
  for (const size of sizes) told.observe(size, watchers);
}
