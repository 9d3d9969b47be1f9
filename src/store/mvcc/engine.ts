// etcd v3's semantics over a journal: conditions, revisions, multi-version reads, watches, compaction and
// leases. Conditions are decided in memory the moment a transaction arrives, against the index of newest
// versions and the overlay of writes that are on their way to the disk; readers and watchers see a write
// only once it is durable. Shared by the embedded and the memory engine.
import { assert } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import {
  CompactedError, FutureRevisionError, LeaseNotFoundError, StoreUnavailableError, maxTxnOperations,
  type KeyValue, type RangeQuery, type RangeResult, type Txn, type TxnResult, type Write,
} from '../contract.ts';
import { journalImage } from '../backup/image.ts';
import { checkTxn, keyOf } from '../txn.ts';
import { createCommitQueue, type Item } from './commit-queue.ts';
import type { Journal } from './journal.ts';
import { createKeyIndex } from './key-index.ts';
import { createLeaseTable } from './leases.ts';
import type { LocalStore, TxnView } from './local-store.ts';
import { noBytes, positionOf, recordSize, revisionOf, toKeyValue, type Head, type JournalRecord } from './record.ts';
import { notes, sweepStep, type NoteWrite } from './sweep.ts';
import { createWatchHub } from './watch-hub.ts';

export interface EngineOptions {
  /** How commits of one turn are gathered: base's `endOfTurn`, or microtasks under virtual time. */
  readonly afterTurn: (run: () => void) => void;
}

