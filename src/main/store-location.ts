// Where the cluster of this machine keeps its objects, for the commands that work on them without an API server.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { codeOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { clusterFile, defaultPaths, UserError, type ClusterConfig } from '#cli';
import { hasEmbeddedStore, openEmbeddedImage, type Image } from '#store';
import { extraFlags } from './apiserver-cluster-flags.ts';
import { apiserverFlags } from './apiserver-flags.ts';
import { readClusterConfig } from './cluster-config.ts';
import { parseFlags } from './flag-parse.ts';

export interface EtcdLocation {
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca?: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
}

export interface StoreLocation {
  readonly config: ClusterConfig | undefined;
  /** The file that says so. */
  readonly configPath: string;
  readonly state: string;
  /** Absent: embedded. */
  readonly etcd: EtcdLocation | undefined;
  /** Of the embedded store, used or not. */
  readonly directory: string;
}

/** @param text "etcd://host:port,host:port" or etcds:// */
export function etcdLocation(text: string, config: ClusterConfig | undefined): EtcdLocation | undefined {
  const match = /^(etcd|etcds):\/\/(.+)$/.exec(text);
  if (match === null) return undefined;
  const scheme = match[1] === 'etcds' ? 'https' : 'http';
  const flags = parseFlags(apiserverFlags, config === undefined ? [] : extraFlags(config));
  const read = (name: 'etcd-cafile' | 'etcd-certfile' | 'etcd-keyfile'): Uint8Array | undefined => (flags.get(name) === '' ? undefined : readFileSync(flags.get(name)));
  const [ca, cert, key] = [read('etcd-cafile'), read('etcd-certfile'), read('etcd-keyfile')];
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  return { endpoints: (match[2] ?? '').split(',').map((address) => `${scheme}://${address}`), ...(Object.keys(tls).length === 0 ? {} : { tls }) };
}

/** @param path of cluster.json; absent: this machine's cluster, if there is one. */
export function storeLocation(path: string | undefined): StoreLocation {
  const configPath = path ?? clusterFile(defaultPaths);
  const config = path !== undefined || existsSync(configPath) ? readClusterConfig(configPath) : undefined;
  const state = config?.paths.state ?? defaultPaths.state;
  return { config, configPath, state, etcd: config === undefined ? undefined : etcdLocation(config.store, config), directory: join(state, 'store') };
}

/** The cluster's objects as of now. */
export async function openLocationImage(world: World, { etcd, directory }: StoreLocation): Promise<Image> {
  if (etcd !== undefined) return (await import('#store/etcd')).openEtcdImage(world, etcd);
  if (!hasEmbeddedStore(directory)) throw new UserError(`there is no store in ${directory}`, 'start a cluster with: skiff up');
  return openEmbeddedImage(directory);
}

/** Throws unless the API server of the cluster is stopped: what it holds in memory would not notice. */
export async function requireStopped({ config }: StoreLocation, command: string): Promise<void> {
  if (config === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      reject(codeOf(error) === 'EADDRINUSE' ? new UserError(`the API server of this cluster is running (port ${config.apiPort} is taken)`, `stop it first: skiff down, then: skiff ${command}, then: skiff up`) : error);
    });
    probe.listen(config.apiPort, config.bindAddress, () => probe.close(() => resolve()));
  });
}
