// The engine's journal in memory, for tests and the simulator: optionally backed by a simulated disk whose
// faults it passes on, with a sync that takes (virtual) time.
import type { Clock } from '#base/clock.ts';
import { StoreUnavailableError } from '../contract.ts';
import type { Journal, JournalBatch } from '../mvcc/journal.ts';
import type { JournalRecord } from '../mvcc/record.ts';
import type { MemoryDisk } from './disk.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

export interface MemoryJournal extends Journal {
  /** Stops at once: nothing outstanding settles as durable any more. */
  kill(): void;
}

/** Positions are appended in order and removed from anywhere, so order is kept by an array beside the map. */
export function createMemoryJournal(clock: Clock, disk: MemoryDisk | undefined, syncMs: number): MemoryJournal {
  const records = new Map<number, JournalRecord>();
  const notes = new Map<string, Uint8Array>();
  let order: number[] = [];
  let removed = 0;
  let killed = false;
  /** Ends the wait for the sync in progress. */
  let wake: (() => void) | undefined;
  let last: Promise<void> = Promise.resolve();

  const apply = (batch: JournalBatch): void => {
    for (const record of batch.records) {
      records.set(record.position, record);
      order.push(record.position);
    }
    for (const position of batch.removals) if (records.delete(position)) removed++;
    for (const [key, value] of batch.notes) {
      if (value === undefined) notes.delete(key);
      else notes.set(key, value);
    }
    if (removed > 1_000 && removed > order.length / 2) {
      order = order.filter((position) => records.has(position));
      removed = 0;
    }
  };

  const persist = async (batch: JournalBatch): Promise<void> => {
    if (disk !== undefined) {
      disk.append(encodeFrame(batch));
      if (syncMs > 0) await new Promise<void>((resolve) => {
        wake = resolve;
        clock.after(syncMs, resolve);
      });
      if (killed) throw new StoreUnavailableError('the simulated power is off');
      disk.sync();
    }
    apply(batch);
  };

  return {
    load(record, note) {
      for (const frame of disk?.frames() ?? []) apply(decodeFrame(frame));
      for (const position of order) {
        const found = records.get(position);
        if (found !== undefined) record(found);
      }
      for (const [key, value] of notes) note(key, value);
    },
    read: (position) => records.get(position),
    value: (position) => records.get(position)?.value,
    scan(from, to, _withValues, visit) {
      let low = 0;
      let high = order.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((order[middle] ?? 0) < from) low = middle + 1;
        else high = middle;
      }
      for (let i = low; i < order.length; i++) {
        const position = order[i] ?? to;
        if (position >= to) return;
        const record = records.get(position);
        if (record !== undefined && !visit(record)) return;
      }
    },
    write(batch) {
      // One after the other: a write whose predecessor failed fails with it.
      last = last.then(
        () => persist(batch).catch((error: unknown) => {
          if (!killed) disk?.discard();
          throw error;
        }),
      );
      const outcome = last;
      last.catch(() => {
        if (last === outcome) last = Promise.resolve();
      });
      return outcome;
    },
    sizeBytes: () => disk?.sizeBytes ?? [...records.values()].reduce((sum, record) => sum + record.value.length + record.key.length, 0),
    kill() {
      killed = true;
      wake?.();
    },
    async close() {
      await last.catch(() => undefined);
    },
  };
}
