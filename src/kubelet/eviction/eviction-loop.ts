// Keeps the node alive when memory, disk or process ids run short: first what can be had without harm
// (unused images, dead containers), then one pod at a time, the one that ranks first. Conditions stay on for
// five minutes after the shortage, so that the scheduler does not swing. Also ends pods whose emptyDir
// volumes or containers hold more disk than they may.
import { formatQuantity, parseQuantity, quantityValue } from '#machinery';
import type { Pod } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { type KubeletCore, podDirectory, podLogDirectory } from '../core.ts';
import { podUidLabel } from '../observed.ts';
import { isCritical, isMirror, specOf, uidOf } from '../pod.ts';
import type { Verdict } from '../pods/pod-state.ts';
import { evictionMessage, type Observations, type PodUsage, rankForEviction, type Shortage, shortages, type Signal, starvedResource } from './signals.ts';

const limitsPeriodMs = 60_000;

export interface EvictionLoop {
  /** One look; evicts at most one pod for a shortage. */
  look(): Promise<void>;
  pressure(): { memory: boolean; disk: boolean; pid: boolean };
}

export interface EvictionDeps {
  readonly core: KubeletCore;
  readonly pods: () => readonly Pod[];
  readonly evict: (podUid: string, verdict: Verdict, graceSeconds: number) => void;
  /** Frees disk without harm; the bytes freed. */
  readonly reclaimDisk: () => Promise<number>;
}

const conditionOf: Readonly<Record<Signal, 'memory' | 'disk' | 'pid'>> = {
  'memory.available': 'memory', 'nodefs.available': 'disk', 'nodefs.inodesFree': 'disk', 'imagefs.available': 'disk', 'pid.available': 'pid',
};

export async function observeNode(core: KubeletCore): Promise<Observations> {
  const { measures } = core.host;
  const imageFs = await core.runtime.imageFsInfo().catch(() => ({ mountpoint: '', usedBytes: 0 }));
  const [memory, disk, pids, images] = await Promise.all([
    measures.memory(), measures.fileSystem(core.config.rootDirectory), measures.pids(), imageFs.mountpoint === '' ? undefined : measures.fileSystem(imageFs.mountpoint),
  ]);
  return {
    'memory.available': { available: memory.availableBytes, capacity: memory.totalBytes },
    'nodefs.available': { available: disk.availableBytes, capacity: disk.capacityBytes },
    'nodefs.inodesFree': { available: disk.inodesFree, capacity: disk.inodes },
    'pid.available': { available: pids.max - pids.running, capacity: pids.max },
    ...(images !== undefined ? { 'imagefs.available': { available: images.availableBytes, capacity: images.capacityBytes } } : {}),
  };
}

async function usages(core: KubeletCore, pods: readonly Pod[]): Promise<PodUsage[]> {
  const stats = await core.runtime.listContainerStats();
  return Promise.all(pods.map(async (pod) => {
    const own = stats.filter(({ labels }) => labels[podUidLabel] === uidOf(pod));
    const local = await core.host.measures.directory(podDirectory(core, uidOf(pod)));
    const logs = await core.host.measures.directory(podLogDirectory(core, pod));
    const containers = own.map(({ name, memoryWorkingSetBytes, writableLayerBytes }) => ({ name, memoryBytes: memoryWorkingSetBytes, diskBytes: writableLayerBytes }));
    const group = core.cgroups.parentOf(pod);
    const tree = group === '' ? undefined : await core.host.cgroups?.stats(group);
    return {
      pod, containers,
      memoryBytes: containers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      diskBytes: local.bytes + logs.bytes + containers.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
      pids: tree?.pids ?? 0,
    };
  }));
}

