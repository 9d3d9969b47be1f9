// The watch cache: one watch on the whole store feeds the cache of every resource, in the order of
// revisions, so that one number says how fresh all of them are. When the store's history is lost
// (compaction while away) everything is loaded again and running watches end. With a store that tells its
// watchers before a commit settles, the cache is never behind; otherwise reads wait for it.
import { sleep, type Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { CompactedError, prefixEnd, type KeyValue, type Store, type StoreEvent, type StoreWatch } from '#store';
import type { KubeObject } from '../contract.ts';
import { HotObjects } from './hot-objects.ts';
import { ResourceCache, type CachedResource } from './resource-cache.ts';

const root = '/registry/';
const loadPage = 500;
const retryMs = 1000;
const hotBytes = 2 << 20;

interface Waiter {
  readonly revision: number;
  wake(): void;
}

export class WatchCache {
  readonly store: Store;
  readonly #world: World;
  readonly #byPrefix = new Map<string, ResourceCache>();
  readonly #byName = new Map<string, ResourceCache>();
  readonly #hot = new HotObjects(hotBytes);
  readonly #expected = new Map<string, { value: Uint8Array; object: KubeObject }>();
  readonly #progress = new Set<() => void>();
  #waiters: Waiter[] = [];
  #revision = 0;
  #watch: StoreWatch | undefined;
  #closed = new AbortController();
  #asked: Promise<number> | undefined;
  ready = false;

  constructor(world: World, store: Store, resources: readonly CachedResource[]) {
    this.#world = world;
    this.store = store;
    for (const resource of resources) this.#add(resource);
  }

  #add(resource: CachedResource): ResourceCache {
    const cache = new ResourceCache(resource, this.#hot, this.#world.clock, this.#revision);
    this.#byPrefix.set(resource.prefix, cache);
    this.#byName.set(`${resource.group}/${resource.plural}`, cache);
    return cache;
  }

  get clock(): Clock {
    return this.#world.clock;
  }

  /** The store's revision up to which every cache is complete. */
  get revision(): number {
    return this.#revision;
  }

  resource(group: string, plural: string): ResourceCache | undefined {
    return this.#byName.get(`${group}/${plural}`);
  }

  all(): IterableIterator<ResourceCache> {
    return this.#byPrefix.values();
  }

  /** Loads everything and follows the store until close. Resolves when the first load is complete. */
  async start(): Promise<void> {
    await this.#load();
    this.ready = true;
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the watch cache is closed'));
    this.#watch?.close();
    for (const waiter of this.#waiters.splice(0)) waiter.wake();
  }

  /**
   * Says what the next write of `key` holds, so that its event need not be parsed. The returned function
   * takes it back when the commit has settled.
   */
  expect(key: string, value: Uint8Array, object: KubeObject): () => void {
    const expected = { value, object };
    this.#expected.set(key, expected);
    return () => {
      if (this.#expected.get(key) === expected) this.#expected.delete(key);
    };
  }

  /** Called after each batch of events and each progress report. */
  onProgress(listener: () => void): () => void {
    this.#progress.add(listener);
    return () => this.#progress.delete(listener);
  }

  /** Resolves when the cache has reached `revision`; rejects when `signal` aborts. */
  async reach(revision: number, signal: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return;
    this.#watch?.requestProgress();
    await new Promise<void>((resolve, reject) => {
      const done = (finish: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        finish();
      };
      const onAbort = (): void => done(() => reject(signal.reason));
      const waiter: Waiter = { revision, wake: () => done(resolve) };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Resolves when the cache shows everything that was committed, by anyone, before this call. */
  async fresh(signal: AbortSignal): Promise<void> {
    if (this.store.synchronousWatch) return;
    // Whoever asks while a question is under way may not use its answer: it may be older than his call.
    const previous = this.#asked;
    const question = (previous ?? Promise.resolve(0)).catch(() => 0).then(() => this.#storeRevision());
    if (previous === undefined) {
      this.#asked = question;
      const clear = (): void => {
        if (this.#asked === question) this.#asked = undefined;
      };
      question.then(clear, clear);
    }
    await this.reach(await question, signal);
  }

  async #storeRevision(): Promise<number> {
    const { revision } = await this.store.range({ start: root, countOnly: true }, this.#closed.signal);
    return revision;
  }

  async #load(): Promise<void> {
    const byCache = new Map<ResourceCache, KeyValue[]>();
    for (const cache of this.#byPrefix.values()) byCache.set(cache, []);
    let start = root;
    let revision: number | undefined;
    for (;;) {
      const page = await this.store.range(
        { start, end: prefixEnd(root), limit: loadPage, ...(revision === undefined ? {} : { revision }) }, this.#closed.signal,
      );
      revision ??= page.revision;
      for (const kv of page.kvs) {
        const cache = this.#cacheOf(kv.key);
        if (cache !== undefined) byCache.get(cache)?.push(kv);
      }
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) break;
      start = `${last.key}\0`;
    }
    this.#revision = revision;
    for (const [cache, kvs] of byCache) cache.load(kvs, revision);
    this.#follow();
    this.#advanced();
  }

  #follow(): void {
    this.#watch = this.store.watch(
      { start: root, end: prefixEnd(root), fromRevision: this.#revision + 1 },
      {
        events: (events, revision) => this.#apply(events, revision),
        progress: (revision) => {
          this.#revision = Math.max(this.#revision, revision);
          this.#advanced();
        },
        ended: (error) => void this.#recover(error),
      },
    );
  }

  #apply(events: readonly StoreEvent[], revision: number): void {
    for (const event of events) {
      const cache = this.#cacheOf(event.key);
      if (cache === undefined) continue;
      try {
        if (event.type === 'delete') cache.delete(event.key.slice(cache.resource.prefix.length), event.kv.modRevision);
        else cache.put(event.kv, this.#expectedObject(event.kv));
      } catch (error) {
        this.#world.log.error('stored object cannot be read', { key: event.key, error: errorText(error) });
      }
    }
    this.#revision = Math.max(this.#revision, revision);
    this.#advanced();
  }

  #expectedObject(kv: KeyValue): KubeObject | undefined {
    const expected = this.#expected.get(kv.key);
    if (expected === undefined) return undefined;
    return expected.value === kv.value || Buffer.compare(expected.value, kv.value) === 0 ? expected.object : undefined;
  }

  #advanced(): void {
    if (this.#waiters.length > 0) for (const waiter of this.#waiters.filter((w) => w.revision <= this.#revision)) waiter.wake();
    for (const listener of this.#progress) listener();
  }

  /** The store's watch is over: resume it, or load again when its history is gone. */
  async #recover(cause: Error): Promise<void> {
    let error: unknown = cause;
    while (!this.#closed.signal.aborted) {
      this.#world.log.warn('the watch on the store ended', { error: errorText(error) });
      try {
        if (!(error instanceof CompactedError)) await sleep(this.#world.clock, retryMs, this.#closed.signal);
        if (error instanceof CompactedError) await this.#load();
        else this.#follow();
        return;
      } catch (next) {
        error = next;
      }
    }
  }

  /** The cache of a store key: "/registry/pods/…" or "/registry/services/specs/…". */
  #cacheOf(key: string): ResourceCache | undefined {
    const first = key.indexOf('/', root.length);
    if (first < 0) return undefined;
    const found = this.#byPrefix.get(key.slice(0, first + 1));
    if (found !== undefined) return found;
    const second = key.indexOf('/', first + 1);
    return second < 0 ? undefined : this.#byPrefix.get(key.slice(0, second + 1));
  }
}
