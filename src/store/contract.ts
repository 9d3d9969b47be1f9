// The store contract: revisioned bytes with etcd v3's semantics, small enough to read in one sitting and
// strong enough for the API server. Three engines implement it (embedded/, etcd/, memory/) and one case
// suite (store.case.ts) says what it means. Revisions are numbers: 2^53 commits are enough.

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 on creation, +1 with each put. */
  readonly version: number;
  /** Lease id, '' for none. */
  readonly lease: string;
}

export interface RangeQuery {
  readonly start: string;
  /** Exclusive. Absent: the single key `start`. `prefixEnd(start)` gives the end of a prefix. */
  readonly end?: string;
  /** 0 or absent: no limit. */
  readonly limit?: number;
  /** Read as of this revision. Absent: now, consistently (linearizable). */
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResult {
  /** In key order. */
  readonly kvs: readonly KeyValue[];
  /** Keys in the whole range, `limit` aside. */
  readonly count: number;
  readonly more: boolean;
  /** The store's revision when the range was read. */
  readonly revision: number;
}

/** `modRevision` 0 means that the key must not exist. */
export interface Condition {
  readonly key: string;
  readonly modRevision: number;
}

export type Write =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: string }
  | { readonly delete: string };

export interface Txn {
  /** All must hold, else nothing is written. May be empty. */
  readonly conditions: readonly Condition[];
  /** Applied under one revision. A key may occur once. */
  readonly writes: readonly Write[];
}

export interface TxnResult {
  readonly succeeded: boolean;
  /** On success the revision of the writes, else the store's revision. */
  readonly revision: number;
  /** On failure: what the conditions' keys hold, in their order. On success: empty. */
  readonly current: readonly (KeyValue | undefined)[];
}

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** After a put: the new pair. After a delete: the tombstone (empty value, modRevision of the delete). */
  readonly kv: KeyValue;
  /** The pair before; undefined for a creation, and for a pair that compaction has taken. */
  readonly previous: KeyValue | undefined;
}

export interface WatchQuery {
  readonly start: string;
  /** Exclusive end of the range; absent: one key. */
  readonly end?: string;
  /** First revision wanted; absent: what comes after now. */
  readonly fromRevision?: number;
}

export interface WatchHandler {
  /** All events of one or more whole revisions, in order. `revision` is the newest that is now complete. */
  events(events: readonly StoreEvent[], revision: number): void;
  /** Nothing in this range up to `revision` is missing (etcd's progress notification). */
  progress?(revision: number): void;
  /** The watch is over: CompactedError when `fromRevision` is gone, else why the store gave up. */
  ended(error: Error): void;
}

export interface StoreWatch {
  /** No callback runs after close. */
  close(): void;
  /** Asks for a `progress` call soon (etcd: a progress request). */
  requestProgress(): void;
}

export interface StoreStatus {
  readonly revision: number;
  readonly compactedRevision: number;
  readonly sizeBytes: number;
}

export interface Store {
  /** True when a commit's events reach the watchers before the commit's promise settles (embedded, memory). */
  readonly synchronousWatch: boolean;
  range(query: RangeQuery, signal?: AbortSignal): Promise<RangeResult>;
  /** Settles when the writes are durable. An aborted or failed commit may still have happened. */
  commit(txn: Txn, signal?: AbortSignal): Promise<TxnResult>;
  watch(query: WatchQuery, handler: WatchHandler): StoreWatch;
  /**
   * Forgets what was overwritten or deleted before `revision`; reads and watches below it get CompactedError.
   * At or below an earlier compaction: nothing to do. Beyond the store's revision: FutureRevisionError.
   */
  compact(revision: number): Promise<void>;
  /** Returns a lease id; its keys are deleted `ttlSeconds` after the last renewal. */
  grantLease(ttlSeconds: number): Promise<string>;
  renewLease(id: string): Promise<void>;
  revokeLease(id: string): Promise<void>;
  status(): Promise<StoreStatus>;
  close(): Promise<void>;
}

/** The revision asked for is older than the last compaction. */
export class CompactedError extends Error {
  override name = 'CompactedError';
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super(`required revision has been compacted (oldest: ${compactedRevision})`);
    this.compactedRevision = compactedRevision;
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends Error {
  override name = 'FutureRevisionError';
}

/** The store cannot be reached or does not answer; try again. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}

/** Disk or quota full: reads work, writes do not. */
export class NoSpaceError extends Error {
  override name = 'NoSpaceError';
}

/** The lease is unknown or has expired. */
export class LeaseNotFoundError extends Error {
  override name = 'LeaseNotFoundError';
}

/** Most conditions and most writes of one transaction (etcd's default --max-txn-ops). */
export const maxTxnOperations = 128;

/** The smallest string above every string that starts with `prefix` (keys are bytes, a character each). */
export function prefixEnd(prefix: string): string {
  if (prefix === '') return '\u0100';
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
