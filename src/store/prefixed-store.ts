// A store whose keys lie under another prefix than the one that its users name: several clusters may share one etcd, each
// under a prefix of its own (--etcd-prefix). Users see their own keys only; revisions and leases are the store's.
import type { KeyValue, Store, StoreEvent, Write } from './contract.ts';

/** `store` with every key that begins with `own` kept under `kept` instead. Both end with "/". */
export function prefixedStore(store: Store, own: string, kept: string): Store {
  const inward = (key: string): string => {
    // What is no key at all is the store's to refuse.
    if (key === '') return key;
    if (!key.startsWith(own)) throw new Error(`the key ${JSON.stringify(key)} is not under ${own}`);
    return kept + key.slice(own.length);
  };
  const ownEnd = own.slice(0, -1) + String.fromCharCode(own.charCodeAt(own.length - 1) + 1);
  const keptEnd = kept.slice(0, -1) + String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
  /** The end of a range may be the end of everything. */
  const endInward = (key: string): string => (key === ownEnd ? keptEnd : inward(key));
  const outward = <T extends KeyValue | undefined>(kv: T): T => (kv === undefined ? kv : { ...kv, key: own + kv.key.slice(kept.length) });
  const writeInward = (write: Write): Write => ('put' in write ? { ...write, put: inward(write.put) } : { delete: inward(write.delete) });
  const range = <T extends { readonly start: string; readonly end?: string }>(query: T): T => ({ ...query, start: inward(query.start), ...(query.end === undefined ? {} : { end: endInward(query.end) }) });
  const event = (told: StoreEvent): StoreEvent => ({ ...told, key: own + told.key.slice(kept.length), kv: outward(told.kv), previous: outward(told.previous) });
  return {
    synchronousWatch: store.synchronousWatch,
    async range(query, signal) {
      const result = await store.range(range(query), signal);
      return { ...result, kvs: result.kvs.map(outward) };
    },
    async commit({ conditions, writes }, signal) {
      const result = await store.commit({ conditions: conditions.map((each) => ({ ...each, key: inward(each.key) })), writes: writes.map(writeInward) }, signal);
      return { ...result, current: result.current.map(outward) };
    },
    watch: (query, handler) =>
      store.watch(range(query), {
        events: (events, revision) => handler.events(events.map(event), revision),
        ...(handler.progress === undefined ? {} : { progress: (revision: number) => handler.progress?.(revision) }),
        ended: (error) => handler.ended(error),
      }),
    compact: (revision) => store.compact(revision),
    grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
    renewLease: (id) => store.renewLease(id),
    revokeLease: (id) => store.revokeLease(id),
    status: () => store.status(),
    close: () => store.close(),
  };
}
