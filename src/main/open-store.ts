// The store that a cluster's configuration names: LMDB in the state directory, or an etcd cluster.
import { join } from 'node:path';
import type { World } from '#base/world.ts';
import { openEmbeddedStore, type Store } from '#store';

/** @param location "embedded" or "etcd://host:port,host:port". */
export async function openStore(world: World, location: string, stateFolder: string): Promise<Store> {
  if (location === 'embedded') return openEmbeddedStore(world, { directory: join(stateFolder, 'store') });
  const match = /^(etcd|etcds):\/\/(.+)$/.exec(location);
  if (match === null) throw new Error(`--store ${location}: say embedded, or etcd://host:port`);
  // Only now: the gRPC stack costs a quarter of a second and 20 MB.
  const { openEtcdStore } = await import('#store/etcd');
  const scheme = match[1] === 'etcds' ? 'https' : 'http';
  return openEtcdStore(world, { endpoints: (match[2] ?? '').split(',').map((address) => `${scheme}://${address}`) });
}
