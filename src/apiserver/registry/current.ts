// The current state of one object, for updates and deletes: the watch cache's if it is likely current, the
// store's after a conflict has shown that it is not.
import type { KeyValue } from '#store';
import { cloneJson } from '#machinery';
import { entryOf, type ResourceCache } from '../cache/resource-cache.ts';
import type { Entry } from '../cache/entry.ts';
import type { KubeObject } from '../contract.ts';
import type { Registry } from './write-request.ts';
import type { StoredResource } from './resources.ts';
import type { Stored } from './strategy.ts';

export interface Current {
  readonly revision: number;
  readonly bytes: Buffer;
  /** Shared: read only. */
  readonly object: Stored;
}

function fromEntry(entry: Entry, object: KubeObject): Current {
  return { revision: entry.revision, bytes: entry.bytes, object: asStored(object) };
}

/** Every object of the registry has metadata; one that was stored without it gets an empty one. */
export function asStored(object: KubeObject): Stored {
  if (object.metadata === undefined) object.metadata = {};
  return object as Stored;
}

export function cacheOf(registry: Registry, resource: StoredResource): ResourceCache {
  const cache = registry.cache.resource(resource.group, resource.plural);
  if (cache === undefined) throw new Error(`no cache for ${resource.plural}.${resource.group}`);
  return cache;
}

/** From the watch cache, which an etcd store may be ahead of. */
export function cachedCurrent(registry: Registry, resource: StoredResource, key: string): Current | undefined {
  const cache = cacheOf(registry, resource);
  const entry = cache.get(key);
  return entry === undefined ? undefined : fromEntry(entry, cache.object(entry));
}

/** From what a failed transaction found. */
export function foundCurrent(registry: Registry, resource: StoredResource, kv: KeyValue | undefined): Current | undefined {
  if (kv === undefined) return undefined;
  const cache = cacheOf(registry, resource);
  const entry = entryOf(resource, kv);
  return fromEntry(entry, cache.object(entry));
}

/** A consistent read: the cache where it is never behind, else the store. */
export async function freshCurrent(registry: Registry, resource: StoredResource, key: string, signal: AbortSignal): Promise<Current | undefined> {
  if (registry.cache.store.synchronousWatch) return cachedCurrent(registry, resource, key);
  const { kvs } = await registry.cache.store.range({ start: resource.prefix + key }, signal);
  return foundCurrent(registry, resource, kvs[0]);
}

/** A copy that may be changed. */
export function copyOf(current: Current): Stored {
  return cloneJson(current.object);
}
