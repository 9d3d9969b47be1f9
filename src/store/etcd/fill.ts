// Fills an empty etcd with an image so that clients of the API notice nothing but a new list. etcd gives revisions itself
// and only upwards, so they are carried by being used up: cheap writes of one marker key bring etcd's revision to just
// before each object's, and the object is then put under the very revision that it had. Where etcd is further already,
// objects are put in their old order under newer revisions. Resource versions so stay or grow, never fall. The marker tells
// a second run where the first one was killed; it goes last.
import type { World } from '#base/world.ts';
import type { Image, JournalRecord } from '#store';
import { connectEtcd, type EtcdConnection, type EtcdStoreConfig } from './connection.ts';

const marker = Buffer.from('skiff-move');
const inFlight = 64;
const requestBytes = 1024 * 1024;
const requestPuts = 100;

export interface FillOptions {
  /** Of what is moved: a second run with the same text goes on, another is refused. */
  readonly identity: string;
  progress(revision: number, of: number): void;
  readonly signal?: AbortSignal;
}

export interface Filled {
  /** etcd's revision afterwards. */
  readonly revision: number;
  /** Whether every object kept its revision. */
  readonly exact: boolean;
  readonly keys: number;
}

/** Why this etcd cannot take the objects. */
export class NotEmptyError extends Error {
  override name = 'NotEmptyError';
}

const putOf = (record: JournalRecord): object => ({
  request_put: { key: Buffer.from(record.key, 'latin1'), value: record.value, lease: record.lease === '' ? 0 : record.lease },
});

interface Head {
  readonly position: number;
  readonly deleted: boolean;
}

/** Which records are alive, from a first reading of the image. */
async function livePositions(image: Image): Promise<readonly number[]> {
  const newest = new Map<string, Head>();
  for await (const batch of image.records()) {
    for (const { key, position, deleted } of batch) if ((newest.get(key)?.position ?? -1) < position) newest.set(key, { position, deleted });
  }
  image.close();
  return [...newest.values()].filter((head) => !head.deleted).map((head) => head.position).toSorted((a, b) => a - b);
}

async function revisionOfEtcd(connection: EtcdConnection): Promise<number> {
  return Number((await connection.call('KV.Range', { key: marker, count_only: true }, { retry: true })).header.revision);
}

/** Refuses an etcd that holds something else than an interrupted run of this very move; tells whether there was one. */
async function begin(connection: EtcdConnection, identity: string): Promise<boolean> {
  const [found, all] = await Promise.all([
    connection.call('KV.Range', { key: marker }, { retry: true }),
    connection.call('KV.Range', { key: Buffer.from([0]), range_end: Buffer.from([0]), count_only: true }, { retry: true }),
  ]);
  const told = found.kvs[0]?.value.toString();
  if (told === undefined && Number(all.count) > 0) throw new NotEmptyError(`etcd holds ${all.count} keys already`);
  if (told !== undefined && told !== identity) throw new NotEmptyError('etcd holds the beginning of another move');
  return told !== undefined;
}

/** Uses revisions up until etcd is at `target`. Nobody else may write meanwhile. */
async function advance(connection: EtcdConnection, from: number, target: number, identity: string, options: FillOptions): Promise<number> {
  let at = from;
  while (at < target) {
    options.signal?.throwIfAborted();
    const count = Math.min(inFlight, target - at);
    const answers = await Promise.all(Array.from({ length: count }, () => connection.call('KV.Put', { key: marker, value: Buffer.from(identity) }, { retry: false })));
    const reached = Math.max(...answers.map((answer) => Number(answer.header.revision)));
    if (reached !== at + count) throw new Error(`somebody else writes to this etcd: it is at revision ${reached}, not ${at + count}`);
    at = reached;
    options.progress(at, target);
  }
  return at;
}

async function makeLeases(connection: EtcdConnection, image: Image): Promise<void> {
  const there = new Set((await connection.call('Lease.LeaseLeases', {}, { retry: true })).leases.map(({ ID }) => ID));
  for (const { id, ttlSeconds } of image.leases) if (!there.has(id)) await connection.call('Lease.LeaseGrant', { TTL: ttlSeconds, ID: id }, { retry: false });
}

