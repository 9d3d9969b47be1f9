// The current state of one object, for updates and deletes: the watch cache's if it is likely current, the
// store's after a conflict has shown that it is not.
import type { KeyValue } from '#store';
import { cloneJson } from '#machinery';
import { entryOf, type ResourceCache } from '../cache/resource-cache.ts';
import type { Entry } from '../cache/entry.ts';
import { unreadableObject } from '../cache/unreadable.ts';
import type { KubeObject } from '../contract.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { Registry } from './write-request.ts';
import type { StoredResource } from './resources.ts';
import type { Stored } from './strategy.ts';

export interface Current {
  readonly revision: number;
  readonly bytes: Buffer;
  /** Shared: read only. */
  readonly object: Stored;
  /** What lies in the store, where that is not `bytes`: a write that changes nothing writes all the same if it differs. */
  readonly storedBytes?: Buffer | undefined;
  readonly outdated?: boolean;
}

function fromEntry(entry: Entry, object: KubeObject): Current {
  const { revision, bytes, origin } = entry;
  if (origin === undefined) return { revision, bytes, object: asStored(object), ...(entry.outdated === true ? { outdated: true } : {}) };
  return { revision, bytes, object: asStored(object), storedBytes: origin.bytes, outdated: origin.outdated === true };
}

/** Every object of the registry has metadata; one that was stored without it gets an empty one. */
export function asStored(object: KubeObject): Stored {
  if (object.metadata === undefined) object.metadata = {};
  return object as Stored;
}

export function cacheOf(registry: Registry, resource: StoredResource): ResourceCache {
  const cache = cacheOfStored(registry.cache, resource);
  if (cache === undefined) throw new Error(`no cache for ${resource.plural}.${resource.group}`);
  return cache;
}

/** From the watch cache, which an etcd store may be ahead of. */
export function cachedCurrent(registry: Registry, resource: StoredResource, key: string): Current | undefined {
  const cache = cacheOf(registry, resource);
  const entry = entryAt(cache, resource, key);
  if (entry !== undefined) return fromEntry(entry, cache.object(entry));
  const unreadable = cache.unreadable.get(key);
  if (unreadable !== undefined) throw unreadableObject(unreadable);
  return undefined;
}

/** From what a failed transaction found. */
export function foundCurrent(registry: Registry, resource: StoredResource, kv: KeyValue | undefined): Promise<Current> | Current | undefined {
  if (kv === undefined) return undefined;
  const cache = cacheOf(registry, resource);
  const entry = readPair(resource, kv);
  if (entry instanceof Promise) return entry.then((read) => fromEntry(read, cache.object(read)));
  return fromEntry(entry, cache.object(entry));
}

/** A stored pair as an entry of the resource. */
export function readPair(resource: StoredResource, kv: KeyValue): Promise<Entry> | Entry {
  return resource.versioned === undefined ? entryOf(resource, kv) : resource.versioned.read(kv);
}

/** Of a custom resource its version's own cache. */
export function cacheOfStored(cache: WatchCache, resource: StoredResource): ResourceCache | undefined {
  return resource.versioned === undefined ? cache.resource(resource.group, resource.plural) : resource.versioned.cache;
}

/** The cached entry of one object; of a custom resource's version it is there when it is ready, though others may not be. */
export function entryAt(cache: ResourceCache, resource: StoredResource, key: string): Entry | undefined {
  return resource.versioned === undefined ? cache.get(key) : resource.versioned.entry(key);
}

/** A consistent read: the cache where it is never behind, else the store. */
export async function freshCurrent(registry: Registry, resource: StoredResource, key: string, signal: AbortSignal): Promise<Current | undefined> {
  if (registry.cache.store.synchronousWatch) {
    await resource.versioned?.ready(key);
    return cachedCurrent(registry, resource, key);
  }
  const { kvs } = await registry.cache.store.range({ start: resource.prefix + key }, signal);
  return foundCurrent(registry, resource, kvs[0]);
}

/** A copy that may be changed. */
export function copyOf(current: Current): Stored {
  return cloneJson(current.object);
}
