// An image as etcd's own snapshot: a bbolt file with etcd's buckets and its sha256 behind it, which `etcdctl snapshot
// restore` turns into a data directory. Revisions, versions, leases and history arrive as they were.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { maxTxnOperations } from '../contract.ts';
import { revisionOf, type JournalRecord } from '../mvcc/record.ts';
import { writeBolt, type BoltItem } from './bolt-file.ts';
import type { Image } from './image.ts';

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

const field = (number: number, value: number | bigint): Buffer[] => (BigInt(value) === 0n ? [] : [Buffer.from([number << 3]), varint(value)]);
const block = (number: number, value: Uint8Array): Uint8Array[] => (value.length === 0 ? [] : [Buffer.from([(number << 3) | 2]), varint(value.length), value]);

/** mvccpb.KeyValue as etcd stores it; a tombstone has its key alone. */
export function encodeKeyValue(record: JournalRecord): Buffer {
  const key = block(1, Buffer.from(record.key, 'latin1'));
  if (record.deleted) return Buffer.concat(key);
  return Buffer.concat([
    ...key, ...field(2, record.createRevision), ...field(3, revisionOf(record.position)), ...field(4, record.version), ...block(5, record.value),
    ...field(6, record.lease === '' ? 0n : BigInt(record.lease)),
  ]);
}

/** etcd's 17 bytes of revision and place, and a mark behind them for a tombstone. */
export function revisionKey(revision: number, place: number, deleted: boolean): Buffer {
  const bytes = Buffer.alloc(deleted ? 18 : 17);
  bytes.writeBigUInt64BE(BigInt(revision), 0);
  bytes[8] = 0x5f;
  bytes.writeBigUInt64BE(BigInt(place), 9);
  if (deleted) bytes[17] = 0x74;
  return bytes;
}

async function* keyItems(image: Image): AsyncIterable<BoltItem> {
  for await (const batch of image.records()) {
    for (const record of batch) yield { key: revisionKey(revisionOf(record.position), record.position % maxTxnOperations, record.deleted), value: encodeKeyValue(record) };
  }
}

function leaseItems(image: Image): BoltItem[] {
  return image.leases.map(({ id, ttlSeconds }) => {
    const key = Buffer.alloc(8);
    key.writeBigUInt64BE(BigInt.asUintN(64, BigInt(id)));
    return { key, value: Buffer.concat([...field(1, BigInt(id)), ...field(2, ttlSeconds)]) };
  }).toSorted((a, b) => Buffer.compare(a.key, b.key));
}

function metaItems(image: Image): BoltItem[] {
  const index = Buffer.alloc(8);
  index.writeBigUInt64BE(1n);
  const compacted = revisionKey(image.compacted, 0, false);
  const marks = image.compacted === 0 ? [] : ['finishedCompactRev', 'scheduledCompactRev'].map((name) => ({ key: Buffer.from(name), value: compacted }));
  return [{ key: Buffer.from('consistent_index'), value: index }, ...marks];
}

/** Puts the hash that etcd looks for behind the file. */
async function appendSha256(path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  await appendFile(path, hash.digest(), { flush: true });
}

/** Reads the image and writes the snapshot, synced. The file must not exist. */
export async function writeEtcdSnapshot(image: Image, path: string): Promise<void> {
  try {
    await writeBolt(path, {
      alarm: [], auth: [], authRoles: [], authUsers: [], cluster: [], members: [], members_removed: [],
      key: keyItems(image), lease: leaseItems(image), meta: metaItems(image),
    });
  } finally {
    image.close();
  }
  await appendSha256(path);
}
