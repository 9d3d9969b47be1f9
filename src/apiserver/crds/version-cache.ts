// The watch cache of one version of a custom resource, fed from the cache of what is stored. Each version that somebody
// asks for has its own, as upstream has a cacher per version: lists, watches, selectors and Tables then work on this
// version's bytes. Conversion without a webhook follows within the change itself; with one it follows in order and in
// batches, and readers wait until it has come as far as the store was when they asked. Who wants a single object waits
// for that one alone where the rest cannot be converted.
import type { Clock } from '#base/clock.ts';
import type { KubeObject } from '../contract.ts';
import type { CacheEvent, Entry } from '../cache/entry.ts';
import { HotObjects } from '../cache/hot-objects.ts';
import { entryFrom, ResourceCache, type CachedResource } from '../cache/resource-cache.ts';
import { encodeStored, serveStored } from '../cache/stored-form.ts';

const hotBytes = 1 << 20;
/** Objects of one conversion call. */
const batchSize = 250;
const retryMs = 1000;

export interface Converter {
  /** Does it answer within the call? */
  readonly immediate: boolean;
  /** The objects at this version, settled; they are the callee's to change. Rejects with what upstream tells. */
  convert(objects: readonly KubeObject[]): Promise<readonly KubeObject[]> | readonly KubeObject[];
}

export interface VersionCache {
  readonly cache: ResourceCache;
  /** Resolves when the cache shows everything that is stored now; undefined when it does. Rejects when conversion fails. */
  caughtUp(): Promise<void> | undefined;
  /** Resolves when `entry` shows what is stored under the key; undefined when it does. Of other objects' conversions it may fail nothing. */
  ready(key: string): Promise<void> | undefined;
  /** The object at this version as of now; before it is ready, as it was last seen. */
  entry(key: string): Entry | undefined;
  /** An entry of the stored cache at this version. */
  read(entry: Entry): Promise<Entry> | Entry;
  close(): void;
}

