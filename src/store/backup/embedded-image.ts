// Images of an embedded store on the disk, and new stores made from images. Reading needs no stop: LMDB gives other
// processes a snapshot of one moment while the API server writes on. A new store is made beside the old one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { openLmdbJournal, positionKeys, syncPath, tailKey } from '../embedded/lmdb-journal.ts';
import { decodeRecord, positionOf, revisionOf } from '../mvcc/record.ts';
import { notes } from '../mvcc/sweep.ts';
import { journalImage, type Image } from './image.ts';

/** Whether a directory holds an embedded store. */
export function hasEmbeddedStore(directory: string): boolean {
  return existsSync(join(directory, 'data.mdb'));
}

/** The store in a directory as of now, whoever writes to it meanwhile. */
export function openEmbeddedImage(directory: string): Image {
  const root = open({ path: directory, encoding: 'binary', noSubdir: false, readOnly: true, maxDbs: 4 });
  const records = root.openDB<Buffer, number>({ name: 'records', encoding: 'binary', keyEncoder: positionKeys } as object as { name: string });
  const noteTable = root.openDB<Buffer, string>({ name: 'notes', encoding: 'binary', useVersions: true });
  const transaction = root.useReadTransaction();
  const leases: { id: string; ttlSeconds: number }[] = [];
  let compacted = 0;
  let swept = 0;
  for (const { key, value } of noteTable.getRange({ transaction })) {
    if (key === tailKey) continue;
    const note = notes.read(key, value);
    if (note.lease !== undefined) leases.push(note.lease);
    compacted = note.compacted ?? compacted;
    swept = note.swept ?? swept;
  }
  let last = 1;
  for (const key of records.getKeys({ reverse: true, limit: 1, transaction })) last = revisionOf(key);
  let closed = false;
  return journalImage(
    {
      scan(from, to, withValues, visit) {
        for (const { key, value } of records.getRange({ start: from, end: to, transaction })) {
          if (!visit(decodeRecord(key, value, value.length, withValues))) return;
        }
      },
    },
    { revision: Math.max(last, compacted), compacted, swept, leases },
    () => {
      if (closed) return;
      closed = true;
      transaction.done();
      void root.close();
    },
  );
}

export interface NewStoreOptions {
  /** The revision that the store goes on from, with all before it compacted; absent: as in the image. */
  readonly revision?: number;
  progress(records: number): void;
  readonly signal?: AbortSignal;
}

/** Makes a store from an image in a directory that does not exist yet; it is whole and on the disk when this returns. */
export async function writeEmbeddedStore(directory: string, image: Image, options: NewStoreOptions): Promise<void> {
  const journal = await openLmdbJournal(directory);
  try {
    let count = 0;
    for await (const batch of image.records()) {
      options.signal?.throwIfAborted();
      await journal.write({ records: batch, removals: [], notes: [] });
      count += batch.length;
      options.progress(count);
    }
    const compacted = options.revision ?? image.compacted;
    const marks = [...(compacted > 0 ? [notes.compacted(compacted), notes.swept(image.swept)] : []), ...image.leases.map(({ id, ttlSeconds }) => notes.lease(id, ttlSeconds))];
    await journal.write({ records: [], removals: [], notes: marks });
  } catch (error) {
    // On a full disk closing waits for space; what is left is no store that anybody opens.
    void journal.close().catch(() => undefined);
    throw error;
  } finally {
    image.close();
  }
  await journal.close();
  syncPath(join(directory, 'data.mdb'));
  syncPath(directory);
}

/** Gives pairs of one revision places of their own. */
export function placements(): (modRevision: number) => number {
  const used = new Map<number, number>();
  return (modRevision) => {
    const place = used.get(modRevision) ?? 0;
    used.set(modRevision, place + 1);
    if (place >= 128) throw new Error(`more than 128 keys were written under revision ${modRevision}; the embedded store cannot hold that`);
    return positionOf(modRevision, place);
  };
}