/** @param open gives the image, twice. Throws NotEmptyError. */
export async function fillEtcd(world: World, config: EtcdStoreConfig, open: () => Image | Promise<Image>, options: FillOptions): Promise<Filled> {
  const connection = connectEtcd(world, config);
  try {
    const live = await livePositions(await open());
    const begun = await begin(connection, options.identity);
    const image = await open();
    try {
      await makeLeases(connection, image);
      return await putAll(connection, image, live, begun, options);
    } finally {
      image.close();
    }
  } finally {
    connection.close();
  }
}

/** Objects of one revision are put in one transaction, unless it grows too large for etcd. */
async function putAll(connection: EtcdConnection, image: Image, live: readonly number[], begun: boolean, options: FillOptions): Promise<Filled> {
  const alive = new Set(live);
  let at = await revisionOfEtcd(connection);
  let exact = true;
  // The first object may want the first revision there is: the marker shares it.
  let marked = begun;
  let group: JournalRecord[] = [];
  const flush = async (): Promise<void> => {
    const [first] = group;
    if (first === undefined) return;
    const wanted = Math.floor(first.position / 128);
    const records = group;
    group = [];
    if (await already(connection, records)) return;
    marked ||= at < wanted - 1;
    at = await advance(connection, at, wanted - 1, options.identity, options);
    for (const part of parts(records)) {
      const answer = await connection.call('KV.Txn', { compare: [], success: [...(marked ? [] : [{ request_put: { key: marker, value: Buffer.from(options.identity) } }]), ...part.map(putOf)], failure: [] }, { retry: false });
      marked = true;
      at = Number(answer.header.revision);
      if (at !== wanted) exact = false;
    }
  };
  let last = -1;
  for await (const batch of image.records()) {
    options.signal?.throwIfAborted();
    for (const record of batch) {
      if (!alive.has(record.position)) continue;
      if (record.position < last) throw new Error('the source does not tell its objects in the order of their revisions');
      last = record.position;
      if (group[0] !== undefined && Math.floor(group[0].position / 128) !== Math.floor(record.position / 128)) await flush();
      group.push(record);
    }
  }
  await flush();
  at = await advance(connection, at, image.revision, options.identity, options);
  await connection.call('KV.Compact', { revision: at, physical: true }, { retry: true }).catch(() => undefined);
  return { revision: at, exact, keys: live.length };
}

/** From a run before: each of them is there as it should be. */
async function already(connection: EtcdConnection, records: readonly JournalRecord[]): Promise<boolean> {
  for (const record of records) {
    const [found] = (await connection.call('KV.Range', { key: Buffer.from(record.key, 'latin1') }, { retry: true })).kvs;
    if (found === undefined || !found.value.equals(record.value)) return false;
  }
  return true;
}

function parts(records: readonly JournalRecord[]): JournalRecord[][] {
  const all: JournalRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = record.key.length + record.value.length + 64;
    if (bytes + size > requestBytes || (all.at(-1)?.length ?? 0) >= requestPuts) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(record);
    bytes += size;
  }
  return all;
}

/** The last step, once whoever uses etcd has been pointed there. */
export async function endFill(world: World, config: EtcdStoreConfig): Promise<void> {
  const connection = connectEtcd(world, config);
  try {
    await connection.call('KV.DeleteRange', { key: marker }, { retry: true });
  } finally {
    connection.close();
  }
}

/** Gives etcd's free space back to the disks of its members, one after the other. */
export async function defragmentEtcd(world: World, config: EtcdStoreConfig): Promise<void> {
  for (const endpoint of config.endpoints) {
    const connection = connectEtcd(world, { ...config, endpoints: [endpoint], requestTimeoutMs: 10 * 60_000 });
    try {
      await connection.call('Maintenance.Defragment', {}, { retry: false });
    } finally {
      connection.close();
    }
  }
}
