// An etcd cluster as an image: every pair at one revision, read in pages while others write on. The past does not come
// along, so the image counts as compacted at its revision.
import type { World } from '#base/world.ts';
import { CompactedError, placements, type Image, type JournalRecord } from '#store';
import { connectEtcd, type EtcdStoreConfig } from './connection.ts';
import { fromWire } from './key-values.ts';

const pageKeys = 500;
const allKeys = { key: Buffer.from([0]), range_end: Buffer.from([0]) };

/** Throws the store's errors. */
export async function openEtcdImage(world: World, config: EtcdStoreConfig): Promise<Image> {
  const connection = connectEtcd(world, config);
  try {
    const { header } = await connection.call('KV.Range', { ...allKeys, limit: 1, keys_only: true }, { retry: true });
    const revision = Number(header.revision);
    const granted = await connection.call('Lease.LeaseLeases', {}, { retry: true });
    const leases: { id: string; ttlSeconds: number }[] = [];
    for (const { ID } of granted.leases) {
      const { grantedTTL } = await connection.call('Lease.LeaseTimeToLive', { ID, keys: false }, { retry: true });
      if (Number(grantedTTL) > 0) leases.push({ id: ID, ttlSeconds: Number(grantedTTL) });
    }
    return { revision, compacted: revision, swept: revision, leases, records: () => pages(connection, revision), close: () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function* pages(connection: ReturnType<typeof connectEtcd>, revision: number): AsyncGenerator<readonly JournalRecord[]> {
  const place = placements();
  let key = allKeys.key;
  for (;;) {
    const page = await connection.call('KV.Range', { key, range_end: allKeys.range_end, limit: pageKeys, revision }, { retry: true }).catch((error: unknown) => {
      throw error instanceof CompactedError ? new Error(`etcd was compacted beyond revision ${revision} while it was read; try again`, { cause: error }) : error;
    });
    yield page.kvs.map((wire) => {
      const kv = fromWire(wire);
      return { key: kv.key, value: kv.value, position: place(kv.modRevision), previous: 0, createRevision: kv.createRevision, version: kv.version, lease: kv.lease, deleted: false };
    });
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return;
    key = Buffer.concat([last.key, Buffer.from([0])]);
  }
}
