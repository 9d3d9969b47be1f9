// `skiff down`: no process, mount, network namespace, nftables table, bridge or cgroup of the cluster is left. Objects,
// images and certificates stay unless they are to be purged. Safe to run at any time and again.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { deleteAddress, listAddresses, nftDeleteTable, unmountAll } from '#linux';
import { connectCri, removeAllPods, removeEverything, tearDownPodNetwork } from '#runtime';
import type { Checklist } from './checklist.ts';
import { removeKubeconfig } from './kubeconfig.ts';
import { nodeLayout } from './node-layout.ts';
import { defaultPaths, loadCluster, type ClusterConfig, type ClusterPaths } from './paths.ts';
import { requireRootOnLinux } from './preflight.ts';
import { stopPrograms } from './programs.ts';

async function stopPods(world: World, socket: string): Promise<void> {
  if (!existsSync(socket)) return;
  const runtime = await connectCri(world, socket);
  try {
    await removeAllPods(world, runtime, 1, AbortSignal.timeout(30_000));
  } catch (error) {
    world.log.warn('pods could not be stopped the polite way', { error: errorText(error) });
  } finally {
    await runtime.close();
  }
}

async function removeNetwork(config: ClusterConfig, proxyTable: string): Promise<void> {
  const layout = nodeLayout(config, existsSync);
  await tearDownPodNetwork(layout.podNetwork);
  for (const family of ['ip', 'ip6'] as const) await nftDeleteTable(family, proxyTable);
  for (const address of await listAddresses()) if (address.link === 'lo' && address.address === config.clusterDns) await deleteAddress('lo', `${config.clusterDns}/32`);
}

async function removeFiles(config: ClusterConfig, purge: boolean): Promise<void> {
  const layout = nodeLayout(config, existsSync);
  await unmountAll(layout.kubeletRoot);
  await rm(layout.kubeletRoot, { recursive: true, force: true });
  await rm(layout.podLogs, { recursive: true, force: true });
  await rm(layout.containerLogs, { recursive: true, force: true });
  await rm(config.paths.run, { recursive: true, force: true });
  if (!purge) return;
  await rm(config.paths.state, { recursive: true, force: true });
  await rm(config.paths.log, { recursive: true, force: true });
}

export interface DownOptions {
  readonly purge: boolean;
  /** Name of the proxy's nftables table. */
  readonly proxyTable: string;
  readonly paths?: ClusterPaths;
}

/** Returns false when there was nothing to take down. */
export async function down(world: World, options: DownOptions, list: Checklist): Promise<boolean> {
  requireRootOnLinux('npm stop');
  const config = loadCluster(options.paths ?? defaultPaths);
  if (config === undefined) return false;
  const layout = nodeLayout(config, existsSync);
  await list.step('programs', () => stopPrograms(config));
  await list.step('pods', () => stopPods(world, layout.containerd.socket));
  await list.step('container runtime', () => removeEverything(world, { ...layout.containerd, cgroups: layout.cgroups, purge: options.purge }));
  await list.step('network', () => removeNetwork(config, options.proxyTable));
  await list.step(options.purge ? 'files and all state' : 'files', () => removeFiles(config, options.purge));
  await list.step('kubeconfig', async () => removeKubeconfig(process.env, config.name));
  return true;
}

