// etcd's own snapshots as a source: what `etcdctl snapshot save` wrote, and copies of a member's `snap/db`. Of each key that
// is alive the newest version is taken, under the revisions, version and lease that it had; the past stays behind, as in an
// image of a running etcd. The sha256 behind a snapshot is checked as etcdutl does; a copied database has none.
import { createHash } from 'node:crypto';
import { createReadStream, openSync, closeSync, readSync, statSync } from 'node:fs';
import { BackupError, type OpenBackup } from './backup-file.ts';
import { isBolt, openBolt, type BoltFile } from './bolt-reader.ts';
import { placements } from './embedded-image.ts';
import type { JournalRecord } from '../mvcc/record.ts';
import { rfc3339 } from '#base/clock.ts';

const hashBytes = 32;
/** bbolt's files are whole pages, so a rest of this size is a hash. */
const sectorBytes = 512;
const mostBatchRecords = 1_000;
const mostBatchBytes = 1024 * 1024;

/** True when the file is, or was, a database of etcd. */
export const isEtcdSnapshot = isBolt;

async function checkHash(path: string, size: number): Promise<void> {
  if (size % sectorBytes !== hashBytes) {
    throw new BackupError(`${path} has no hash behind it: either it is the copy of a database, which --skip-hash-check accepts, or its end is missing`);
  }
  const told = Buffer.alloc(hashBytes);
  const file = openSync(path, 'r');
  try {
    readSync(file, told, 0, hashBytes, size - hashBytes);
  } finally {
    closeSync(file);
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { end: size - hashBytes - 1 })) hash.update(chunk as Buffer);
  const found = hash.digest();
  if (!found.equals(told)) throw new BackupError(`${path} is damaged: expected sha256 ${told.toString('hex')}, got ${found.toString('hex')}`);
}

interface Revision {
  readonly main: number;
  readonly deleted: boolean;
}

function revisionOfKey(key: Uint8Array, damaged: (what: string) => Error): Revision {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if ((bytes.length !== 17 && bytes.length !== 18) || bytes[8] !== 0x5f) throw damaged('a key that is no revision');
  const main = bytes.readBigUInt64BE(0);
  if (main > BigInt(Number.MAX_SAFE_INTEGER) / 128n) throw damaged(`revision ${main}, which is too high`);
  if (bytes.length === 18 && bytes[17] !== 0x74) throw damaged(`an unknown mark at revision ${main}`);
  return { main: Number(main), deleted: bytes.length === 18 };
}

interface Fields {
  readonly numbers: ReadonlyMap<number, bigint>;
  readonly blocks: ReadonlyMap<number, Buffer>;
}

/** Protobuf of numbers and bytes; both of etcd's messages are that. */
function fieldsOf(message: Uint8Array, damaged: (what: string) => Error): Fields {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const numbers = new Map<number, bigint>();
  const blocks = new Map<number, Buffer>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw damaged('a value that ends too early');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw damaged('a number of more than 64 bits');
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    if ((tag & 7) === 0) numbers.set(tag >> 3, varint());
    else if ((tag & 7) === 2) {
      const length = Number(varint());
      if (length > bytes.length - at) throw damaged('a value that ends too early');
      blocks.set(tag >> 3, bytes.subarray(at, at + length));
      at += length;
    } else throw damaged('a value that is no message of etcd');
  }
  return { numbers, blocks };
}

const none = Buffer.alloc(0);
const count = (value: bigint | undefined): number => Number(value ?? 0n);
const leaseId = (value: bigint | undefined): string => (value === undefined || value === 0n ? '' : String(BigInt.asIntN(64, value)));

interface Survey {
  readonly revision: number;
  /** Where the newest version of each living key is. */
  readonly live: ReadonlySet<string>;
  readonly leases: readonly { readonly id: string; readonly ttlSeconds: number }[];
}

const placeOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, 17).toString('latin1');

/** One pass over all that is there, which also shows that all of it can be read. */
async function survey(bolt: BoltFile, damaged: (what: string) => Error): Promise<Survey> {
  const newest = new Map<string, string>();
  let revision = 1;
  for await (const { key, value } of bolt.items('key')) {
    const { main, deleted } = revisionOfKey(key, damaged);
    const { numbers, blocks } = fieldsOf(value, damaged);
    const name = blocks.get(1);
    if (name === undefined || (!deleted && count(numbers.get(3)) !== main)) throw damaged(`a value at revision ${main} that belongs elsewhere`);
    revision = Math.max(revision, main);
    if (deleted) newest.delete(name.toString('latin1'));
    else newest.set(name.toString('latin1'), placeOf(key));
  }
  // What was written last may have been deleted and compacted.
  for await (const { key, value } of bolt.items('meta')) {
    if (/^(finished|scheduled)CompactRev$/.test(Buffer.from(key).toString('latin1'))) revision = Math.max(revision, revisionOfKey(value, damaged).main);
  }
  const leases: { id: string; ttlSeconds: number }[] = [];
  for await (const { value } of bolt.items('lease')) {
    const { numbers } = fieldsOf(value, damaged);
    const id = leaseId(numbers.get(1));
    if (id !== '') leases.push({ id, ttlSeconds: Math.max(1, count(numbers.get(2))) });
  }
  return { revision, live: new Set(newest.values()), leases };
}

async function* livingRecords(path: string, size: number, live: ReadonlySet<string>, damaged: (what: string) => Error): AsyncGenerator<readonly JournalRecord[]> {
  const bolt = await openBolt(path, size);
  const place = placements();
  try {
    let batch: JournalRecord[] = [];
    let bytes = 0;
    for await (const { key, value } of bolt.items('key')) {
      if (key.length !== 17 || !live.has(placeOf(key))) continue;
      const { numbers, blocks } = fieldsOf(value, damaged);
      const stored = Uint8Array.prototype.slice.call(blocks.get(5) ?? none);
      batch.push({
        key: (blocks.get(1) ?? none).toString('latin1'), value: stored, position: place(revisionOfKey(key, damaged).main), previous: 0, deleted: false,
        createRevision: count(numbers.get(2)), version: count(numbers.get(4)), lease: leaseId(numbers.get(6)),
      });
      bytes += value.length;
      if (batch.length < mostBatchRecords && bytes < mostBatchBytes) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield batch;
  } finally {
    await bolt.close();
  }
}

/** Checks the file to its end. Throws BackupError. */
export async function openEtcdSnapshot(path: string, options: { readonly skipHashCheck?: boolean } = {}): Promise<OpenBackup> {
  const { size, mtimeMs } = statSync(path);
  const damaged = (what: string): Error => new BackupError(`${path} is damaged: it holds ${what}`);
  const bolt = await openBolt(path, size);
  try {
    if (options.skipHashCheck !== true) await checkHash(path, size);
    const { revision, live, leases } = await survey(bolt, damaged);
    const image = { revision, compacted: revision, swept: revision, leases };
    return {
      facts: { ...image, cluster: '', createdAt: rfc3339(mtimeMs), source: 'etcd snapshot' },
      files: [], sizeBytes: size,
      image: () => ({ ...image, close: () => {}, records: () => livingRecords(path, size, live, damaged) }),
    };
  } finally {
    await bolt.close();
  }
}
