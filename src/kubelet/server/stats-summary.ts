// GET /stats/summary in upstream's shape (stats.k8s.io/v1alpha1): node, its file systems, pods and
// containers. CPU rates need two looks; the first gives only totals.
import { rfc3339 } from '#base/clock.ts';
import type { KubeletCore } from '../core.ts';
import { nameOf, namespaceOf, uidOf } from '../pod.ts';
import type { UsageNow } from './usage.ts';

const time = (ms: number): string => rfc3339(ms);

/** Cores used between two looks, in nanocores. */
function rate(before: { at: number; total: number } | undefined, atMs: number, total: number): number | undefined {
  if (before === undefined || atMs <= before.at) return undefined;
  return Math.max(0, Math.round(((total - before.total) / ((atMs - before.at) * 1e6)) * 1e9));
}

export function createStatsSummary(core: KubeletCore): (usage: UsageNow) => Promise<unknown> {
  let last = new Map<string, { at: number; total: number }>();
  return async (usage) => {
    const seen = new Map<string, { at: number; total: number }>();
    const cpu = (key: string, atMs: number, total: number): unknown => {
      seen.set(key, { at: atMs, total });
      const nanocores = rate(last.get(key), atMs, total);
      return { time: time(atMs), ...(nanocores !== undefined ? { usageNanoCores: nanocores } : {}), usageCoreNanoSeconds: total };
    };
    const [disk, network, imageFs] = await Promise.all([
      core.host.measures.fileSystem(core.config.rootDirectory), core.host.measures.network(), core.runtime.imageFsInfo().catch(() => ({ mountpoint: '', usedBytes: 0 })),
    ]);
    const fs = { time: time(usage.atMs), availableBytes: disk.availableBytes, capacityBytes: disk.capacityBytes, usedBytes: disk.usedBytes, inodesFree: disk.inodesFree, inodes: disk.inodes, inodesUsed: disk.inodes - disk.inodesFree };
    const summary = {
      node: {
        nodeName: core.config.nodeName,
        systemContainers: [],
        startTime: time(usage.atMs),
        cpu: cpu('node', usage.atMs, usage.cpuNanoseconds),
        memory: { time: time(usage.atMs), availableBytes: usage.memory.availableBytes, usageBytes: usage.memory.usedBytes, workingSetBytes: usage.memory.workingSetBytes },
        ...(network !== undefined ? { network: { time: time(usage.atMs), name: network.name, rxBytes: network.rxBytes, rxErrors: network.rxErrors, txBytes: network.txBytes, txErrors: network.txErrors, interfaces: [{ ...network }] } } : {}),
        fs,
        runtime: { imageFs: { ...fs, usedBytes: imageFs.usedBytes } },
      },
      pods: usage.pods.filter(({ containers }) => containers.length > 0).map(({ pod, cgroup, containers }) => ({
        podRef: { name: nameOf(pod), namespace: namespaceOf(pod), uid: uidOf(pod) },
        startTime: pod.status?.startTime ?? null,
        containers: containers.map(({ name, observed, stats }) => ({
          name,
          startTime: time(observed?.startedAtMs ?? 0),
          cpu: cpu(stats.id, stats.timestampMs, stats.cpuNanoseconds),
          memory: { time: time(stats.timestampMs), usageBytes: stats.memoryUsageBytes, workingSetBytes: stats.memoryWorkingSetBytes, rssBytes: stats.memoryRssBytes },
          rootfs: { time: time(stats.timestampMs), availableBytes: disk.availableBytes, capacityBytes: disk.capacityBytes, usedBytes: stats.writableLayerBytes, inodesUsed: stats.writableLayerInodes },
        })),
        cpu: cpu(uidOf(pod), usage.atMs, cgroup?.cpuNanoseconds ?? containers.reduce((sum, { stats }) => sum + stats.cpuNanoseconds, 0)),
        memory: {
          time: time(usage.atMs),
          usageBytes: cgroup?.memoryUsageBytes ?? containers.reduce((sum, { stats }) => sum + stats.memoryUsageBytes, 0),
          workingSetBytes: cgroup?.memoryWorkingSetBytes ?? containers.reduce((sum, { stats }) => sum + stats.memoryWorkingSetBytes, 0),
        },
      })),
    };
    last = seen;
    return summary;
  };
}
