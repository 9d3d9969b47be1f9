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
import { createReadMetrics, type ReadMetrics } from './read-metrics.ts';
import { ResourceCache, type CachedResource } from './resource-cache.ts';
import { unreadableCause } from './unreadable.ts';

const root = '/registry/';
const loadPage = 500;
const retryMs = 1000;
const longestRetryMs = 30_000;
const reloadAttempts = 5;
const hotBytes = 2 << 20;

interface Waiter {
  readonly revision: number;
  wake(): void;
}

export class WatchCache {
  readonly store: Store;
  /** What is counted of reads of the caches. */
  readonly reads: ReadMetrics;
  readonly #world: World;
  readonly #byPrefix = new Map<string, ResourceCache>();
  /** By group, then by plural: asked for several times with every request, so no key is put together. */
  readonly #byName = new Map<string, Map<string, ResourceCache>>();
  /** The server's own resources: a custom one of the same name or place stands beside, and never in their stead. */
  readonly #own = new Set<ResourceCache>();
  /** Custom resources that lie where one of the server's own does, by prefix; mostly none. */
  readonly #beside = new Map<string, ResourceCache>();
  readonly #hot = new HotObjects(hotBytes);
  readonly #expected = new Map<string, { value: Uint8Array; object: KubeObject }>();
  readonly #progress = new Set<() => void>();
  /** Events that came while a resource was being loaded. */
  readonly #loading = new Map<ResourceCache, StoreEvent[]>();
  #waiters: Waiter[] = [];
  #revision = 0;
  #watch: StoreWatch | undefined;
  #closed = new AbortController();
  #asked: Promise<number> | undefined;
  #retrying: Promise<void> | undefined;
  ready = false;

  constructor(world: World, store: Store, resources: readonly CachedResource[]) {
    this.#world = world;
    this.store = store;
    this.reads = createReadMetrics(world.metrics);
    for (const resource of resources) this.#own.add(this.#add(resource));
  }

  #add(resource: CachedResource): ResourceCache {
    const cache = new ResourceCache(resource, this.#hot, this.#world.clock, this.#revision);
    this.#byPrefix.set(resource.prefix, cache);
    this.publish(cache);
    return cache;
  }

