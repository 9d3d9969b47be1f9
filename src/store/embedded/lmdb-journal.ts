// The engine's journal on LMDB. Two tables: `records` (8-byte big-endian position to record, appended in
// order) and `notes` (text to bytes). LMDB writes on its own thread with overlapping sync: a write settles
// after fdatasync of its pages and of the meta page, while the next one is already being put together.
// Each write is conditional on the version of the note `tail`, which the write before it has set: a write
// whose predecessor failed, or that comes from a process which another one has replaced, changes nothing.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';
import { wrap } from '#base/errors.ts';
import { NoSpaceError, StoreUnavailableError } from '../contract.ts';
import type { Journal, JournalBatch } from '../mvcc/journal.ts';
import { decodeRecord, decodeValue, encodeRecord, recordSize, type JournalRecord } from '../mvcc/record.ts';

const mapBytes = 64 * 1024 ** 3;
const eio = 5;
const noSpaceCodes: readonly unknown[] = [28, 122];
export const tailKey = 'tail';

export interface LmdbJournal extends Journal {
  /** Copies everything, as of one moment, into a directory that can be opened as a store. */
  snapshot(directory: string): Promise<void>;
  /** Writes the database anew without its free pages and goes on with that; writes wait meanwhile. */
  defragment(): Promise<void>;
}

interface Tables {
  readonly root: RootDatabase;
  readonly records: Database<Buffer, number>;
  readonly notes: Database<Buffer, string>;
}

/** Positions as 8 bytes that sort as numbers do. */
export const positionKeys = {
  writeKey(position: unknown, target: Uint8Array, start: number): number {
    const value = Number(position);
    const high = Math.floor(value / 2 ** 32);
    const low = value >>> 0;
    target[start] = high >>> 24;
    target[start + 1] = high >>> 16;
    target[start + 2] = high >>> 8;
    target[start + 3] = high;
    target[start + 4] = low >>> 24;
    target[start + 5] = low >>> 16;
    target[start + 6] = low >>> 8;
    target[start + 7] = low;
    return start + 8;
  },
  readKey(source: Uint8Array, start: number): number {
    const word = (at: number): number =>
      (((source[at] ?? 0) << 24) | ((source[at + 1] ?? 0) << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0)) >>> 0;
    return word(start) * 2 ** 32 + word(start + 4);
  },
};

/** All records of a write in one buffer, so that LMDB's thread reads from one place. */
function encodeAll(records: readonly JournalRecord[]): Buffer[] {
  let total = 0;
  for (const record of records) total += recordSize(record);
  const bytes = Buffer.allocUnsafeSlow(total);
  let start = 0;
  return records.map((record) => {
    const end = encodeRecord(record, bytes, start);
    const part = bytes.subarray(start, end);
    start = end;
    return part;
  });
}

/** The LMDB return code of a failed write. */
async function writeErrorCode(error: unknown): Promise<unknown> {
  const inner = await Promise.resolve((error as { commitError?: unknown }).commitError).catch((reason: unknown) => reason);
  return ((inner ?? error) as { code?: unknown }).code;
}

/** LMDB calls a write that the full disk cut short an I/O error. */
function isFull(directory: string): boolean {
  const { bavail, bsize, blocks } = statfsSync(directory);
  return bavail * bsize < 1024 * 1024 || bavail < blocks / 1_000;
}

function openTables(path: string): Tables {
  // The commit queue gathers a turn's writes itself; lmdb's own gathering makes promises that nobody awaits,
  // and their rejection would end the process when the disk is full.
  const root = open({ path, encoding: 'binary', noSubdir: false, mapSize: mapBytes, maxDbs: 4, overlappingSync: true, eventTurnBatching: false });
  return {
    root,
    records: root.openDB({ name: 'records', encoding: 'binary', keyEncoder: positionKeys } as object as { name: string }),
    notes: root.openDB({ name: 'notes', encoding: 'binary', useVersions: true }),
  };
}

