// What the node, its pods and containers use now, measured once for all who ask within a second: the source
// of /metrics/resource, /metrics/cadvisor and /stats/summary.
import type { Pod } from '#api/core/v1.ts';
import type { CgroupStats } from '#linux';
import type { ContainerStats } from '#runtime';
import type { KubeletCore } from '../core.ts';
import { containerNameLabel, type ObservedContainer, podUidLabel } from '../observed.ts';
import { refOf, uidOf } from '../pod.ts';
import type { PodSet } from '../pods/pod-set.ts';

export interface ContainerUsage {
  readonly name: string;
  readonly observed: ObservedContainer | undefined;
  readonly stats: ContainerStats;
}

export interface PodUsageNow {
  readonly pod: Pod;
  readonly cgroup: CgroupStats | undefined;
  readonly containers: readonly ContainerUsage[];
}

export interface UsageNow {
  readonly atMs: number;
  readonly cpuNanoseconds: number;
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number; readonly workingSetBytes: number; readonly usedBytes: number };
  readonly pods: readonly PodUsageNow[];
}

const keepMs = 1_000;

async function measure(core: KubeletCore, pods: PodSet): Promise<UsageNow> {
  const [stats, memory, cpuNanoseconds] = await Promise.all([core.runtime.listContainerStats(), core.host.measures.memory(), core.host.measures.cpuNanoseconds()]);
  const each = pods.list().map(async (pod): Promise<PodUsageNow> => {
    const observed = await core.observer.observe(refOf(pod));
    const own = stats.filter(({ labels }) => labels[podUidLabel] === uidOf(pod));
    const group = core.cgroups.parentOf(pod);
    return {
      pod,
      cgroup: group === '' ? undefined : await core.host.cgroups?.stats(group),
      containers: own.map((one) => ({ name: one.labels[containerNameLabel] ?? one.name, observed: observed.containers.find(({ id }) => id === one.id), stats: one })).filter(({ observed: seen }) => seen?.state === 'running'),
    };
  });
  return { atMs: core.world.clock.now(), cpuNanoseconds, memory, pods: await Promise.all(each) };
}

/** A measurer whose answers are at most a second old. */
export function createUsage(core: KubeletCore, pods: PodSet): () => Promise<UsageNow> {
  let last: { at: number; usage: Promise<UsageNow> } | undefined;
  return () => {
    const now = core.world.clock.monotonic();
    if (last === undefined || now - last.at > keepMs) {
      last = { at: now, usage: measure(core, pods) };
      last.usage.catch(() => (last = undefined));
    }
    return last.usage;
  };
}
