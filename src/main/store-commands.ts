// `skiff store status|compact|defrag|move`: looking after the store, and taking its objects elsewhere. A move reads the
// source and changes it in nothing; the cluster's configuration is rewritten last, and the same command goes on after a
// kill at any point.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '#base/world.ts';
import { UserError } from '#cli';
import { hasEmbeddedStore, openEmbeddedImage, openEmbeddedStore, swapIn, writeEmbeddedStore, finishSwap, type Store } from '#store';
import { stamp, ticker } from './backup.ts';
import { etcdLocation, openLocationImage, requireStopped, storeLocation, type EtcdLocation, type StoreLocation } from './store-location.ts';

type Say = (line: string) => void;

export interface StoreOptions {
  readonly config?: string;
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

async function withEtcd<T>(world: World, etcd: EtcdLocation, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await (await import('#store/etcd')).openEtcdStore(world, etcd);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** `skiff store status`, while the cluster runs or not. */
export async function storeStatus(world: World, options: StoreOptions, say: Say): Promise<void> {
  const location = storeLocation(options.config);
  if (location.etcd !== undefined) {
    const { revision, compactedRevision, sizeBytes } = await withEtcd(world, location.etcd, (store) => store.status());
    say(`store        etcd at ${location.etcd.endpoints.join(', ')}`);
    say(`revision     ${revision}, history since ${compactedRevision}`);
    say(`size         ${mib(sizeBytes)}`);
    return;
  }
  const image = await openLocationImage(world, location);
  image.close();
  say(`store        embedded in ${location.directory}`);
  say(`revision     ${image.revision}, history since ${image.compacted}`);
  say(`size         ${mib(statSync(join(location.directory, 'data.mdb')).size)}`);
  say(`leases       ${image.leases.length}`);
}

/** Opens the embedded store as its only user. */
async function withEmbedded<T>(world: World, location: StoreLocation, command: string, work: (store: Awaited<ReturnType<typeof openEmbeddedStore>>) => Promise<T>): Promise<T> {
  await requireStopped(location, command);
  finishSwap(location.state);
  if (!hasEmbeddedStore(location.directory)) throw new UserError(`there is no store in ${location.directory}`, 'start a cluster with: skiff up');
  const store = await openEmbeddedStore(world, { directory: location.directory });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** `skiff store compact`: forgets all history up to now. */
export async function storeCompact(world: World, options: StoreOptions, say: Say): Promise<void> {
  const location = storeLocation(options.config);
  const compact = async (store: Store): Promise<number> => {
    const { revision } = await store.status();
    await store.compact(revision);
    return revision;
  };
  const revision = location.etcd === undefined ? await withEmbedded(world, location, 'store compact', compact) : await withEtcd(world, location.etcd, compact);
  say(`history before revision ${revision} is gone`);
}

/** `skiff store defrag`: gives free space back to the disk. */
export async function storeDefrag(world: World, options: StoreOptions, say: Say): Promise<void> {
  const location = storeLocation(options.config);
  if (location.etcd !== undefined) {
    const { etcd } = location;
    const size = (): Promise<number> => withEtcd(world, etcd, async (store) => (await store.status()).sizeBytes);
    const before = await size();
    await (await import('#store/etcd')).defragmentEtcd(world, etcd);
    say(`${mib(before)} became ${mib(await size())}`);
    return;
  }
  await withEmbedded(world, location, 'store defrag', async (store) => {
    const before = (await store.status()).sizeBytes;
    await store.defragment();
    say(`${mib(before)} became ${mib((await store.status()).sizeBytes)}`);
  });
}

/** The cluster keeps its objects elsewhere from now on. Atomic. */
function pointTo({ configPath }: StoreLocation, store: string): void {
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as object;
  writeFileSync(`${configPath}.new`, `${JSON.stringify({ ...config, store }, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${configPath}.new`, configPath);
}

export interface MoveOptions extends StoreOptions {
  readonly to: string;
}

/** `skiff store move --to etcd://…|embedded` */
export async function storeMove(world: World, options: MoveOptions, say: Say): Promise<void> {
  const location = storeLocation(options.config);
  const { config } = location;
  if (config === undefined) throw new UserError('there is no cluster on this machine', 'start one with: skiff up');
  const target = etcdLocation(options.to, config);
  if (target === undefined && options.to !== 'embedded') throw new UserError(`--to ${options.to}: not a store`, 'say embedded, or etcd://host:port[,host:port…]');
  await requireStopped(location, `store move --to ${options.to}`);
  if (config.store === options.to) {
    if (target !== undefined) await (await import('#store/etcd')).endFill(world, target);
    say(`the objects are in ${options.to}`);
    return;
  }
  if (target === undefined) await moveToEmbedded(world, location, say);
  else await moveToEtcd(world, location, options.to, target, say);
}

async function moveToEtcd(world: World, location: StoreLocation, to: string, target: EtcdLocation, say: Say): Promise<void> {
  if (location.etcd !== undefined) throw new UserError('the objects are in an etcd already', "move them with etcd's own tools: etcdctl snapshot save, etcdctl snapshot restore");
  finishSwap(location.state);
  const { endFill, fillEtcd, NotEmptyError } = await import('#store/etcd');
  const source = await openLocationImage(world, location);
  source.close();
  const tick = ticker(world, say);
  say(`using up revisions until ${source.revision}, so that objects keep theirs; skiff backup --format etcd is the quicker way when that is many`);
  try {
    const filled = await fillEtcd(world, target, () => openEmbeddedImage(location.directory), {
      identity: `move of ${location.config?.name ?? ''} at ${source.revision}`, progress: (revision, of) => tick(`revision ${revision} of ${of}`),
    });
    pointTo(location, to);
    await endFill(world, target);
    say(`${filled.keys} objects are in ${to} at revision ${filled.revision}; ${filled.exact ? 'all kept their resource versions' : 'resource versions went up'}`);
    say(`the embedded store is still in ${location.directory}; remove it once all is well. Start with: skiff up`);
  } catch (error) {
    if (!(error instanceof NotEmptyError)) throw error;
    throw new UserError(error.message, 'nothing was changed; give the move an etcd without keys', error);
  }
}

async function moveToEmbedded(world: World, location: StoreLocation, say: Say): Promise<void> {
  const tick = ticker(world, say);
  const fresh = 'store.moving';
  rmSync(join(location.state, fresh), { recursive: true, force: true });
  finishSwap(location.state);
  const image = await openLocationImage(world, location);
  await writeEmbeddedStore(join(location.state, fresh), image, { progress: (records) => tick(`${records} objects`) });
  swapIn(location.state, [{ fresh, target: 'store', kept: `store.before-move-${stamp(world)}` }]);
  pointTo(location, 'embedded');
  say(`the objects are in ${location.directory} at revision ${image.revision}, with their resource versions; etcd was not changed. Start with: skiff up`);
}