export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Opens or creates the database in a directory; whoever had it open before can no longer write to it. */
export async function openLmdbJournal(directory: string): Promise<LmdbJournal> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let { root, records, notes: noteTable } = openTables(directory);
  let sequence = (noteTable.getEntry(tailKey)?.version ?? 0) + 1;
  await noteTable.put(tailKey, Buffer.from('1'), sequence);
  let last: Promise<void> = Promise.resolve();
  /** Set while writes have to wait. */
  let gate: Promise<void> | undefined;

  const put = async (batch: JournalBatch): Promise<void> => {
    const expected = sequence++;
    const values = encodeAll(batch.records);
    let written: boolean;
    try {
      written = await noteTable.ifVersion(tailKey, expected, () => {
        batch.records.forEach((record, i) => void records.put(record.position, values[i] ?? Buffer.alloc(0)));
        for (const position of batch.removals) void records.remove(position);
        for (const [key, value] of batch.notes) void (value === undefined ? noteTable.remove(key) : noteTable.put(key, Buffer.from(value), 0));
        void noteTable.put(tailKey, Buffer.from('1'), expected + 1);
      });
    } catch (error) {
      throw await failureOf(error, expected);
    }
    if (!written) throw failureOfTail(expected);
  };

  /** After a failed write the tail on disk tells whether it was undone; only then may the engine go on. */
  const failureOf = async (error: unknown, expected: number): Promise<Error> => {
    const code = await writeErrorCode(error);
    root.resetReadTxn();
    const tail = noteTable.getEntry(tailKey)?.version ?? 0;
    if (tail > expected || !(noSpaceCodes.includes(code) || (code === eio && isFull(directory)))) return wrap(`write to ${directory} (error ${String(code)})`, error);
    sequence = tail;
    return new NoSpaceError(`no space left on the disk of ${directory}`, { cause: error });
  };

  const failureOfTail = (expected: number): Error => {
    root.resetReadTxn();
    const tail = noteTable.getEntry(tailKey)?.version ?? 0;
    if (tail > expected) return new StoreUnavailableError(`another process has opened ${directory}`);
    return new NoSpaceError(`no space left on the disk of ${directory}`);
  };

  return {
    load(record, note) {
      for (const { key, value } of records.getRange({ start: 0 })) record(decodeRecord(key, value, value.length, false));
      for (const { key, value } of noteTable.getRange({})) if (key !== tailKey) note(key, value);
    },
    read(position) {
      const bytes = records.getBinaryFast(position);
      return bytes === undefined ? undefined : decodeRecord(position, bytes, bytes.length, true);
    },
    value(position) {
      const bytes = records.getBinaryFast(position);
      return bytes === undefined ? undefined : decodeValue(bytes, bytes.length);
    },
    scan(from, to, withValues, visit) {
      for (const { key, value } of records.getRange({ start: from, end: to })) {
        if (!visit(decodeRecord(key, value, value.length, withValues))) return;
      }
    },
    write(batch) {
      const empty = batch.records.length + batch.removals.length + batch.notes.length === 0;
      if (!empty) last = gate === undefined ? put(batch) : gate.then(() => put(batch));
      return last;
    },
    sizeBytes: () => statSync(join(directory, 'data.mdb')).size,
    async snapshot(target) {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      await root.backup(target, true);
    },
    async defragment() {
      if (gate !== undefined) return gate;
      let openGate = (): void => {};
      gate = new Promise((resolve) => (openGate = resolve));
      const waiting = gate;
      try {
        await last.catch(() => undefined);
        const copy = join(directory, 'defragmented');
        rmSync(copy, { recursive: true, force: true });
        mkdirSync(copy, { mode: 0o700 });
        await root.backup(copy, true);
        syncPath(join(copy, 'data.mdb'));
        const before = root;
        ({ root, records, notes: noteTable } = openTables(copy));
        // Both files: whoever opens the directory from now on shares this process's locks.
        for (const file of ['lock.mdb', 'data.mdb']) renameSync(join(copy, file), join(directory, file));
        syncPath(directory);
        rmSync(copy, { recursive: true, force: true });
        await before.close();
      } finally {
        openGate();
        await waiting;
        gate = undefined;
      }
    },
    async close() {
      await last.catch(() => undefined);
      await root.close();
    },
  };
}
