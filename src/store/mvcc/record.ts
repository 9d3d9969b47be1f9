// One write of one key: what the engines keep for ever-increasing positions in a journal. A position is a
// revision and the write's place within its transaction in one number, so that the journal is ordered by
// history and a key's versions form a chain through `previous`: reading the past needs no further index.
import { maxTxnOperations, type KeyValue } from '../contract.ts';

/** What is known of a key's version without its value. */
export interface Head {
  readonly key: string;
  position: number;
  createRevision: number;
  version: number;
  lease: string;
  /** A tombstone. */
  deleted: boolean;
}

export interface JournalRecord extends Head {
  readonly value: Uint8Array;
  /** Position of the key's version (or tombstone) before this one, 0 for none. It may be swept already. */
  readonly previous: number;
}

export const noBytes = new Uint8Array(0);

export function positionOf(revision: number, place: number): number {
  return revision * maxTxnOperations + place;
}

export function revisionOf(position: number): number {
  return Math.floor(position / maxTxnOperations);
}

/** The pair as readers see it; a tombstone has an empty value and only its modRevision. */
export function toKeyValue(head: Head, value: Uint8Array): KeyValue {
  const modRevision = revisionOf(head.position);
  if (head.deleted) return { key: head.key, value: noBytes, createRevision: 0, modRevision, version: 0, lease: '' };
  return { key: head.key, value, createRevision: head.createRevision, modRevision, version: head.version, lease: head.lease };
}

// flags u8, lease length u8, key length u16, version u32, createRevision f64, previous f64; lease, key, value
const headerBytes = 24;
const deletedFlag = 1;

export function recordSize(record: JournalRecord): number {
  return headerBytes + record.lease.length + record.key.length + record.value.length;
}

/** Writes the record at `start` and returns where it ends. */
export function encodeRecord(record: JournalRecord, target: Buffer, start: number): number {
  target[start] = record.deleted ? deletedFlag : 0;
  target[start + 1] = record.lease.length;
  target.writeUInt16LE(record.key.length, start + 2);
  target.writeUInt32LE(record.version, start + 4);
  target.writeDoubleLE(record.createRevision, start + 8);
  target.writeDoubleLE(record.previous, start + 16);
  let end = start + headerBytes;
  if (record.lease !== '') end += target.write(record.lease, end, 'latin1');
  end += target.write(record.key, end, 'latin1');
  target.set(record.value, end);
  return end + record.value.length;
}

/** Reads a record; the value is a copy, or empty when `withValue` is false. Throws on a truncated record. */
export function decodeRecord(position: number, bytes: Buffer, length: number, withValue: boolean): JournalRecord {
  const leaseLength = bytes[1] ?? 0;
  const keyStart = headerBytes + leaseLength;
  const valueStart = keyStart + (length >= headerBytes ? bytes.readUInt16LE(2) : 0);
  if (length < valueStart || length < headerBytes) throw new Error(`record at position ${position} is truncated`);
  return {
    position,
    key: bytes.toString('latin1', keyStart, valueStart),
    value: withValue ? Uint8Array.prototype.slice.call(bytes, valueStart, length) : noBytes,
    createRevision: bytes.readDoubleLE(8),
    version: bytes.readUInt32LE(4),
    lease: leaseLength === 0 ? '' : bytes.toString('latin1', headerBytes, keyStart),
    deleted: ((bytes[0] ?? 0) & deletedFlag) !== 0,
    previous: bytes.readDoubleLE(16),
  };
}

/** The value of an encoded record, as a copy. */
export function decodeValue(bytes: Buffer, length: number): Uint8Array {
  const start = headerBytes + (bytes[1] ?? 0) + ((bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8));
  return Uint8Array.prototype.slice.call(bytes, start, length);
}
