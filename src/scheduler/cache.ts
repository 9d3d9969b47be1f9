// What the scheduler believes: nodes, the pods on them, and the pods it has just placed and whose binding is on its
// way ("assumed"). Assumed pods count at once; the informer's confirmation replaces them, a failed binding
// takes them back.
import type { Node } from '#api/core/v1.ts';
import { createNodeInfo, type MutableNodeInfo } from './node-info.ts';
import type { Snapshot } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

export interface SchedulerCache {
  setNode(node: Node): void;
  removeNode(name: string): void;
  /** A pod that is bound, according to the API. */
  setPod(info: PodInfo, nodeName: string): void;
  removePod(key: string): void;
  assume(info: PodInfo, nodeName: string): void;
  /** Takes an assumption back, unless the API has confirmed it meanwhile. */
  forget(key: string): void;
  isAssumed(key: string): boolean;
  nodeOf(key: string): string | undefined;
  snapshot(): Snapshot;
}

export function createSchedulerCache(namespaceLabels: Snapshot['namespaceLabels']): SchedulerCache {
  const nodes = new Map<string, MutableNodeInfo>();
  const placed = new Map<string, string>();
  const assumed = new Set<string>();
  /** Nodes that exist, interleaved by zone so that a partial look sees all zones; rebuilt when membership changes. */
  let order: MutableNodeInfo[] | undefined;

  const nodeInfo = (name: string): MutableNodeInfo => {
    let info = nodes.get(name);
    if (info === undefined) nodes.set(name, (info = createNodeInfo(name)));
    return info;
  };
  const unplace = (key: string): void => {
    const name = placed.get(key);
    if (name === undefined) return;
    placed.delete(key);
    assumed.delete(key);
    const info = nodes.get(name);
    info?.removePod(key);
    if (info?.node === undefined && info?.pods.size === 0) nodes.delete(name);
  };
  const place = (pod: PodInfo, name: string): void => {
    unplace(pod.key);
    placed.set(pod.key, name);
    nodeInfo(name).addPod(pod);
  };
  const interleave = (): MutableNodeInfo[] => {
    const zones = new Map<string, MutableNodeInfo[]>();
    for (const info of nodes.values()) {
      if (info.node === undefined) continue;
      const zone = `${info.labels['topology.kubernetes.io/region'] ?? ''}/${info.labels['topology.kubernetes.io/zone'] ?? ''}`;
      const list = zones.get(zone);
      if (list === undefined) zones.set(zone, [info]);
      else list.push(info);
    }
    const lists = [...zones.values()];
    if (lists.length === 1) return lists[0] ?? [];
    const result: MutableNodeInfo[] = [];
    for (let i = 0; lists.some((list) => i < list.length); i++) for (const list of lists) { const info = list[i]; if (info !== undefined) result.push(info); }
    return result;
  };

  return {
    setNode(node) {
      const info = nodeInfo(node.metadata?.name ?? '');
      if (info.node === undefined || zoneOf(info.node) !== zoneOf(node)) order = undefined;
      info.setNode(node);
    },
    removeNode(name) {
      const info = nodes.get(name);
      if (info === undefined) return;
      order = undefined;
      info.setNode(undefined);
      if (info.pods.size === 0) nodes.delete(name);
    },
    setPod: place,
    removePod: unplace,
    assume(pod, name) {
      place(pod, name);
      assumed.add(pod.key);
    },
    forget(key) {
      if (assumed.has(key)) unplace(key);
    },
    isAssumed: (key) => assumed.has(key),
    nodeOf: (key) => placed.get(key),
    snapshot() {
      order ??= interleave();
      return { nodes: order, byName: nodes, namespaceLabels };
    },
  };
}

function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
}
