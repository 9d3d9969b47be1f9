// NodeResourcesFit (does it fit; LeastAllocated, MostAllocated or RequestedToCapacityRatio score) and
// NodeResourcesBalancedAllocation (do CPU and memory fill up together).
import type { Failure, Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

export interface FitConfig {
  readonly strategy: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly { readonly name: string; readonly weight: number }[];
  /** For RequestedToCapacityRatio: points of (utilization %, score 0…10). */
  readonly shape: readonly { readonly utilization: number; readonly score: number }[];
}

export const defaultFit: FitConfig = { strategy: 'LeastAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }], shape: [] };

function insufficient(pod: PodInfo, node: NodeInfo): Failure | undefined {
  const reasons: string[] = [];
  let final = false;
  if (node.pods.size + 1 > node.maxPods) reasons.push('Too many pods');
  for (const [resource, wanted] of Object.entries(pod.requests)) {
    if (wanted === 0) continue;
    const capacity = node.allocatable[resource] ?? 0;
    if (wanted <= capacity - (node.requested[resource] ?? 0)) continue;
    reasons.push(`Insufficient ${resource}`);
    // More than the whole node has: no eviction helps.
    if (wanted > capacity) final = true;
  }
  return reasons.length === 0 ? undefined : { reason: reasons.join('\n'), final };
}

/** Fraction of the node in use with this pod on it, 0…1. */
function usedWith(pod: PodInfo, node: NodeInfo, resource: string): number | undefined {
  const capacity = node.allocatable[resource] ?? 0;
  if (capacity === 0) return undefined;
  if (resource === 'cpu') return (node.scoringCpu + pod.scoringCpu) / capacity;
  if (resource === 'memory') return (node.scoringMemory + pod.scoringMemory) / capacity;
  const wanted = pod.requests[resource];
  return wanted === undefined ? undefined : ((node.requested[resource] ?? 0) + wanted) / capacity;
}

function onShape(shape: FitConfig['shape'], used: number): number {
  const utilization = Math.min(100, used * 100);
  let previous = shape[0];
  if (previous === undefined) return 0;
  for (const point of shape) {
    if (utilization <= point.utilization) {
      if (point === previous || point.utilization === previous.utilization) return point.score * 10;
      const along = (utilization - previous.utilization) / (point.utilization - previous.utilization);
      return 10 * (previous.score + along * (point.score - previous.score));
    }
    previous = point;
  }
  return previous.score * 10;
}

export function nodeResourcesFit(config: FitConfig = defaultFit): Plugin<true> {
  return {
    name: 'NodeResourcesFit',
    weight: 1,
    wakeOn: ['node-added', 'node-changed', 'pod-deleted', 'pod-changed'],
    prepare: () => true,
    filter: (_state, pod, node) => insufficient(pod, node),
    score(_state, pod, node) {
      let total = 0;
      let weights = 0;
      for (const { name, weight } of config.resources) {
        const used = usedWith(pod, node, name);
        if (used === undefined) continue;
        const free = used > 1 ? 0 : 1 - used;
        const score = config.strategy === 'LeastAllocated' ? free * 100 : config.strategy === 'MostAllocated' ? (used > 1 ? 0 : used * 100) : onShape(config.shape, used);
        total += Math.floor(score) * weight;
        weights += weight;
      }
      return weights === 0 ? 0 : Math.floor(total / weights);
    },
  };
}

export const balancedAllocation: Plugin<true> = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakeOn: [],
  // Best-effort pods change no balance; upstream leaves them out too.
  prepare: (pod) => ((pod.requests.cpu ?? 0) === 0 && (pod.requests.memory ?? 0) === 0 ? undefined : true),
  score(_state, pod, node) {
    const share = (resource: string): number => Math.min(1, ((node.requested[resource] ?? 0) + (pod.requests[resource] ?? 0)) / (node.allocatable[resource] || 1));
    // With two resources the standard deviation is half their distance.
    return Math.floor((1 - Math.abs(share('cpu') - share('memory')) / 2) * 100);
  },
};
