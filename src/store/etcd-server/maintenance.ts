// etcd's Maintenance service on a local engine: status, hashes, snapshots in etcd's own format.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { encodeKeyValue, maxTxnOperations, revisionKey, writeEtcdSnapshot, type LocalStore } from '#store';
import { refusals } from './wire.ts';

/** What the API here answers like; clients choose their features by it. */
const answersLike = '3.5.21';
const chunkBytes = 64 * 1024;

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(before: number, bytes: Uint8Array): number {
  let value = ~before;
  for (const byte of bytes) value = (castagnoli[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}

interface Outgoing {
  write(message: object): boolean;
  end(): void;
  once(event: string, run: () => void): unknown;
  readonly cancelled: boolean;
}

export interface Maintenance {
  alarm(request: { readonly action: string; readonly alarm: string }): Promise<object>;
  status(): Promise<object>;
  defragment(): Promise<object>;
  hash(): Promise<object>;
  hashKv(request: { readonly revision: string }): Promise<object>;
  snapshot(call: Outgoing & NodeJS.EventEmitter): Promise<void>;
}

/** @param scratch where a snapshot is put together. */
export function createMaintenance(store: LocalStore, header: () => object, scratch: string): Maintenance {
  const hashUntil = async (revision: number): Promise<{ hash: number; compacted: number }> => {
    const image = store.image();
    let hash = crc32c(0, Buffer.from('key'));
    for await (const batch of image.records()) {
      for (const record of batch) {
        const at = Math.floor(record.position / maxTxnOperations);
        if (at > revision) continue;
        hash = crc32c(crc32c(hash, revisionKey(at, record.position % maxTxnOperations, record.deleted)), encodeKeyValue(record));
      }
    }
    return { hash, compacted: image.compacted };
  };
  let snapshots = 0;
  return {
    async alarm({ action, alarm }) {
      if (action === 'ACTIVATE' && alarm !== 'NONE') throw refusals.notHere('raising an alarm');
      return { header: header(), alarms: [] };
    },
    async status() {
      const { revision, sizeBytes } = await store.status();
      return {
        header: header(), version: answersLike, dbSize: sizeBytes, dbSizeInUse: sizeBytes, leader: 1, raftIndex: revision, raftAppliedIndex: revision, raftTerm: 1,
      };
    },
    async defragment() {
      await store.defragment();
      return { header: header() };
    },
    hash: async () => ({ header: header(), hash: (await hashUntil(store.newestRevision())).hash }),
    async hashKv(request) {
      const newest = store.newestRevision();
      const revision = Number(request.revision) === 0 ? newest : Number(request.revision);
      if (revision > newest) throw refusals.future();
      if (revision < (await store.status()).compactedRevision) throw refusals.compacted();
      const { hash, compacted } = await hashUntil(revision);
      return { header: header(), hash, compact_revision: compacted, hash_revision: revision };
    },
    async snapshot(call) {
      if (snapshots > 0) throw refusals.notHere('a second snapshot at the same time');
      snapshots++;
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      const path = join(scratch, `snapshot-${randomBytes(8).toString('hex')}.db`);
      try {
        await writeEtcdSnapshot(store.image(), path);
        let left = (await stat(path)).size;
        for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
          const blob = chunk as Buffer;
          left -= blob.length;
          if (call.cancelled) return;
          if (!call.write({ header: header(), remaining_bytes: left, blob, version: answersLike })) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
        }
        call.end();
      } finally {
        snapshots--;
        await rm(path, { force: true });
      }
    },
  };
}