/** Opens a store over the journal, reading its index. An interrupted compaction goes on with the next one. */
export function openEngine(journal: Journal, world: World, options: EngineOptions): LocalStore {
  const index = createKeyIndex();
  /** Newest version of each key that is being written. */
  const overlay = new Map<string, JournalRecord>();
  /** Newest durable revision, and newest given out. */
  let revision = 1;
  let assigned = 1;
  let compacted = 0;
  let swept = 0;
  let closed = false;
  let sweeping: Promise<void> = Promise.resolve();

  const leases = createLeaseTable(world.clock, (id) => {
    revoke(id).catch((error: unknown) => {
      if (!(error instanceof LeaseNotFoundError) && !closed) world.log.warn('an expired lease could not be removed', { lease: id, error });
    });
  });
  const hub = createWatchHub({
    clock: world.clock,
    journal,
    revision: () => revision,
    compacted: () => compacted,
    failed: (error) => world.log.error('a watch handler threw; its watch is closed', { error }),
  });
  const queue = createCommitQueue(journal, {
    afterTurn: options.afterTurn,
    durable(records) {
      for (const record of records) {
        const before = index.get(record.key);
        leases.moved(before, record);
        index.set(record, before);
        if (overlay.get(record.key) === record) overlay.delete(record.key);
      }
      const last = records.at(-1);
      if (last === undefined) return;
      revision = revisionOf(last.position);
      hub.publish(records, revision);
    },
    rolledBack() {
      overlay.clear();
      assigned = revision;
    },
  });

  journal.load(
    (record) => {
      index.set(record, index.get(record.key));
      revision = Math.max(revision, revisionOf(record.position));
    },
    (key, value) => {
      const note = notes.read(key, value);
      if (note.lease !== undefined) leases.add(note.lease.id, note.lease.ttlSeconds);
      compacted = note.compacted ?? compacted;
      swept = note.swept ?? swept;
    },
  );
  revision = Math.max(revision, compacted);
  assigned = revision;
  index.visit('', '\uffff', (head) => leases.moved(undefined, head));

  const open = (): void => {
    if (closed) throw new StoreUnavailableError('the store is closed');
  };

  const newest = (key: string): Head | undefined => overlay.get(key) ?? index.get(key);

  const liveModRevision = (key: string): number => {
    const head = newest(key);
    return head === undefined || head.deleted ? 0 : revisionOf(head.position);
  };

  /** The key's version at a durable revision, walking back from its newest. */
  const versionAt = (head: Head, at: number, keysOnly: boolean): KeyValue | undefined => {
    if (revisionOf(head.position) <= at) {
      if (head.deleted) return undefined;
      const value = keysOnly ? noBytes : journal.value(head.position);
      assert(value !== undefined, `the newest version of ${head.key} is in the journal`);
      return toKeyValue(head, value);
    }
    let record = journal.read(head.position);
    while (record !== undefined && revisionOf(record.position) > at) record = record.previous === 0 ? undefined : journal.read(record.previous);
    return record === undefined || record.deleted ? undefined : toKeyValue(record, keysOnly ? noBytes : record.value);
  };

  const existsAt = (head: Head, at: number): boolean => (revisionOf(head.position) <= at ? !head.deleted : versionAt(head, at, true) !== undefined);

  const write = (records: readonly JournalRecord[], removals: readonly number[], noteWrites: readonly NoteWrite[]): Promise<void> =>
    new Promise((done, failed) => {
      let bytes = removals.length * 16 + 64;
      for (const record of records) bytes += recordSize(record) + 16;
      const item: Item = { records, removals, notes: noteWrites, bytes, done, failed };
      queue.push(item);
    });

  /** Decides the writes' records under the next revision (beyond 128 the ones after it); those that change nothing are left out. */
  const decide = (writes: readonly Write[]): JournalRecord[] => {
    const records: JournalRecord[] = [];
    for (const entry of writes) {
      const key = keyOf(entry);
      const before = newest(key);
      const alive = before !== undefined && !before.deleted;
      const position = positionOf(assigned + 1, 0) + records.length;
      const previous = before?.position ?? 0;
      if ('put' in entry) {
        const version = alive ? before.version + 1 : 1;
        const createRevision = alive ? before.createRevision : revisionOf(position);
        records.push({ key, value: entry.value, position, previous, version, createRevision, lease: entry.lease ?? '', deleted: false });
      } else if (alive) records.push({ key, value: noBytes, position, previous, version: 0, createRevision: 0, lease: '', deleted: true });
    }
    return records;
  };

  const accept = async (writes: readonly Write[], noteWrites: readonly NoteWrite[] = []): Promise<number> => {
    queue.check();
    const records = decide(writes);
    const last = records.at(-1);
    if (last === undefined) {
      const at = assigned;
      if (at > revision || noteWrites.length > 0) await write([], [], noteWrites);
      return at;
    }
    const given = revisionOf(last.position);
    assigned = given;
    for (const record of records) overlay.set(record.key, record);
    await write(records, [], noteWrites);
    return given;
  };

  const refuse = async (txn: Txn): Promise<TxnResult> => {
    const at = assigned;
    // What refused the transaction may not be durable yet: nobody may hear of it before it is.
    if (at > revision) await write([], [], []);
    const current = txn.conditions.map(({ key }) => {
      const head = index.get(key);
      return head === undefined ? undefined : versionAt(head, at, false);
    });
    return { succeeded: false, revision: at, current };
  };

  const commit = async (txn: Txn, signal?: AbortSignal): Promise<TxnResult> => {
    signal?.throwIfAborted();
    open();
    checkTxn(txn);
    for (const { key, modRevision } of txn.conditions) if (liveModRevision(key) !== modRevision) return refuse(txn);
    for (const entry of txn.writes) {
      if ('put' in entry && entry.lease !== undefined && entry.lease !== '' && !leases.has(entry.lease)) throw new LeaseNotFoundError('requested lease not found');
    }
    return { succeeded: true, revision: await accept(txn.writes), current: [] };
  };

  const newestPair = (key: string): KeyValue | undefined => {
    const writing = overlay.get(key);
    if (writing !== undefined) return writing.deleted ? undefined : toKeyValue(writing, writing.value);
    const head = index.get(key);
    return head === undefined ? undefined : versionAt(head, assigned, false);
  };

  const view: TxnView = {
    get next() {
      return assigned + 1;
    },
    get: newestPair,
    hasLease: (id) => leases.has(id),
    range(start, end) {
      const keys: string[] = [];
      index.visit(start, end, (head) => keys.push(head.key));
      const settled = keys.length;
      for (const key of overlay.keys()) if (index.get(key) === undefined && (end === undefined ? key === start : key >= start && key < end)) keys.push(key);
      if (keys.length > settled) keys.sort((a, b) => (a < b ? -1 : 1));
      return keys.map(newestPair).filter((kv) => kv !== undefined);
    },
  };

  const addLease = async (id: string, ttlSeconds: number): Promise<void> => {
    assert(ttlSeconds > 0, 'a lease lasts for more than zero seconds');
    await accept([], [notes.lease(id, ttlSeconds)]);
    leases.add(id, ttlSeconds);
  };

  const range = (query: RangeQuery): RangeResult => {
    const at = query.revision === undefined || query.revision <= 0 ? revision : query.revision;
    if (at > revision) throw new FutureRevisionError(`required revision ${at} is a future revision (newest: ${revision})`);
    if (at < compacted) throw new CompactedError(compacted);
    const limit = query.countOnly === true ? 0 : query.limit === undefined || query.limit <= 0 ? Number.POSITIVE_INFINITY : query.limit;
    const kvs: KeyValue[] = [];
    let count = 0;
    index.visit(query.start, query.end, (head) => {
      if (kvs.length >= limit) {
        if (existsAt(head, at)) count++;
        return;
      }
      const kv = versionAt(head, at, query.keysOnly === true);
      if (kv === undefined) return;
      count++;
      kvs.push(kv);
    });
    return { kvs, count, more: query.countOnly !== true && count > kvs.length, revision };
  };

  const revoke = async (id: string): Promise<void> => {
    open();
    queue.check();
    const lease = leases.take(id);
    const attached = new Set(lease.keys);
    for (const record of overlay.values()) if (record.lease === id) attached.add(record.key);
    const keys = [...attached].filter((key) => newest(key)?.lease === id);
    const writes: Promise<number>[] = [];
    for (let from = 0; from < keys.length; from += maxTxnOperations) {
      writes.push(accept(keys.slice(from, from + maxTxnOperations).map((key) => ({ delete: key }))));
    }
    writes.push(accept([], [notes.lease(id, undefined)]));
    try {
      await Promise.all(writes);
    } catch (error) {
      // The keys are still there: the lease must be too, or they would stay for ever.
      leases.add(id, lease.ttlSeconds);
      for (const key of keys) {
        const head = index.get(key);
        if (head?.lease === id) leases.moved(undefined, head);
      }
      throw error;
    }
  };

  /** Removes what no read at or after the compacted revision can see, in bounded steps. */
  const sweep = async (): Promise<void> => {
    while (swept < compacted && !closed) {
      const step = sweepStep(journal, swept, compacted);
      await write([], step.removals, [notes.swept(step.reached)]);
      swept = step.reached;
      for (const { key, position } of step.tombstones) if (index.get(key)?.position === position) index.remove(key);
    }
  };

  return {
    synchronousWatch: true,
    commit,
    async range(query, signal) {
      signal?.throwIfAborted();
      open();
      return range(query);
    },
    watch(query, handler) {
      open();
      return hub.watch(query, handler);
    },
    async compact(target) {
      open();
      if (target > revision) throw new FutureRevisionError(`required revision ${target} is a future revision (newest: ${revision})`);
      if (target > compacted) {
        compacted = target;
        await write([], [], [notes.compacted(target)]);
      }
      const mine = sweeping.then(sweep);
      sweeping = mine.catch(() => undefined);
      await mine;
    },
    async grantLease(ttlSeconds) {
      open();
      const id = String(Buffer.from(world.random.bytes(6)).readUIntBE(0, 6) + 1);
      await addLease(id, ttlSeconds);
      return id;
    },
    async transact(decide) {
      open();
      queue.check();
      const { writes, result } = decide(view);
      for (const entry of writes) {
        if ('put' in entry && entry.lease !== undefined && entry.lease !== '' && !leases.has(entry.lease)) throw new LeaseNotFoundError('requested lease not found');
      }
      return { revision: await accept(writes), result };
    },
    async grantLeaseAs(id, ttlSeconds) {
      open();
      if (leases.has(id)) return false;
      await addLease(id, ttlSeconds);
      return true;
    },
    lease: (id) => leases.find(id),
    leases: () => leases.ids(),
    newestRevision: () => revision,
    async defragment() {
      open();
    },
    image() {
      open();
      const hold = new AbortController();
      const read = new Promise<void>((resolve) => hold.signal.addEventListener('abort', () => resolve()));
      sweeping = sweeping.then(() => read);
      const granted = leases.ids().map((id) => ({ id, ttlSeconds: leases.find(id)?.ttlSeconds ?? 0 }));
      return journalImage(journal, { revision, compacted, swept, leases: granted }, () => hold.abort());
    },
    async renewLease(id) {
      open();
      leases.renew(id);
    },
    revokeLease: revoke,
    async status() {
      open();
      return { revision, compactedRevision: compacted, sizeBytes: journal.sizeBytes() };
    },
    async close() {
      if (closed) return;
      closed = true;
      leases.close();
      await queue.idle();
      hub.close(new StoreUnavailableError('the store is closed'));
      await journal.close();
    },
  };
}