/** @param base The cache of what is stored. */
export function createVersionCache(base: ResourceCache, resource: CachedResource, converter: Converter, clock: Clock): VersionCache {
  const cache = new ResourceCache(resource, new HotObjects(hotBytes), clock, base.ring.floor);
  const state = { position: 0, epoch: -1, closed: false, failing: false };
  /** Objects that were asked for while the cache could not follow, by what they were made of. */
  const alone = new WeakMap<Entry, Entry>();
  let running: Promise<void> | undefined;
  let retry: { cancel(): void } | undefined;

  const isCurrent = (): boolean => state.epoch === base.epoch && state.position === base.ring.end;
  const fits = (entry: Entry): boolean => (entry.head ?? base.resource.head).apiVersion === resource.head.apiVersion;
  const made = (from: Entry, object: KubeObject): Entry => {
    const bytes = serveStored(resource.head, encodeStored(resource.head, object), from.revision);
    return { ...entryFrom(resource, from.key, from.revision, bytes, object), origin: from, ...(from.outdated === true ? { outdated: true } : {}) };
  };
  /** An entry that is at this version already, with this version's selectable fields. */
  const kept = (from: Entry): Entry => {
    const { labels, fields } = entryFrom(resource, from.key, from.revision, from.bytes, base.object(from));
    return { ...from, labels, fields, origin: from };
  };
  const convertAll = (entries: readonly Entry[]): Promise<readonly Entry[]> | readonly Entry[] => {
    const foreign = entries.filter((entry) => !fits(entry));
    const assemble = (objects: readonly KubeObject[]): Entry[] => {
      const byEntry = new Map(foreign.map((entry, i) => [entry, objects[i]] as const));
      return entries.map((entry) => {
        const object = byEntry.get(entry);
        return object === undefined ? kept(entry) : made(entry, object);
      });
    };
    if (foreign.length === 0) return assemble([]);
    const converted = converter.convert(foreign.map((entry) => base.object(entry)));
    return converted instanceof Promise ? converted.then(assemble) : assemble(converted);
  };
  const enter = (events: readonly CacheEvent[], entries: readonly Entry[]): void => {
    const byOrigin = new Map(entries.map((entry) => [entry.origin, entry] as const));
    for (const event of events) {
      const entry = byOrigin.get(event.entry);
      if (event.type === 'DELETED') cache.delete(event.entry.key, event.revision);
      else if (entry !== undefined) cache.putEntry(entry);
    }
  };
  const nextEvents = (): CacheEvent[] => {
    const events: CacheEvent[] = [];
    for (let at = state.position; at < base.ring.end && events.length < batchSize; at++) events.push(base.ring.at(at));
    return events;
  };
  /** The revision of the last change before a position of the stored cache's ring. */
  const lastRevision = (position: number): number => (position === base.ring.start ? base.ring.floor : base.ring.at(position - 1).revision);
  const needsReload = (): boolean => state.epoch !== base.epoch || state.position < base.ring.start;

  const followNow = (): void => {
    if (needsReload()) {
      cache.loadEntries([...base.entries()].map((entry) => (convertAll([entry]) as readonly Entry[])[0] as Entry), lastRevision(base.ring.end));
      state.epoch = base.epoch;
      state.position = base.ring.end;
      return;
    }
    while (state.position < base.ring.end) {
      const events = nextEvents();
      enter(events, convertAll(events.filter((event) => event.type !== 'DELETED').map((event) => event.entry)) as readonly Entry[]);
      state.position += events.length;
    }
  };
  const follow = async (): Promise<void> => {
    while (!state.closed && !isCurrent()) {
      if (needsReload()) await reload();
      else {
        const { epoch } = base;
        const events = nextEvents();
        const entries = await convertAll(events.filter((event) => event.type !== 'DELETED').map((event) => event.entry));
        if (base.epoch !== epoch) continue;
        enter(events, entries);
        state.position += events.length;
      }
    }
  };
  const reload = async (): Promise<void> => {
    const { epoch } = base;
    const position = base.ring.end;
    const all = [...base.entries()];
    const entries: Entry[] = [];
    for (let at = 0; at < all.length; at += batchSize) for (const entry of await convertAll(all.slice(at, at + batchSize))) entries.push(entry);
    if (base.epoch !== epoch || state.closed) return;
    cache.loadEntries(entries, lastRevision(position));
    state.epoch = epoch;
    state.position = position;
  };
  const run = (): Promise<void> => {
    retry?.cancel();
    running ??= follow().then(
      () => {
        state.failing = false;
      },
      (error: unknown) => {
        state.failing = true;
        throw error;
      },
    ).finally(() => {
      running = undefined;
    });
    return running;
  };
  const later = (): void => {
    if (state.closed) return;
    retry?.cancel();
    retry = clock.after(retryMs, wake, { background: true });
  };
  const wake = (): void => {
    if (state.closed) return;
    if (converter.immediate) followNow();
    else run().catch(later);
  };
  const current = (key: string): Entry | undefined => {
    const from = base.get(key);
    if (from === undefined) return undefined;
    const followed = cache.get(key);
    if (followed?.origin === from) return followed;
    const known = alone.get(from) ?? (fits(from) ? kept(from) : undefined);
    if (known !== undefined) alone.set(from, known);
    return known;
  };
  const isReady = (key: string): boolean => isCurrent() || base.get(key) === undefined || current(key) !== undefined;
  const convertAlone = async (key: string): Promise<void> => {
    for (let from = base.get(key); from !== undefined && !isReady(key); from = base.get(key)) {
      const [entry] = await convertAll([from]);
      if (entry !== undefined) alone.set(from, entry);
    }
  };
  const stopListening = base.onChange(wake);
  wake();
  return {
    cache,
    caughtUp: () => (isCurrent() ? undefined : run()),
    ready(key) {
      if (isReady(key)) return undefined;
      return state.failing || needsReload() ? convertAlone(key) : run().catch(() => convertAlone(key));
    },
    entry: (key) => (isCurrent() ? cache.get(key) : (current(key) ?? (base.get(key) === undefined ? undefined : cache.get(key)))),
    read(entry) {
      const entries = convertAll([entry]);
      return entries instanceof Promise ? entries.then((all) => all[0] as Entry) : (entries[0] as Entry);
    },
    close() {
      state.closed = true;
      stopListening();
      retry?.cancel();
      cache.close();
    },
  };
}
