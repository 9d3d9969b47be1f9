// The local copy of a resource: objects by key, by namespace and by whatever indexes its users add. Lists are
// kept until the next change, as controllers list far more often than objects change.
import type { ApiObject } from './contract.ts';
import { keyOf } from './object-key.ts';

export interface Indexer<T extends ApiObject> {
  readonly size: number;
  get(key: string): T | undefined;
  keys(): Iterable<string>;
  list(namespace?: string): readonly T[];
  byIndex(index: string, value: string): readonly T[];
  addIndex(index: string, values: (object: T) => readonly string[]): void;
  /** Returns what was there before. */
  put(object: T): T | undefined;
  remove(key: string): T | undefined;
}

interface Bucket<T> {
  readonly objects: Map<string, T>;
  listed: readonly T[] | undefined;
}

interface Index<T> {
  readonly values: (object: T) => readonly string[];
  readonly buckets: Map<string, Bucket<T>>;
}

const none: readonly never[] = Object.freeze([]);

function listed<T>(bucket: Bucket<T> | undefined): readonly T[] {
  if (bucket === undefined) return none;
  bucket.listed ??= Object.freeze([...bucket.objects.values()]);
  return bucket.listed;
}

function place<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    let bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, (bucket = { objects: new Map(), listed: undefined }));
    bucket.objects.set(key, object);
    bucket.listed = undefined;
  }
}

function displace<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    if (bucket === undefined) continue;
    bucket.objects.delete(key);
    bucket.listed = undefined;
    if (bucket.objects.size === 0) index.buckets.delete(value);
  }
}

export function createIndexer<T extends ApiObject>(): Indexer<T> {
  const all: Bucket<T> = { objects: new Map(), listed: undefined };
  const namespaces: Index<T> = { values: (object) => [object.metadata?.namespace ?? ''], buckets: new Map() };
  const indexes = new Map<string, Index<T>>();
  const every = (): Index<T>[] => [namespaces, ...indexes.values()];
  const remove = (key: string): T | undefined => {
    const before = all.objects.get(key);
    if (before === undefined) return undefined;
    all.objects.delete(key);
    all.listed = undefined;
    for (const index of every()) displace(index, key, before);
    return before;
  };
  return {
    get size() {
      return all.objects.size;
    },
    get: (key) => all.objects.get(key),
    keys: () => all.objects.keys(),
    list: (namespace) => listed(namespace === undefined || namespace === '' ? all : namespaces.buckets.get(namespace)),
    byIndex(name, value) {
      const index = indexes.get(name);
      if (index === undefined) throw new Error(`informer: no index ${name}`);
      return listed(index.buckets.get(value));
    },
    addIndex(name, values) {
      if (indexes.has(name)) return;
      const index: Index<T> = { values, buckets: new Map() };
      for (const [key, object] of all.objects) place(index, key, object);
      indexes.set(name, index);
    },
    put(object) {
      const key = keyOf(object);
      const before = all.objects.get(key);
      if (before !== undefined) for (const index of every()) displace(index, key, before);
      all.objects.set(key, object);
      all.listed = undefined;
      for (const index of every()) place(index, key, object);
      return before;
    },
    remove,
  };
}
