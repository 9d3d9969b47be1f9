// One journal write as bytes on the simulated disk.
import type { JournalBatch } from '../mvcc/journal.ts';
import { decodeRecord, encodeRecord, recordSize, type JournalRecord } from '../mvcc/record.ts';

export function encodeFrame(batch: JournalBatch): Buffer {
  const records = batch.records.map((record) => {
    const bytes = Buffer.alloc(12 + recordSize(record));
    bytes.writeDoubleLE(record.position, 0);
    bytes.writeUInt32LE(recordSize(record), 8);
    encodeRecord(record, bytes, 12);
    return bytes;
  });
  const removals = Buffer.alloc(batch.removals.length * 8);
  batch.removals.forEach((position, i) => removals.writeDoubleLE(position, i * 8));
  const notes = Buffer.from(JSON.stringify(batch.notes.map(([key, value]) => [key, value === undefined ? null : Buffer.from(value).toString('base64')])));
  const counts = Buffer.alloc(8);
  counts.writeUInt32LE(batch.records.length, 0);
  counts.writeUInt32LE(batch.removals.length, 4);
  return Buffer.concat([counts, ...records, removals, notes]);
}

export function decodeFrame(frame: Uint8Array): JournalBatch {
  const bytes = Buffer.from(frame);
  let at = 8;
  const records: JournalRecord[] = [];
  for (let left = bytes.readUInt32LE(0); left > 0; left--) {
    const length = bytes.readUInt32LE(at + 8);
    records.push(decodeRecord(bytes.readDoubleLE(at), bytes.subarray(at + 12, at + 12 + length), length, true));
    at += 12 + length;
  }
  const removals: number[] = [];
  for (let left = bytes.readUInt32LE(4); left > 0; left--, at += 8) removals.push(bytes.readDoubleLE(at));
  const notes = JSON.parse(bytes.toString('utf8', at)) as [string, string | null][];
  return { records, removals, notes: notes.map(([key, value]) => [key, value === null ? undefined : Buffer.from(value, 'base64')] as const) };
}
