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
  const withAffinity = new Set<MutableNodeInfo>();
  const withAntiAffinity = new Set<MutableNodeInfo>();
  const imageCounts = new Map<string, number>();
  /** Nodes that exist, interleaved by zone so that a partial look sees all zones; rebuilt when membership changes. */
  let order: MutableNodeInfo[] | undefined;

  const nodeInfo = (name: string): MutableNodeInfo => {
    let info = nodes.get(name);
    if (info === undefined) nodes.set(name, (info = createNodeInfo(name)));
    return info;
  };
  const sort = (info: MutableNodeInfo): void => {
    if (info.withAffinity > 0) withAffinity.add(info);
    else withAffinity.delete(info);
    if (info.withAntiAffinity > 0) withAntiAffinity.add(info);
    else withAntiAffinity.delete(info);
  };
  const countImages = (info: MutableNodeInfo, by: 1 | -1): void => {
    for (const name of info.images.keys()) {
      const count = (imageCounts.get(name) ?? 0) + by;
      if (count > 0) imageCounts.set(name, count);
      else imageCounts.delete(name);
    }
  };
  const setNode = (info: MutableNodeInfo, node: Node | undefined): void => {
    countImages(info, -1);
    info.setNode(node);
    countImages(info, 1);
  };
  const unplace = (key: string): void => {
    const name = placed.get(key);
    if (name === undefined) return;
    placed.delete(key);
    assumed.delete(key);
    const info = nodes.get(name);
    if (info === undefined) return;
    info.removePod(key);
    sort(info);
    if (info.node === undefined && info.pods.size === 0) nodes.delete(name);
  };
  const place = (pod: PodInfo, name: string): void => {
    unplace(pod.key);
    placed.set(pod.key, name);
    const info = nodeInfo(name);
    info.addPod(pod);
    sort(info);
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
      setNode(info, node);
    },
    removeNode(name) {
      const info = nodes.get(name);
      if (info === undefined) return;
      order = undefined;
      setNode(info, undefined);
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
      return { nodes: order, byName: nodes, withAffinity, withAntiAffinity, imageCount: (name) => imageCounts.get(name) ?? 0, namespaceLabels };
    },
  };
}

function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
}
