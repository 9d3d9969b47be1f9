// When a node is short of something, and whom it evicts then. Pure: measures and thresholds in, signals and
// a ranking out; upstream's pkg/kubelet/eviction with hard thresholds.
import { formatQuantity, quantityOf } from '#machinery';
import type { Pod } from '#api/core/v1.ts';
import type { HardEviction } from '../config.ts';
import { thresholdBytes } from '../node/node-resources.ts';
import { isCritical, specOf } from '../pod.ts';
import { valueOf } from '../resources/cpu-math.ts';
import { podRequests } from '../resources/pod-resources.ts';

export type Signal = keyof HardEviction;

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = Readonly<Partial<Record<Signal, Observation>>>;

/** The resource that is short, as messages name it. */
export const starvedResource: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'pid.available': 'pids',
};

export interface Shortage {
  readonly signal: Signal;
  readonly threshold: number;
  readonly observed: Observation;
}

/** Signals below their threshold; memory first. */
export function shortages(thresholds: HardEviction, observations: Observations): Shortage[] {
  const found: Shortage[] = [];
  for (const signal of ['memory.available', 'nodefs.available', 'imagefs.available', 'nodefs.inodesFree', 'pid.available'] as const) {
    const observed = observations[signal];
    const setting = thresholds[signal];
    if (observed === undefined || setting === undefined || observed.capacity === 0) continue;
    const threshold = thresholdBytes(setting, observed.capacity);
    if (observed.available < threshold) found.push({ signal, threshold, observed });
  }
  return found;
}

export interface PodUsage {
  readonly pod: Pod;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pids: number;
  readonly containers: readonly { readonly name: string; readonly memoryBytes: number; readonly diskBytes: number }[];
}

const usageOf = (usage: PodUsage, resource: string): number => (resource === 'memory' ? usage.memoryBytes : resource === 'pids' ? usage.pids : usage.diskBytes);

/** Who goes first: those above their request, then the lowest priority, then the most above the request. */
export function rankForEviction(usages: readonly PodUsage[], signal: Signal): PodUsage[] {
  const resource = starvedResource[signal];
  const request = (usage: PodUsage): number => valueOf(podRequests(usage.pod), resource === 'memory' ? 'memory' : 'ephemeral-storage');
  const over = (usage: PodUsage): number => usageOf(usage, resource) - (resource === 'pids' ? 0 : request(usage));
  return usages.filter(({ pod }) => !isCritical(pod)).sort((a, b) => {
    const exceeds = Number(over(b) > 0) - Number(over(a) > 0);
    if (exceeds !== 0 && resource !== 'pids') return exceeds;
    const priority = (specOf(a.pod).priority ?? 0) - (specOf(b.pod).priority ?? 0);
    return priority !== 0 ? priority : over(b) - over(a);
  });
}

const binary = (bytes: number): string => formatQuantity(quantityOf(Math.max(0, Math.floor(bytes)), 'BinarySI'));

/** Upstream's eviction message for the pod. */
export function evictionMessage(usage: PodUsage, shortage: Shortage): string {
  const resource = starvedResource[shortage.signal];
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${binary(shortage.threshold)}, available: ${binary(shortage.observed.available)}. `;
  const spec = specOf(usage.pod);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const measured = usage.containers.find(({ name }) => name === container.name);
    if (measured === undefined || (resource !== 'memory' && resource !== 'ephemeral-storage')) continue;
    const used = resource === 'memory' ? measured.memoryBytes : measured.diskBytes;
    if (used > valueOf(container.resources?.requests, resource)) {
      message += `Container ${container.name} was using ${binary(used)}, request is ${container.resources?.requests?.[resource] ?? '0'}, has larger consumption of ${resource}. `;
    }
  }
  return message;
}
