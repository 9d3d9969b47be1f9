// Teardown: after it no process, mount, namespace, cgroup or file of ours is left, whatever state the node
// was in. First the polite way (CRI stops every pod, which also runs CNI's DEL), then, for what a crash has
// left, by force: shims found by our socket in their command line, cgroups, mounts and directories of ours.
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '#base/world.ts';
import { endProcess, findProcesses, openCgroups, signalProcess, unmountAll, waitForExit } from '#linux';
import type { Runtime } from '../contract.ts';
import { isRuntimeNotFound } from '../runtime-error.ts';
import { runningPid, stopContainerd, type ContainerdOptions } from './ensure.ts';

export interface RemoveOptions extends Pick<ContainerdOptions, 'root' | 'state' | 'socket' | 'pidPath' | 'configPath'> {
  /** Cgroups whose processes are killed and which are removed: ["/kubepods"]. */
  readonly cgroups: readonly string[];
  /** Also images, snapshots and container metadata below `root`. */
  readonly purge: boolean;
}

/** Runs `task` over `items`, a few at a time. */
async function eachOf<T>(items: readonly T[], atOnce: number, task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  }));
}

/**
 * Stops and removes every pod through CRI: containers first with `graceSeconds`, then sandboxes. Failures of
 * single pods are logged and left to `removeEverything`.
 */
export async function removeAllPods(world: World, runtime: Runtime, graceSeconds: number, signal?: AbortSignal): Promise<void> {
  const containers = await runtime.listContainers(signal);
  const sandboxes = await runtime.listPodSandboxes(signal);
  const tolerate = (what: string) => (error: unknown): void => {
    if (!isRuntimeNotFound(error)) world.log.warn(`${what} failed during teardown`, { err: error });
  };
  await eachOf(containers, 8, async ({ id, state }) => {
    if (state === 'CONTAINER_RUNNING') await runtime.stopContainer(id, graceSeconds, signal).catch(tolerate('stopping a container'));
    await runtime.removeContainer(id, signal).catch(tolerate('removing a container'));
  });
  await eachOf(sandboxes, 8, async ({ id }) => {
    await runtime.stopPodSandbox(id, signal).catch(tolerate('stopping a pod sandbox'));
    await runtime.removePodSandbox(id, signal).catch(tolerate('removing a pod sandbox'));
  });
}

/** Paths of the bundles that shims of our containerd work in. */
async function bundles(state: string): Promise<string[]> {
  const tasks = join(state, 'io.containerd.runtime.v2.task');
  const namespaces = await readdir(tasks).catch(() => []);
  const lists = await Promise.all(namespaces.map(async (namespace) => (await readdir(join(tasks, namespace)).catch(() => [])).map((id) => join(tasks, namespace, id))));
  return lists.flat();
}

/** Shims listen in /run/containerd/s, which is not ours: exactly those sockets go that our bundles name. */
async function removeShimSockets(state: string): Promise<void> {
  for (const bundle of await bundles(state)) {
    for (const file of ['address', 'sandbox']) {
      const address = (await readFile(join(bundle, file), 'utf8').catch(() => '')).trim();
      const path = /^unix:\/\/(\/run\/containerd\/s\/[0-9a-f]{64})$/.exec(address)?.[1];
      if (path !== undefined) await rm(path, { force: true });
    }
  }
  // rmdir takes empty directories only.
  for (const directory of ['/run/containerd/s', '/run/containerd']) await rmdir(directory).catch(() => {});
}

/** libcni's saved results of sandboxes that CNI's DEL never saw; they lie in a place shared by all CNI users. */
async function removeSavedResults(state: string): Promise<void> {
  const directory = '/var/lib/cni/results';
  const ids = (await bundles(state)).map((bundle) => bundle.slice(bundle.lastIndexOf('/') + 1));
  for (const name of await readdir(directory).catch(() => [])) {
    if (ids.some((id) => name.includes(`-${id}-`))) await rm(join(directory, name), { force: true });
  }
}

/** Processes with a pid recorded in a bundle that still run there: containers whose cgroup is not among those given. */
async function killBundleProcesses(world: World, state: string): Promise<void> {
  for (const bundle of await bundles(state)) {
    const pid = Number(await readFile(join(bundle, 'init.pid'), 'utf8').catch(() => ''));
    if (!Number.isInteger(pid) || pid <= 1) continue;
    // The number may have been reused: only a process whose cgroup names this container is its own.
    const membership = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (!membership.includes(bundle.slice(bundle.lastIndexOf('/') + 1))) continue;
    signalProcess(pid, 'SIGKILL');
    await waitForExit(world.clock, pid, 5_000);
  }
}

/**
 * Ends and removes everything that belongs to the containerd of these options. `state` and the socket's
 * files always go; `root` with `purge`. Safe to call at any time and again.
 */
export async function removeEverything(world: World, options: RemoveOptions, signal?: AbortSignal): Promise<void> {
  await stopContainerd(world, options, signal);
  const cgroups = await openCgroups(world.clock);
  // Shims first: they would restart nothing, but report and clean up while we do.
  const shims = await findProcesses((args) => /containerd-shim/.test(args[0] ?? '') && args.includes(options.socket));
  for (const pid of shims) signalProcess(pid, 'SIGKILL');
  for (const pid of shims) await waitForExit(world.clock, pid, 5_000, signal);
  for (const path of options.cgroups) await cgroups.killAll(path, signal);
  await killBundleProcesses(world, options.state);
  await removeShimSockets(options.state);
  await removeSavedResults(options.state);
  for (const path of options.cgroups) await cgroups.remove(path, signal);
  await unmountAll(options.state, signal);
  await unmountAll(options.root, signal);
  await rm(options.state, { recursive: true, force: true });
  if (options.purge) await rm(options.root, { recursive: true, force: true });
  const survivor = await runningPid(options);
  if (survivor !== undefined) await endProcess(world.clock, survivor, 2_000, signal);
}
