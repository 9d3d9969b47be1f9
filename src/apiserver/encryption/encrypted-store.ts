// A store whose configured resources are encrypted: values are transformed on their way in and out, keys and revisions
// are untouched, and everything above sees plain bytes. What nobody configured passes by its key's prefix alone. Events
// keep their order: as long as keys are at hand they are handed on in the same turn, else those behind one that waits
// for a key service wait with it. A value that cannot be decrypted becomes an unreadable pair, never a missing one.
import type { KeyValue, RangeResult, Store, StoreEvent, StoreWatch, Txn, TxnResult, WatchHandler, Write } from '#store';
import type { UnreadablePair } from '../cache/unreadable.ts';
import type { Encryption } from './encryption.ts';
import type { KeyResource } from './group-resource.ts';
import type { MaybePromise, Transformer } from './transformer.ts';

export interface EncryptedStore extends Store {
  /** Would the value under the key be written in another form than it has? */
  isStale(key: string, signal?: AbortSignal): Promise<boolean>;
  /** Is anything said about the resource of this key? */
  covers(key: string): boolean;
}

/** Values that this server has just encrypted need not be decrypted when their events arrive. */
type JustWritten = WeakMap<Uint8Array, Uint8Array>;

/** @param resourceOf Finds a key's resource; undefined for keys that are stored plain. */
export function encryptedStore(store: Store, encryption: Encryption, resourceOf: (key: string) => KeyResource | undefined): EncryptedStore {
  const byPrefix = new Map<string, Transformer>();
  const forget = encryption.onChange(() => byPrefix.clear());
  const written: JustWritten = new WeakMap();

  const transformerOf = (key: string): Transformer | undefined => {
    const found = resourceOf(key);
    if (found === undefined) return undefined;
    let transformer = byPrefix.get(found.prefix);
    if (transformer === undefined) {
      transformer = encryption.transformerFor(found.resource);
      byPrefix.set(found.prefix, transformer);
    }
    return transformer;
  };

  const readable = (kv: KeyValue): MaybePromise<KeyValue> => {
    if (kv.value.length === 0) return kv;
    const plain = written.get(kv.value);
    if (plain !== undefined) return { ...kv, value: plain };
    const transformer = transformerOf(kv.key);
    if (transformer === undefined) return kv;
    try {
      const opened = transformer.decrypt(kv.value, Buffer.from(kv.key, 'latin1'));
      if (opened instanceof Promise) return opened.then(({ value }) => ({ ...kv, value }), (error: unknown) => unreadable(kv, error));
      return opened.value === kv.value ? kv : { ...kv, value: opened.value };
    } catch (error) {
      return unreadable(kv, error);
    }
  };

  const encrypted = async (write: Write): Promise<Write> => {
    if (!('put' in write)) return write;
    const transformer = transformerOf(write.put);
    if (transformer === undefined) return write;
    const value = await transformer.encrypt(write.value, Buffer.from(write.put, 'latin1'));
    if (value !== write.value) written.set(value, write.value);
    return { ...write, value };
  };

  return {
    synchronousWatch: store.synchronousWatch,
    async range(query, signal): Promise<RangeResult> {
      const result = await store.range(query, signal);
      if (query.keysOnly === true || query.countOnly === true) return result;
      return { ...result, kvs: await settled(result.kvs, readable) };
    },
    async commit(txn: Txn, signal): Promise<TxnResult> {
      const writes = txn.writes.some((write) => 'put' in write && transformerOf(write.put) !== undefined) ? await Promise.all(txn.writes.map(encrypted)) : txn.writes;
      const result = await store.commit({ conditions: txn.conditions, writes }, signal);
      if (result.current.length === 0) return result;
      return { ...result, current: await Promise.all(result.current.map((kv) => (kv === undefined ? undefined : readable(kv)))) };
    },
    watch: (query, handler) => orderedWatch((ordered) => store.watch(query, ordered), handler, readable),
    async isStale(key, signal) {
      const transformer = transformerOf(key);
      if (transformer === undefined) return false;
      const { kvs } = await store.range({ start: key }, signal);
      const [kv] = kvs;
      return kv !== undefined && (await transformer.decrypt(kv.value, Buffer.from(key))).stale;
    },
    covers(key) {
      const found = resourceOf(key);
      return found !== undefined && encryption.covers(found.resource);
    },
    compact: (revision) => store.compact(revision),
    grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
    renewLease: (id) => store.renewLease(id),
    revokeLease: (id) => store.revokeLease(id),
    status: () => store.status(),
    close() {
      forget();
      return store.close();
    },
  };
}

function unreadable(kv: KeyValue, error: unknown): UnreadablePair {
  return { ...kv, unreadable: error instanceof Error ? error : new Error(String(error)) };
}

/** All at once where nothing waits. */
function settled(kvs: readonly KeyValue[], readable: (kv: KeyValue) => MaybePromise<KeyValue>): MaybePromise<readonly KeyValue[]> {
  const out = kvs.map(readable);
  return out.some((kv) => kv instanceof Promise) ? Promise.all(out) : (out as KeyValue[]);
}

/** Events decrypted, in their order, with progress and the end of the watch behind what still waits. */
function orderedWatch(watch: (handler: WatchHandler) => StoreWatch, handler: WatchHandler, readable: (kv: KeyValue) => MaybePromise<KeyValue>): StoreWatch {
  let tail: Promise<void> | undefined;
  let closed = false;
  const enqueue = (work: () => MaybePromise<void>): void => {
    if (tail === undefined) {
      const done = work();
      if (done instanceof Promise) follow(done);
      return;
    }
    follow(tail.then(work));
  };
  const follow = (done: Promise<void>): void => {
    tail = done;
    void done.finally(() => {
      if (tail === done) tail = undefined;
    });
  };
  const deliver = (action: () => void): void => {
    if (!closed) action();
  };
  const running = watch({
    events(events, revision) {
      enqueue(() => {
        // The pair before is not shown: nobody above asks for it, and it would have to be decrypted as well.
        const pairs = settled(events.map((event) => event.kv), readable);
        const hand = (kvs: readonly KeyValue[]): void => deliver(() => handler.events(events.map((event, at) => withPair(event, kvs[at])), revision));
        return pairs instanceof Promise ? pairs.then(hand) : hand(pairs);
      });
    },
    progress: (revision) => enqueue(() => deliver(() => handler.progress?.(revision))),
    ended: (error) => enqueue(() => deliver(() => handler.ended(error))),
  });
  return {
    close() {
      closed = true;
      running.close();
    },
    requestProgress: () => running.requestProgress(),
  };
}

function withPair(event: StoreEvent, kv: KeyValue | undefined): StoreEvent {
  return kv === undefined || (kv === event.kv && event.previous === undefined) ? event : { ...event, kv, previous: undefined };
}