  /**
   * Takes a further resource in and loads what the store has of it. Resolves when its cache is complete; until then what
   * was there before (the same resource under another schema) is followed too. Found by name once it is published.
   */
  async add(resource: CachedResource): Promise<ResourceCache> {
    const cache = new ResourceCache(resource, this.#hot, this.#world.clock, this.#revision);
    for (;;) {
      const events: StoreEvent[] = [];
      this.#loading.set(cache, events);
      try {
        const { kvs, revision } = await this.#range(resource.prefix);
        await this.reach(revision, this.#closed.signal);
        // Everything has been loaded again meanwhile, and with it events may have been missed.
        if (this.#loading.get(cache) !== events) continue;
        cache.load(kvs, revision);
        for (const event of events) if (event.kv.modRevision > revision) this.#applyTo(cache, event);
        (this.#isOwn(this.#byPrefix.get(resource.prefix)) ? this.#beside : this.#byPrefix).set(resource.prefix, cache);
        return cache;
      } finally {
        this.#loading.delete(cache);
      }
    }
  }

  /** From now on `cache` is what its resource's name finds. */
  publish(cache: ResourceCache): void {
    const { group, plural } = cache.resource;
    if (this.#isOwn(this.resource(group, plural))) return;
    const ofGroup = this.#byName.get(group) ?? new Map<string, ResourceCache>();
    this.#byName.set(group, ofGroup.set(plural, cache));
  }

  #isOwn(cache: ResourceCache | undefined): boolean {
    return cache !== undefined && this.#own.has(cache);
  }

  /** Takes a resource out; its watches end. */
  remove(cache: ResourceCache): void {
    const { prefix, group, plural } = cache.resource;
    if (this.#byPrefix.get(prefix) === cache) this.#byPrefix.delete(prefix);
    if (this.#beside.get(prefix) === cache) this.#beside.delete(prefix);
    if (this.resource(group, plural) === cache) this.#byName.get(group)?.delete(plural);
    this.#loading.delete(cache);
    cache.close();
  }

  get clock(): Clock {
    return this.#world.clock;
  }

  /** The store's revision up to which every cache is complete. */
  get revision(): number {
    return this.#revision;
  }

  resource(group: string, plural: string): ResourceCache | undefined {
    return this.#byName.get(group)?.get(plural);
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
    for (const cache of [...this.#byPrefix.values(), ...this.#beside.values()]) byCache.set(cache, []);
    const { kvs: all, revision } = await this.#range(root);
    for (const kv of all) {
      const cache = this.#cacheOf(kv.key);
      if (cache === undefined) continue;
      byCache.get(cache)?.push(kv);
      const beside = this.#besideOf(cache);
      if (beside !== undefined) byCache.get(beside)?.push(kv);
    }
    this.#loading.clear();
    this.#revision = revision;
    for (const [cache, kvs] of byCache) cache.load(kvs, revision);
    this.#follow();
    this.#advanced();
    if (this.#withUnreadable().length > 0) this.#noteUnreadable();
  }

  #withUnreadable(): ResourceCache[] {
    return [...this.#byPrefix.values()].filter((cache) => cache.unreadable.size > 0);
  }

  /** What cannot be read is tried again now and then: its key may come back. */
  #noteUnreadable(): void {
    if (this.#retrying !== undefined) return;
    for (const { resource, unreadable } of this.#withUnreadable()) {
      const [first] = unreadable.values();
      this.#world.log.error('stored objects cannot be read', { resource: resource.plural, group: resource.group, count: unreadable.size, key: first?.storeKey, error: errorText(first?.cause) });
    }
    this.#retrying = (async () => {
      for (let waitMs = retryMs; this.#withUnreadable().length > 0; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
        await sleep(this.#world.clock, waitMs, this.#closed.signal);
        await this.retryUnreadable();
      }
    })().catch(() => {}).finally(() => {
      this.#retrying = undefined;
    });
  }

  /** Reads again what could not be read: keys have changed, or a key service is back. */
  async retryUnreadable(): Promise<void> {
    for (const cache of this.#withUnreadable()) {
      const [first] = cache.unreadable.values();
      if (first === undefined) continue;
      const { kvs } = await this.store.range({ start: first.storeKey }, this.#closed.signal);
      if (kvs[0] !== undefined && unreadableCause(kvs[0]) !== undefined) continue;
      await this.#reload(cache);
    }
  }

  /** Loads one resource again as of the present. A change in between makes another attempt. */
  async #reload(cache: ResourceCache): Promise<void> {
    for (let attempt = 0; attempt < reloadAttempts; attempt++) {
      const { changes } = cache;
      const revision = this.#revision;
      const { kvs } = await this.#range(cache.resource.prefix, revision);
      if (cache.changes !== changes || this.#loading.has(cache)) continue;
      cache.load(kvs, this.#revision);
      return;
    }
  }

  /** All pairs under a prefix at one revision. */
  async #range(prefix: string, at?: number): Promise<{ readonly kvs: KeyValue[]; readonly revision: number }> {
    const kvs: KeyValue[] = [];
    let start = prefix;
    let revision = at;
    for (;;) {
      const page = await this.store.range(
        { start, end: prefixEnd(prefix), limit: loadPage, ...(revision === undefined ? {} : { revision }) }, this.#closed.signal,
      );
      revision ??= page.revision;
      for (const kv of page.kvs) kvs.push(kv);
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { kvs, revision };
      start = `${last.key}\0`;
    }
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
      if (cache !== undefined) {
        this.#applyTo(cache, event);
        const beside = this.#besideOf(cache);
        if (beside !== undefined) this.#applyTo(beside, event, false);
      }
      if (this.#loading.size > 0) for (const [loading, waiting] of this.#loading) if (event.key.startsWith(loading.resource.prefix)) waiting.push(event);
    }
    this.#revision = Math.max(this.#revision, revision);
    this.#advanced();
  }

  #besideOf(cache: ResourceCache): ResourceCache | undefined {
    return this.#beside.size === 0 ? undefined : this.#beside.get(cache.resource.prefix);
  }

  /** @param isKnown whether the object that was to be written is this resource's. */
  #applyTo(cache: ResourceCache, event: StoreEvent, isKnown = true): void {
    try {
      if (event.type === 'delete') cache.delete(event.key.slice(cache.resource.prefix.length), event.kv.modRevision);
      else cache.put(event.kv, isKnown ? this.#expectedObject(event.kv) : undefined);
      if (cache.unreadable.size > 0) this.#noteUnreadable();
    } catch (error) {
      this.#world.log.error('stored object cannot be read', { key: event.key, error: errorText(error) });
    }
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
