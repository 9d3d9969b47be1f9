// What the local engines can do beyond the contract, because they decide in memory: transactions that look before they
// write, however they look, and leases that can be asked for. etcd's own API (etcd-server/) is served from this.
import type { Image } from '../backup/image.ts';
import type { KeyValue, Store, Write } from '../contract.ts';

/** The newest state, writes on their way to the disk included: what the next transaction is decided upon. */
export interface TxnView {
  /** The revision that the transaction's writes will get. */
  readonly next: number;
  get(key: string): KeyValue | undefined;
  /** In key order; without `end` the single key. */
  range(start: string, end: string | undefined): KeyValue[];
  hasLease(id: string): boolean;
}

export interface LeaseState {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly remainingSeconds: number;
  readonly keys: readonly string[];
}

export interface LocalStore extends Store {
  /**
   * Runs `decide` at once and writes what it says as one unit; settles when that and all it has seen are durable. More
   * than 128 writes take several revisions, which become durable together; a key may occur once. What `decide` throws is
   * thrown. `revision` is the newest of the writes, or the one that was looked at.
   */
  transact<T>(decide: (view: TxnView) => { readonly writes: readonly Write[]; readonly result: T }): Promise<{ readonly revision: number; readonly result: T }>;
  /** False when there is such a lease already. */
  grantLeaseAs(id: string, ttlSeconds: number): Promise<boolean>;
  lease(id: string): LeaseState | undefined;
  leases(): readonly string[];
  /** The newest durable revision. */
  newestRevision(): number;
  /** The whole store as of now, while writing goes on; compaction waits until it has been read or closed. */
  image(): Image;
  /** Gives free space back to the disk. */
  defragment(): Promise<void>;
}
