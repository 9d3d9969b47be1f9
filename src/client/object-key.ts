// How objects are named in caches and queues: "namespace/name", or "name" for what lives in no namespace.
import type { ApiObject } from './contract.ts';

/** The key of an object. */
export function keyOf(object: ApiObject): string {
  return joinKey(object.metadata?.namespace ?? '', object.metadata?.name ?? '');
}

export function joinKey(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Takes a key apart; namespace '' when it has none. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
