// Compaction of the local engines: the notes it leaves on disk and the search for what can go. Every
// record names the one it replaced, so a sweep reads only the history between two compactions, never the
// whole store. A tombstone at the compacted revision itself stays until the next sweep: a watch may still
// start there.
import type { Journal } from './journal.ts';
import { positionOf, revisionOf } from './record.ts';

export type NoteWrite = readonly [key: string, value: Uint8Array | undefined];

interface Note {
  readonly lease?: { readonly id: string; readonly ttlSeconds: number };
  readonly compacted?: number;
  readonly swept?: number;
}

const leasePrefix = 'lease/';
const text = (value: number): Uint8Array => Buffer.from(String(value));

/** Small facts beside the records, each under its own key. */
export const notes = {
  lease: (id: string, ttlSeconds: number | undefined): NoteWrite => [leasePrefix + id, ttlSeconds === undefined ? undefined : text(ttlSeconds)],
  compacted: (revision: number): NoteWrite => ['compacted', text(revision)],
  swept: (revision: number): NoteWrite => ['swept', text(revision)],
  read(key: string, value: Uint8Array): Note {
    const number = Number(Buffer.from(value).toString());
    if (key.startsWith(leasePrefix)) return { lease: { id: key.slice(leasePrefix.length), ttlSeconds: number } };
    if (key === 'compacted') return { compacted: number };
    return key === 'swept' ? { swept: number } : {};
  },
};

const stepRecords = 2_000;

export interface SweepStep {
  /** Everything below this revision is swept. */
  readonly reached: number;
  readonly removals: readonly number[];
  readonly tombstones: readonly { readonly key: string; readonly position: number }[];
}

/** The next bounded step of a sweep from `swept` to `compacted`, on whole revisions. */
export function sweepStep(journal: Journal, swept: number, compacted: number): SweepStep {
  const removals: number[] = [];
  const tombstones: { key: string; position: number }[] = [];
  let seen = 0;
  let reached = compacted;
  journal.scan(positionOf(swept, 0), positionOf(compacted + 1, 0), false, (record) => {
    const revision = revisionOf(record.position);
    if (++seen > stepRecords && revision > swept) {
      reached = revision;
      return false;
    }
    if (record.previous !== 0) removals.push(record.previous);
    if (record.deleted && revision < compacted) {
      removals.push(record.position);
      tombstones.push({ key: record.key, position: record.position });
    }
    return true;
  });
  return { reached, removals, tombstones };
}
