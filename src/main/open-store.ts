// The store that the flags name: LMDB under --data-dir, or the etcd cluster of --etcd-servers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '#base/world.ts';
import { finishSwap, openEmbeddedStore, prefixedStore, type Store } from '#store';
import type { Dial } from '#wire';
import type { ApiserverFlags } from './apiserver-flags.ts';
import { relayEndpoints } from './egress.ts';

/** @param dial opens the connections to etcd. */
export async function openStore(world: World, flags: ApiserverFlags, dial?: Dial): Promise<Store> {
  const endpoints = flags.get('etcd-servers');
  if (endpoints.length === 0) {
    // The last step of a restore that was killed.
    finishSwap(flags.get('data-dir'));
    return openEmbeddedStore(world, { directory: join(flags.get('data-dir'), 'store') });
  }
  const file = (name: 'etcd-cafile' | 'etcd-certfile' | 'etcd-keyfile') => (flags.get(name) === '' ? undefined : readFileSync(flags.get(name)));
  const [ca, cert, key] = [file('etcd-cafile'), file('etcd-certfile'), file('etcd-keyfile')];
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  // Only now: the gRPC stack costs a quarter of a second and 20 MB.
  const { openEtcdStore } = await import('#store/etcd');
  const secure = Object.keys(tls).length > 0;
  const config = { ...(secure ? { tls } : {}) };
  if (dial === undefined) return openEtcdStore(world, { endpoints, ...config });
  const relays = await relayEndpoints(world, dial, endpoints, secure);
  const serverNames = relays.endpoints.map(({ serverName }) => serverName);
  try {
    const store = await openEtcdStore(world, { endpoints: relays.endpoints.map(({ endpoint }) => endpoint), serverNames, ...config });
    return { ...store, close: () => store.close().finally(() => relays.close()) };
  } catch (error) {
    await relays.close();
    throw error;
  }
}

/** The store as the API server sees it, whose keys begin with /registry/, under the prefix of --etcd-prefix. */
export function underPrefix(store: Store, prefix: string): Store {
  const kept = `/${prefix.split('/').filter((part) => part !== '').join('/')}/`.replace('//', '/');
  return kept === '/registry/' ? store : prefixedStore(store, '/registry/', kept);
}
