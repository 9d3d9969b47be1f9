// What the revision engine asks of a disk: an ordered table of records, a small table of notes (leases,
// compaction), and one atomic durable write of both. The embedded engine gives it LMDB, the memory engine
// a simulated disk that can fail; everything with etcd's semantics lives above this line.
import type { JournalRecord } from './record.ts';

export interface JournalBatch {
  /** In order of position, all above every position written before. */
  readonly records: readonly JournalRecord[];
  /** Positions to forget; some may be gone already. */
  readonly removals: readonly number[];
  /** undefined deletes the note. */
  readonly notes: readonly (readonly [key: string, value: Uint8Array | undefined])[];
}

export interface Journal {
  /** Everything that survived, once, before any write: records in order, without values. */
  load(record: (record: JournalRecord) => void, note: (key: string, value: Uint8Array) => void): void;
  /** A record that `write` has settled, or undefined when it is removed. */
  read(position: number): JournalRecord | undefined;
  /** The value of such a record alone, as a copy of its own. */
  value(position: number): Uint8Array | undefined;
  /** Records with from <= position < to in order, until `visit` returns false. */
  scan(from: number, to: number, withValues: boolean, visit: (record: JournalRecord) => boolean): void;
  /**
   * Atomic; settles when durable, in call order. When it rejects, calls made before that reject too.
   * NoSpaceError promises that nothing was written; any other error leaves that open.
   */
  write(batch: JournalBatch): Promise<void>;
  sizeBytes(): number;
  /** Waits for outstanding writes. */
  close(): Promise<void>;
}
