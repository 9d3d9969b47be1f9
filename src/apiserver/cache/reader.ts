// The API server's own reads, for authorizers and admission: straight from the watch cache, no waiting.
import type { KubeObject, ObjectReader } from '../contract.ts';
import { objectKey } from '../registry/storage-layout.ts';
import type { ResourceCache } from './resource-cache.ts';
import type { WatchCache } from './watch-cache.ts';

/** Objects it returns are shared: copy before changing. An unknown resource is an empty one. */
export function createReader(cache: WatchCache): ObjectReader {
  const objectsOf = (found: ResourceCache, namespace: string | undefined): KubeObject[] => {
    const objects: KubeObject[] = [];
    const range = namespace === undefined || namespace === '' ? [] : [`${namespace}/`, `${namespace}0`];
    for (const entry of found.snapshot().range(...range)) objects.push(found.object(entry));
    return objects;
  };
  return {
    get(group, resource, namespace, name) {
      const found = cache.resource(group, resource);
      const entry = found?.get(objectKey(namespace !== '', namespace, name));
      return entry === undefined ? undefined : found?.object(entry);
    },
    list(group, resource, namespace) {
      const found = cache.resource(group, resource);
      return found === undefined ? [] : objectsOf(found, namespace);
    },
    where(group, resource, field, value) {
      const found = cache.resource(group, resource);
      if (found === undefined) return [];
      return Array.from(found.where(field, value), (entry) => found.object(entry));
    },
    revision: (group, resource) => cache.resource(group, resource)?.changes ?? 0,
  };
}
