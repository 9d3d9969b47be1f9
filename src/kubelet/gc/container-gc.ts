// What pods leave behind: dead containers beyond the newest of each name, sandboxes that were replaced,
// directories, logs, links and cgroups of pods that are gone, and pods in the runtime that nobody asked for.
import { errorText } from '#base/errors.ts';
import { isRuntimeNotFound } from '#runtime';
import type { KubeletCore } from '../core.ts';
import { groupByPod } from '../observer.ts';
import { containerNameLabel } from '../observed.ts';
import { removePod } from '../pods/kill-pod.ts';
import { removePodDirectory } from '../volumes/pod-volumes.ts';

const ignoreGone = (error: unknown): void => {
  if (!isRuntimeNotFound(error)) throw error;
};

/** Dead containers that their pod no longer needs: all but the newest of each name (of each pod). */
export async function removeDeadContainers(core: KubeletCore): Promise<void> {
  for (const pod of groupByPod(await core.observer.lists()).values()) {
    const kept = new Set<string>();
    for (const container of pod.containers) {
      const name = container.labels[containerNameLabel] ?? '';
      const first = !kept.has(name);
      kept.add(name);
      if (first || container.state === 'CONTAINER_RUNNING' || container.state === 'CONTAINER_CREATED') continue;
      const older = pod.containers.filter((each) => each.labels[containerNameLabel] === name && each.state === 'CONTAINER_EXITED');
      // The one before the newest is what `kubectl logs --previous` shows.
      if (older[0]?.id === container.id || (pod.containers.find((each) => each.labels[containerNameLabel] === name)?.state === 'CONTAINER_EXITED' && older[1]?.id === container.id)) continue;
      await core.runtime.removeContainer(container.id).catch(ignoreGone);
    }
    const boxes = [...pod.sandboxes].sort((a, b) => b.metadata.attempt - a.metadata.attempt).slice(1);
    for (const box of boxes) {
      if (box.state === 'SANDBOX_READY' || pod.containers.some((container) => container.pod_sandbox_id === box.id)) continue;
      await core.runtime.removePodSandbox(box.id).catch(ignoreGone);
    }
  }
}

/** Pods in the runtime that no source wants are ended without ceremony and removed. */
export async function removeOrphanPods(core: KubeletCore, wanted: ReadonlySet<string>): Promise<void> {
  for (const [uid, pod] of groupByPod(await core.observer.lists())) {
    if (wanted.has(uid)) continue;
    core.world.log.info('a pod that nobody asks for is removed', { pod: `${pod.namespace}/${pod.name}`, uid });
    for (const container of pod.containers) if (container.state === 'CONTAINER_RUNNING') await core.runtime.stopContainer(container.id, 1).catch(ignoreGone);
    await removePod(core, await core.observer.observe({ uid, name: pod.name, namespace: pod.namespace }));
  }
}

/** Directories under pods/ and in the log directory whose pod is neither wanted nor in the runtime. */
export async function removeOrphanFiles(core: KubeletCore, wanted: ReadonlySet<string>): Promise<void> {
  const { config, host, world } = core;
  const inRuntime = groupByPod(await core.observer.lists());
  const gone = (uid: string): boolean => !wanted.has(uid) && !inRuntime.has(uid);
  for (const uid of await host.files.list(`${config.rootDirectory}/pods`)) {
    if (!gone(uid)) continue;
    try {
      await removePodDirectory(host, `${config.rootDirectory}/pods/${uid}`);
    } catch (error) {
      world.log.warn('the directory of a gone pod could not be removed', { uid, error: errorText(error) });
    }
  }
  for (const name of await host.files.list(config.podLogsDir)) {
    const uid = name.slice(name.lastIndexOf('_') + 1);
    if (name.split('_').length === 3 && gone(uid)) await host.files.remove(`${config.podLogsDir}/${name}`);
  }
  if (config.containerLogsDir === '') return;
  for (const name of await host.files.list(config.containerLogsDir)) {
    const link = `${config.containerLogsDir}/${name}`;
    const target = await host.files.readlink(link);
    if (target?.startsWith(`${config.podLogsDir}/`) === true && (await host.files.stat(link)) === undefined) await host.files.remove(link);
  }
}
