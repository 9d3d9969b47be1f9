// The store on a real etcd cluster (3.4 or newer): upstream's keys and bytes, every guarantee etcd's own.
// Values are the buffers gRPC has received, not copies.
import type { World } from '#base/world.ts';
import {
  checkTxn, CompactedError, keyOf, LeaseNotFoundError, StoreUnavailableError,
  type RangeQuery, type RangeResult, type Store, type Txn, type TxnResult, type WatchQuery,
} from '#store';
import { connectEtcd, storeError, type EtcdConnection, type EtcdStoreConfig } from './connection.ts';
import { fromWire, keyRange } from './key-values.ts';
import { openResumingWatch, type ResumingWatch } from './resuming-watch.ts';
import type { WatchResponse } from './schema.ts';

/** Connects and asks for the cluster's revision. Throws StoreUnavailableError when no endpoint answers. */
export async function openEtcdStore(world: World, config: EtcdStoreConfig): Promise<Store> {
  const connection = connectEtcd(world, config);
  /** Newest revision any answer has shown: where a watch without a start begins. */
  let seen = 0;
  let closed = false;
  const watches = new Set<ResumingWatch>();

  const open = (): void => {
    if (closed) throw new StoreUnavailableError('the store is closed');
  };
  const saw = (revision: string): number => {
    const number = Number(revision);
    if (number > seen) seen = number;
    return number;
  };
  /** Compaction errors do not say where; etcd tells a watch. */
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CompactedError) throw new CompactedError(await compactedRevision(connection));
      throw error;
    }
  };

  const range = async (query: RangeQuery, signal?: AbortSignal): Promise<RangeResult> => {
    open();
    const request = {
      ...keyRange(query.start, query.end),
      limit: query.countOnly === true ? 0 : Math.max(0, query.limit ?? 0),
      revision: Math.max(0, query.revision ?? 0),
      keys_only: query.keysOnly === true,
      count_only: query.countOnly === true,
    };
    const response = await told(connection.call('KV.Range', request, { retry: true, ...(signal === undefined ? {} : { signal }) }));
    const count = Number(response.count);
    return { kvs: response.kvs.map(fromWire), count, more: response.more, revision: saw(response.header.revision) };
  };

  const commit = async (txn: Txn, signal?: AbortSignal): Promise<TxnResult> => {
    open();
    checkTxn(txn);
    const response = await connection.call('KV.Txn', txnRequest(txn), { retry: false, ...(signal === undefined ? {} : { signal }) });
    const revision = saw(response.header.revision);
    if (response.succeeded) return { succeeded: true, revision, current: [] };
    const current = response.responses.map((one) => {
      const kv = one.response_range?.kvs[0];
      return kv === undefined ? undefined : fromWire(kv);
    });
    return { succeeded: false, revision, current };
  };

  const quietUntil = async (query: WatchQuery, since: number): Promise<number | undefined> => {
    const keys = keyRange(query.start, query.end);
    const now = await connection.call('KV.Range', { ...keys, limit: 1, keys_only: true, min_mod_revision: since + 1 }, { retry: true });
    const revision = saw(now.header.revision);
    if (revision <= since) return revision;
    const before = await connection.call('KV.Range', { ...keys, count_only: true, revision: since }, { retry: true });
    return now.kvs.length === 0 && now.count === before.count ? revision : undefined;
  };

  const first = await connection.call('Maintenance.Status', {}, { retry: true }).catch((error: unknown) => {
    connection.close();
    throw error;
  });
  const exactProgress = tellsProgressExactly(first.version);
  try {
    await range({ start: '\0' });
  } catch (error) {
    connection.close();
    throw error;
  }

  return {
    synchronousWatch: false,
    range,
    commit,
    watch(query, handler) {
      open();
      const fromRevision = query.fromRevision ?? seen + 1;
      const failed = (error: unknown): void => world.log.error('a watch handler threw; its watch is closed', { error });
      const deps = { clock: world.clock, random: world.random, connection, exactProgress, quietUntil, failed };
      const watch = openResumingWatch(deps, { ...query, fromRevision }, handler, () => watches.delete(watch));
      watches.add(watch);
      return watch;
    },
    async compact(revision) {
      open();
      try {
        await connection.call('KV.Compact', { revision, physical: true }, { retry: true });
      } catch (error) {
        // Compacted that far already, by us or by another API server.
        if (!(error instanceof CompactedError)) throw error;
      }
    },
    async grantLease(ttlSeconds) {
      open();
      const response = await connection.call('Lease.LeaseGrant', { TTL: Math.ceil(ttlSeconds), ID: 0 }, { retry: false });
      if (response.error !== '') throw new Error(`etcd: ${response.error}`);
      return response.ID;
    },
    async renewLease(id) {
      open();
      await renew(connection, id);
    },
    async revokeLease(id) {
      open();
      await connection.call('Lease.LeaseRevoke', { ID: id }, { retry: false });
    },
    async status() {
      open();
      const response = await connection.call('Maintenance.Status', {}, { retry: true });
      const { revision } = await range({ start: '\0' });
      return { revision, compactedRevision: await compactedSoFar(connection), sizeBytes: Number(response.dbSize) };
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const watch of watches) watch.end(new StoreUnavailableError('the store is closed'));
      connection.close();
    },
  };
}

function txnRequest(txn: Txn): object {
  return {
    compare: txn.conditions.map(({ key, modRevision }) => ({ result: 'EQUAL', target: 'MOD', ...keyRange(key, undefined), mod_revision: modRevision })),
    success: txn.writes.map((write) => {
      const { key } = keyRange(keyOf(write), undefined);
      if (!('put' in write)) return { request_delete_range: { key } };
      return { request_put: { key, value: write.value, lease: write.lease === undefined || write.lease === '' ? 0 : write.lease } };
    }),
    failure: txn.conditions.map(({ key }) => ({ request_range: keyRange(key, undefined) })),
  };
}

function tellsProgressExactly(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major > 3 || minor > 5 || (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25);
}

/** 0 when nothing was compacted yet. */
async function compactedSoFar(connection: EtcdConnection): Promise<number> {
  try {
    await connection.call('KV.Range', { ...keyRange('\0', undefined), revision: 1, count_only: true }, { retry: true });
    return 0;
  } catch (error) {
    if (error instanceof CompactedError) return compactedRevision(connection);
    throw error;
  }
}

/** Asks by a watch from revision 1, which a compaction is known to have taken. */
function compactedRevision(connection: EtcdConnection): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = connection.stream('Watch.Watch');
    stream.on('data', (response: WatchResponse) => {
      if (response.compact_revision === '0') return;
      resolve(Number(response.compact_revision));
      stream.cancel();
    });
    stream.on('error', (error: Parameters<typeof storeError>[0]) => reject(storeError(error)));
    stream.on('end', () => reject(new StoreUnavailableError('etcd: the watch ended')));
    stream.write({ create_request: { ...keyRange('\0', undefined), start_revision: 1 } });
  });
}

function renew(connection: EtcdConnection, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = connection.stream('Lease.LeaseKeepAlive');
    stream.on('data', (response: { TTL: string }) => {
      if (Number(response.TTL) > 0) resolve();
      else reject(new LeaseNotFoundError('requested lease not found'));
      stream.end();
    });
    stream.on('error', (error: Parameters<typeof storeError>[0]) => reject(storeError(error)));
    stream.on('end', () => reject(new StoreUnavailableError('etcd: the lease stream ended')));
    stream.write({ ID: id });
  });
}
