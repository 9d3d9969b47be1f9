// An image: the whole store as of one revision, read once as a stream. Backups, moves and etcd's snapshots are made of one
// and restored into another; what gives images (a running engine, files on disk, an etcd cluster, a backup) and what takes
// them (the same) know nothing of each other.
import type { Journal } from '../mvcc/journal.ts';
import { positionOf, type JournalRecord } from '../mvcc/record.ts';

export interface ImageFacts {
  readonly revision: number;
  /** The past below this revision is gone; 0 when all is there. */
  readonly compacted: number;
  /** Up to this revision superseded records have been removed. */
  readonly swept: number;
  readonly leases: readonly { readonly id: string; readonly ttlSeconds: number }[];
}

export interface Image extends ImageFacts {
  /** Once. Batches of bounded size, in order of position where the source has one. */
  records(): AsyncIterable<readonly JournalRecord[]>;
  /** Idempotent; lets the source go. */
  close(): void;
}

const batchRecords = 1_000;
const batchBytes = 1024 * 1024;

/** The records of a journal up to the facts' revision. The caller sees to it that none of them is removed meanwhile. */
export function journalImage(journal: Pick<Journal, 'scan'>, facts: ImageFacts, close: () => void): Image {
  return {
    ...facts,
    close,
    async *records() {
      try {
        for (let from = 0; ; ) {
          const batch: JournalRecord[] = [];
          let bytes = 0;
          journal.scan(from, positionOf(facts.revision + 1, 0), true, (record) => {
            batch.push(record);
            bytes += record.value.length + record.key.length;
            return batch.length < batchRecords && bytes < batchBytes;
          });
          const last = batch.at(-1);
          if (last === undefined) return;
          yield batch;
          from = last.position + 1;
        }
      } finally {
        close();
      }
    },
  };
}
