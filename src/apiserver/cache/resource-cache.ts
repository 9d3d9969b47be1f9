// The watch cache of one resource: its entries, the ring of recent changes, and indexes over selectable
// fields that somebody has asked for. Fed by watch-cache.ts; everything here is synchronous.
import type { Clock } from '#base/clock.ts';
import type { KeyValue } from '#store';
import type { KubeObject } from '../contract.ts';
import { textOfKey } from '../registry/storage-layout.ts';
import type { CacheEvent, Entry } from './entry.ts';
import { EventRing } from './event-ring.ts';
import type { HotObjects } from './hot-objects.ts';
import { OrderedEntries, type EntrySnapshot } from './ordered-entries.ts';
import { encodeStored, isOwnForm, parseServed, serveStored, withRevision, type KindHead } from './stored-form.ts';
import { unreadableCause, unreadableList, unreadableObject, type Unreadable } from './unreadable.ts';

/** How the objects of a resource are read. */
export interface CachedResource {
  readonly group: string;
  readonly plural: string;
  /** "/registry/pods/" */
  readonly prefix: string;
  readonly head: KindHead;
  readonly namespaced: boolean;
  /** Selectable fields beyond metadata.name and metadata.namespace. */
  readonly fieldNames: readonly string[];
  fieldsOf(object: KubeObject): readonly string[];
  /** Adds to an object of the store what was not known yet when it was written, and says whether it did. */
  readonly completeStored?: (object: KubeObject) => boolean;
  /** Reads a stored pair of a custom resource, which may have been written at another version or under another schema. */
  readonly readStored?: (kv: KeyValue, known?: KubeObject) => Entry;
  /** Would readStored make this very object of its bytes? Absent: of all that this server has encoded. */
  readonly isSettled?: (object: KubeObject) => boolean;
}

const noLabels: Readonly<Record<string, string>> = {};

export class ResourceCache {
  readonly resource: CachedResource;
  readonly hot: HotObjects;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  readonly #indexes = new Map<string, Map<string, Map<string, Entry>>>();
  #entries = new OrderedEntries();
  #ring: EventRing;
  #changes = 0;
  /** What the store holds and cannot be read, by key; empty but for the worst of days. */
  readonly unreadable = new Map<string, Unreadable>();
  /** Grows each time the history breaks; watchers from before must end. */
  epoch = 0;
  closed = false;
  /** Of all entries. */
  bytes = 0;
  /** Stored objects that were met and could not be decoded. */
  decodeErrors = 0;

  constructor(resource: CachedResource, hot: HotObjects, clock: Clock, revision: number) {
    this.resource = resource;
    this.hot = hot;
    this.#clock = clock;
    this.#ring = new EventRing(revision);
  }

