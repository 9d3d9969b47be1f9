// The default plugins, in the order in which they filter: the cheapest and most decisive first. Scheduling gates,
// priority sort and preemption are the queue's and the scheduler's own (queue.ts, preemption.ts).
import type { LabelMatcher } from '#machinery';
import type { Plugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { imageLocality, nodeAffinity, nodeName, nodePorts, nodeUnschedulable, taintToleration } from './node-plugins.ts';
import { balancedAllocation, defaultFit, nodeResourcesFit, type FitConfig } from './node-resources.ts';
import { topologySpread } from './topology-spread.ts';

export interface PluginConfig {
  readonly fit?: FitConfig;
  readonly defaultSelector: (pod: PodInfo) => LabelMatcher | undefined;
}

export function defaultPlugins(config: PluginConfig): Plugin[] {
  return [
    nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit(config.fit ?? defaultFit), topologySpread(config.defaultSelector), interPodAffinity, balancedAllocation, imageLocality,
  ];
}
