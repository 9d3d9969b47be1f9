// A node with the pods on it and running totals, kept up to date as pods come and go, so that a filter is a
// comparison and never a sum.
import type { Node, Taint } from '#api/core/v1.ts';
import { amounts, type Amounts, type HostPort, type PodInfo } from './pod-info.ts';

export interface NodeInfo {
  readonly name: string;
  /** undefined while pods are known on a node that has not been seen, or has gone. */
  readonly node: Node | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly allocatable: Amounts;
  readonly maxPods: number;
  /** Image name → bytes. */
  readonly images: ReadonlyMap<string, number>;
  readonly pods: ReadonlyMap<string, PodInfo>;
  readonly requested: Amounts;
  readonly scoringCpu: number;
  readonly scoringMemory: number;
  /** How many pods here have affinity or required anti-affinity terms: most nodes have none, and are skipped. */
  readonly withAffinity: number;
  readonly withAntiAffinity: number;
  portsClash(wanted: readonly HostPort[]): boolean;
}

export interface MutableNodeInfo extends NodeInfo {
  setNode(node: Node | undefined): void;
  addPod(pod: PodInfo): void;
  removePod(key: string): void;
  /** An independent copy, for "what if" (preemption). */
  clone(): MutableNodeInfo;
}

function hasAffinity(pod: PodInfo): boolean {
  return pod.requiredAffinity.length + pod.preferredAffinity.length + pod.requiredAntiAffinity.length + pod.preferredAntiAffinity.length > 0;
}

function portKey(port: HostPort): string {
  return `${port.protocol}/${port.port}`;
}

export function createNodeInfo(name: string): MutableNodeInfo {
  const pods = new Map<string, PodInfo>();
  const requested: Record<string, number> = {};
  const ports = new Map<string, string[]>();
  const state = { node: undefined as Node | undefined, labels: {} as Readonly<Record<string, string>>, taints: [] as readonly Taint[], allocatable: {} as Amounts, images: new Map<string, number>(), scoringCpu: 0, scoringMemory: 0, withAffinity: 0, withAntiAffinity: 0 };

  const count = (pod: PodInfo, sign: 1 | -1): void => {
    for (const [resource, amount] of Object.entries(pod.requests)) requested[resource] = (requested[resource] ?? 0) + sign * amount;
    state.scoringCpu += sign * pod.scoringCpu;
    state.scoringMemory += sign * pod.scoringMemory;
    if (hasAffinity(pod)) state.withAffinity += sign;
    if (pod.requiredAntiAffinity.length > 0) state.withAntiAffinity += sign;
    for (const port of pod.hostPorts) {
      const ips = ports.get(portKey(port)) ?? [];
      if (sign > 0) ips.push(port.ip);
      else ips.splice(ips.indexOf(port.ip), 1);
      if (ips.length > 0) ports.set(portKey(port), ips);
      else ports.delete(portKey(port));
    }
  };

  const info: MutableNodeInfo = {
    name,
    get node() { return state.node; },
    get labels() { return state.labels; },
    get taints() { return state.taints; },
    get unschedulable() { return state.node?.spec?.unschedulable === true; },
    get allocatable() { return state.allocatable; },
    get maxPods() { return state.allocatable.pods ?? 110; },
    get images() { return state.images; },
    pods,
    requested,
    get scoringCpu() { return state.scoringCpu; },
    get scoringMemory() { return state.scoringMemory; },
    get withAffinity() { return state.withAffinity; },
    get withAntiAffinity() { return state.withAntiAffinity; },
    portsClash(wanted) {
      // The wildcard address takes the port on every address.
      return wanted.some((port) => ports.get(portKey(port))?.some((ip) => ip === port.ip || ip === '0.0.0.0' || port.ip === '0.0.0.0') === true);
    },
    setNode(node) {
      state.node = node;
      state.labels = node?.metadata?.labels ?? {};
      state.taints = node?.spec?.taints ?? [];
      state.allocatable = amounts(node?.status?.allocatable);
      state.images = new Map((node?.status?.images ?? []).flatMap((image) => (image.names ?? []).map((n) => [n, image.sizeBytes ?? 0] as const)));
    },
    addPod(pod) {
      info.removePod(pod.key);
      pods.set(pod.key, pod);
      count(pod, 1);
    },
    removePod(key) {
      const known = pods.get(key);
      if (known === undefined) return;
      pods.delete(key);
      count(known, -1);
    },
    clone() {
      const copy = createNodeInfo(name);
      copy.setNode(state.node);
      for (const pod of pods.values()) copy.addPod(pod);
      return copy;
    },
  };
  return info;
}