/** Why a pod holds too much of the disk; undefined when it does not. Only pods with limits are measured. */
async function overLimit(core: KubeletCore, pod: Pod): Promise<string | undefined> {
  for (const volume of specOf(pod).volumes ?? []) {
    const limit = volume.emptyDir?.sizeLimit;
    if (limit === undefined || volume.emptyDir?.medium === 'Memory' || quantityValue(parseQuantity(limit)) === 0) continue;
    const { bytes } = await core.host.measures.directory(`${podDirectory(core, uidOf(pod))}/volumes/kubernetes.io~empty-dir/${volume.name}`);
    if (bytes > quantityValue(parseQuantity(limit))) return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${formatQuantity(parseQuantity(limit))}". `;
  }
  const limited = specOf(pod).containers.filter((container) => container.resources?.limits?.['ephemeral-storage'] !== undefined);
  if (limited.length === 0) return undefined;
  const stats = (await core.runtime.listContainerStats()).filter(({ labels }) => labels[podUidLabel] === uidOf(pod));
  for (const container of limited) {
    const limit = container.resources?.limits?.['ephemeral-storage'] ?? '0';
    const layer = stats.find(({ name }) => name === container.name)?.writableLayerBytes ?? 0;
    const logs = await core.host.measures.directory(`${podLogDirectory(core, pod)}/${container.name}`);
    if (layer + logs.bytes > quantityValue(parseQuantity(limit))) return `Container ${container.name} exceeded its local ephemeral storage limit "${formatQuantity(parseQuantity(limit))}". `;
  }
  return undefined;
}

const evicted = (message: string): Verdict => ({
  phase: 'Failed', reason: 'Evicted', message,
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }],
});

export function createEvictionLoop(deps: EvictionDeps): EvictionLoop {
  const { core } = deps;
  const { clock, log } = core.world;
  const lastMs = new Map<'memory' | 'disk' | 'pid', number>();
  let limitsMs = Number.NEGATIVE_INFINITY;
  const under = (condition: 'memory' | 'disk' | 'pid'): boolean => {
    const at = lastMs.get(condition);
    return at !== undefined && clock.now() - at < core.config.evictionPressureTransitionPeriodMs;
  };
  const evict = (pod: Pod, verdict: Verdict, graceSeconds: number, annotations: Record<string, string>): void => {
    log.warn('a pod is evicted', { pod: uidOf(pod), message: verdict.message });
    core.recorder.event(pod, 'Warning', 'Evicted', verdict.message, { annotations });
    deps.evict(uidOf(pod), verdict, graceSeconds);
  };
  const limits = async (pods: readonly Pod[]): Promise<boolean> => {
    let any = false;
    // Measuring directories costs a walk through them.
    if (clock.monotonic() - limitsMs < limitsPeriodMs) return false;
    limitsMs = clock.monotonic();
    for (const pod of pods) {
      const message = await overLimit(core, pod);
      if (message === undefined) continue;
      any = true;
      evict(pod, { phase: 'Failed', reason: 'Evicted', message }, 1, {});
    }
    return any;
  };
  const relieve = async (shortage: Shortage, pods: readonly Pod[]): Promise<void> => {
    if (conditionOf[shortage.signal] === 'disk' && (await deps.reclaimDisk()) > 0) {
      const again = shortages(core.config.evictionHard, await observeNode(core));
      if (!again.some(({ signal }) => signal === shortage.signal)) return;
    }
    const first = rankForEviction(await usages(core, pods), shortage.signal)[0];
    if (first === undefined) {
      log.warn('the node is short and has no pod to evict', { signal: shortage.signal });
      return;
    }
    evict(first.pod, evicted(evictionMessage(first, shortage)), 1, { starved_resource: starvedResource[shortage.signal] });
  };
  return {
    pressure: () => ({ memory: under('memory'), disk: under('disk'), pid: under('pid') }),
    async look() {
      const pods = deps.pods().filter((pod) => !isMirror(pod));
      try {
        if (await limits(pods.filter((pod) => !isCritical(pod)))) return;
        const found = shortages(core.config.evictionHard, await observeNode(core));
        for (const { signal } of found) lastMs.set(conditionOf[signal], clock.now());
        const [first] = found;
        if (first !== undefined) await relieve(first, pods);
      } catch (error) {
        log.warn('the node could not be looked at for shortages', { error: errorText(error) });
      }
    },
  };
}
