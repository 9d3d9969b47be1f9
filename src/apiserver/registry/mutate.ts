// A change that the server itself makes to a stored object (binding a pod, counting a disruption): read, change,
// compare and swap until it holds. No strategy, no admission, and ownership only where upstream's writes have it.
import { notFound } from '#machinery';
import { encode, isUnchanged, putObject, served } from './commit.ts';
import { asStored, cachedCurrent, copyOf, foundCurrent, freshCurrent } from './current.ts';
import { objectKey } from './storage-layout.ts';
import type { StoredResource } from './resources.ts';
import type { Stored } from './strategy.ts';
import type { Registry } from './write-request.ts';

export interface Mutation {
  readonly resource: StoredResource;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Changes the copy it is given; throws to give up. Called again when somebody was quicker. */
  change(object: Stored, revision: number): void;
  /** Records who owns what was changed. */
  own?(before: Stored, after: Stored): Promise<Stored> | Stored;
}

/** The object after the change. Throws notFound. */
export async function mutateObject(registry: Registry, mutation: Mutation): Promise<Stored> {
  const { resource, namespace, name, signal } = mutation;
  const key = objectKey(resource.namespaced, namespace, name);
  let current = cachedCurrent(registry, resource, key);
  let maybeStale = !registry.cache.store.synchronousWatch;
  for (;;) {
    if (current === undefined && maybeStale) {
      current = await freshCurrent(registry, resource, key, signal);
      maybeStale = false;
    }
    if (current === undefined) throw notFound({ group: resource.group, resource: resource.plural }, name);
    const object = copyOf(current);
    try {
      mutation.change(object, current.revision);
    } catch (error) {
      if (!maybeStale) throw error;
      maybeStale = false;
      current = await freshCurrent(registry, resource, key, signal);
      continue;
    }
    const owned = mutation.own === undefined ? object : await mutation.own(asStored(current.object), object);
    const result = resource.handling.canonical(owned);
    const encoded = await encode(resource, result);
    const unchanged = isUnchanged(resource, encoded, served(resource, result, encoded, current.revision), current);
    if (mutation.dryRun || unchanged) return { ...result, metadata: { ...result.metadata, resourceVersion: String(current.revision) } };
    const put = await putObject(registry, resource, key, result, encoded, current.revision, signal);
    if (put.done !== undefined) return put.done.object as Stored;
    current = await foundCurrent(registry, resource, put.current);
    maybeStale = false;
  }
}