  get ring(): EventRing {
    return this.#ring;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Grows with every change. */
  get changes(): number {
    return this.#changes;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** Throws when an object that cannot be read belongs to a list of these keys. */
  checkReadable(prefix: string): void {
    for (const [key, found] of this.unreadable) if (key.startsWith(prefix)) throw unreadableList(found);
  }

  snapshot(): EntrySnapshot {
    return this.#entries.snapshot();
  }

  /** The state at an older revision, rebuilt from the ring; undefined when the ring does not reach back so far. */
  snapshotAt(revision: number): EntrySnapshot | undefined {
    if (revision < this.#ring.floor) return undefined;
    const first = this.#ring.after(revision);
    if (first === this.#ring.end) return this.snapshot();
    const before = new Map<string, Entry | undefined>();
    for (let i = first; i < this.#ring.end; i++) {
      const { entry, previous } = this.#ring.at(i);
      if (!before.has(entry.key)) before.set(entry.key, previous);
    }
    return withOverlay(this.snapshot(), before);
  }

  /** Entries whose selectable field has this value. */
  where(field: string, value: string): Iterable<Entry> {
    const at = this.resource.fieldNames.indexOf(field);
    if (at < 0) return [];
    let index = this.#indexes.get(field);
    if (index === undefined) {
      index = new Map();
      for (const entry of this.#entries.values()) addTo(index, entry.fields[at] ?? '', entry);
      this.#indexes.set(field, index);
    }
    return index.get(value)?.values() ?? [];
  }

  /** Replaces everything: the first load, or the history before `revision` is lost. */
  load(kvs: Iterable<KeyValue>, revision: number): void {
    this.loadEntries(this.#read(kvs), revision);
  }

  *#read(kvs: Iterable<KeyValue>): Generator<Entry> {
    this.unreadable.clear();
    for (const kv of kvs) {
      const entry = this.#readable(kv);
      if (entry !== undefined) yield entry;
    }
  }

  /** @param encoded What `kv` holds, when the caller has just encoded it. */
  put(kv: KeyValue, encoded?: KubeObject): void {
    const object = encoded === undefined || this.resource.isSettled?.(encoded) === false ? undefined : encoded;
    const entry = this.#readable(kv, object);
    if (entry === undefined) this.#hide(kv.key.slice(this.resource.prefix.length));
    else this.putEntry(entry, object);
  }

  /** The entry, or undefined for one that is noted as unreadable. */
  #readable(kv: KeyValue, object?: KubeObject): Entry | undefined {
    const key = kv.key.slice(this.resource.prefix.length);
    const cause = unreadableCause(kv);
    try {
      if (cause !== undefined) throw cause;
      const entry = this.#entryOf(kv, object);
      if (this.unreadable.size > 0) this.unreadable.delete(key);
      return entry;
    } catch (error) {
      if (cause === undefined) this.decodeErrors++;
      this.unreadable.set(key, { storeKey: kv.key, revision: kv.modRevision, cause: error instanceof Error ? error : new Error(String(error)) });
      return undefined;
    }
  }

  /** What was readable is so no more. No event says that: watches end, and who lists again learns why. */
  #hide(key: string): void {
    const previous = this.#entries.get(key);
    if (previous === undefined) return;
    this.#entries.delete(key);
    this.bytes -= previous.bytes.length;
    this.#reindex(previous, undefined);
    this.#changes++;
    this.retire();
  }

  /** As `put`, read already. */
  putEntry(entry: Entry, object?: KubeObject): void {
    const previous = this.#entries.get(entry.key);
    if (previous !== undefined && previous.revision >= entry.revision) return;
    this.#entries.set(entry);
    this.bytes += entry.bytes.length - (previous?.bytes.length ?? 0);
    this.#reindex(previous, entry);
    // What has just been written is what its controllers look at next.
    if (object !== undefined) this.hot.remember(entry, { ...object, metadata: { ...object.metadata, resourceVersion: String(entry.revision) } });
    this.#record({ type: previous === undefined ? 'ADDED' : 'MODIFIED', revision: entry.revision, entry, previous });
  }

  delete(key: string, revision: number): void {
    if (this.unreadable.size > 0) this.unreadable.delete(key);
    const previous = this.#entries.get(key);
    if (previous === undefined || previous.revision >= revision) return;
    this.#entries.delete(key);
    this.bytes -= previous.bytes.length;
    this.#reindex(previous, undefined);
    const entry = { ...previous, revision, bytes: withRevision(previous.head ?? this.resource.head, previous.bytes, revision) };
    this.#record({ type: 'DELETED', revision, entry, previous });
  }

  /** Replaces everything by entries that have been read already. */
  loadEntries(entries: Iterable<Entry>, revision: number): void {
    this.#entries = new OrderedEntries();
    this.#indexes.clear();
    this.#ring = new EventRing(revision);
    this.#changes++;
    this.epoch++;
    this.bytes = 0;
    for (const entry of entries) {
      this.#entries.set(entry);
      this.bytes += entry.bytes.length;
    }
    this.#notify();
  }

  /** The resource is served no more, or otherwise from now on: its watches end. */
  retire(): void {
    this.epoch++;
    this.#notify();
  }

  /** There will be no more changes: watches end when they have shown all there were. */
  close(): void {
    this.closed = true;
    this.#notify();
  }

  /** `listener` is called after changes, once for several of one commit. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  object(entry: Entry): KubeObject {
    return this.hot.get(entry);
  }

  #record(event: CacheEvent): void {
    this.#ring.push(event, this.#clock.monotonic());
    this.#changes++;
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #reindex(previous: Entry | undefined, entry: Entry | undefined): void {
    if (previous !== undefined) this.hot.forget(previous);
    for (const [field, index] of this.#indexes) {
      const at = this.resource.fieldNames.indexOf(field);
      if (previous !== undefined) {
        const value = previous.fields[at] ?? '';
        const found = index.get(value);
        found?.delete(previous.key);
        if (found?.size === 0) index.delete(value);
      }
      if (entry !== undefined) addTo(index, entry.fields[at] ?? '', entry);
    }
  }

  #entryOf(kv: KeyValue, known?: KubeObject): Entry {
    return entryOf(this.resource, kv, known);
  }
}

/** The entry for a stored pair. */
export function entryOf(resource: CachedResource, kv: KeyValue, known?: KubeObject): Entry {
  const cause = unreadableCause(kv);
  if (cause !== undefined) throw unreadableObject({ storeKey: kv.key, revision: kv.modRevision, cause });
  if (resource.readStored !== undefined) return resource.readStored(kv, known);
  const bytes = serveStored(resource.head, kv.value, kv.modRevision);
  const key = kv.key.slice(resource.prefix.length);
  if (known !== undefined) return entryFrom(resource, key, kv.modRevision, bytes, known);
  const object = parseServed(bytes);
  if (resource.completeStored?.(object) === true) {
    const completed = serveStored(resource.head, encodeStored(resource.head, object), kv.modRevision);
    return { ...entryFrom(resource, key, kv.modRevision, completed, object), outdated: true };
  }
  const entry = entryFrom(resource, key, kv.modRevision, bytes, object);
  return isOwnForm(resource.head, kv.value) ? entry : { ...entry, outdated: true };
}

/** The entry of an object that has been read. */
export function entryFrom(resource: CachedResource, key: string, revision: number, bytes: Buffer, object: KubeObject): Entry {
  const slash = key.indexOf('/');
  return {
    key,
    namespace: slash < 0 ? '' : key.slice(0, slash),
    name: textOfKey(slash < 0 ? key : key.slice(slash + 1)),
    uid: object.metadata?.uid ?? '',
    revision,
    bytes,
    labels: object.metadata?.labels ?? noLabels,
    fields: resource.fieldsOf(object),
  };
}

function addTo(index: Map<string, Map<string, Entry>>, value: string, entry: Entry): void {
  const found = index.get(value);
  if (found === undefined) index.set(value, new Map([[entry.key, entry]]));
  else found.set(entry.key, entry);
}

/** `snapshot` with some keys replaced by what they held before. */
function withOverlay(snapshot: EntrySnapshot, before: ReadonlyMap<string, Entry | undefined>): EntrySnapshot {
  const changed = [...before.keys()].sort();
  let size = 0;
  for (const _ of overlaid(snapshot, before, changed)) size++;
  return { size, range: (start, end) => overlaid(snapshot, before, changed, start, end) };
}

function* overlaid(
  snapshot: EntrySnapshot, before: ReadonlyMap<string, Entry | undefined>, changed: readonly string[], start = '', end?: string,
): Generator<Entry> {
  const keys = changed.filter((key) => key >= start && (end === undefined || key < end));
  let next = 0;
  for (const entry of snapshot.range(start, end)) {
    for (; next < keys.length && (keys[next] as string) < entry.key; next++) {
      const old = before.get(keys[next] as string);
      if (old !== undefined) yield old;
    }
    if (before.has(entry.key)) continue;
    yield entry;
  }
  for (; next < keys.length; next++) {
    const old = before.get(keys[next] as string);
    if (old !== undefined) yield old;
  }
}
