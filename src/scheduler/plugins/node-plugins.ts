// Plugins that look at the node alone: NodeUnschedulable, NodeName, NodeAffinity (with nodeSelector), TaintToleration,
// NodePorts and ImageLocality.
import { normalizeToHundred, type Plugin } from '../framework.ts';
import { matchesRequiredAffinity, termMatches, tolerates, untolerated } from '../node-match.ts';

const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin<true> = {
  name: 'NodeUnschedulable',
  weight: 0,
  wakeOn: ['node-added', 'node-changed'],
  prepare: () => true,
  filter: (_state, pod, node) =>
    node.unschedulable && !pod.tolerations.some((t) => tolerates(t, unschedulableTaint)) ? { reason: 'node(s) were unschedulable', final: true } : undefined,
};

export const nodeName: Plugin<string> = {
  name: 'NodeName',
  weight: 0,
  wakeOn: ['node-added'],
  prepare: (pod) => pod.pod.spec?.nodeName || undefined,
  filter: (wanted, _pod, node) => (wanted === node.name ? undefined : { reason: "node(s) didn't match the requested node name", final: true }),
};

export const nodeAffinity: Plugin<true> = {
  name: 'NodeAffinity',
  weight: 2,
  wakeOn: ['node-added', 'node-changed'],
  prepare: (pod) => (pod.nodeAffinity === undefined && pod.nodeSelector.empty ? undefined : true),
  filter: (_state, pod, node) => (matchesRequiredAffinity(pod, node) ? undefined : { reason: "node(s) didn't match Pod's node affinity/selector", final: true }),
  score(_state, pod, node) {
    let total = 0;
    for (const { weight, preference } of pod.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) if (termMatches(node, preference)) total += weight;
    return total;
  },
  normalize: (scores) => normalizeToHundred(scores),
};

export const taintToleration: Plugin<true> = {
  name: 'TaintToleration',
  weight: 3,
  wakeOn: ['node-added', 'node-changed'],
  prepare: () => true,
  filter: (_state, pod, node) =>
    node.taints.length > 0 && untolerated(node.taints, pod.tolerations, ['NoSchedule', 'NoExecute']) !== undefined ? { reason: 'node(s) had untolerated taint(s)', final: true } : undefined,
  score(_state, pod, node) {
    if (node.taints.length === 0) return 0;
    const soft = pod.tolerations.filter((t) => (t.effect ?? '') === '' || t.effect === 'PreferNoSchedule');
    return node.taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !soft.some((t) => tolerates(t, taint))).length;
  },
  normalize: (scores) => normalizeToHundred(scores, true),
};

export const nodePorts: Plugin<true> = {
  name: 'NodePorts',
  weight: 0,
  wakeOn: ['node-added', 'pod-deleted'],
  prepare: (pod) => (pod.hostPorts.length === 0 ? undefined : true),
  filter: (_state, pod, node) => (node.portsClash(pod.hostPorts) ? { reason: "node(s) didn't have free ports for the requested pod ports", final: false } : undefined),
};

const minImageBytes = 23 * 1024 * 1024;
const maxImageBytes = 1000 * 1024 * 1024;

/** Images are listed with their tag; a reference without one means latest. */
function fullName(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? image : `${image}:latest`;
}

interface ImageState {
  /** Share of all nodes that have the image: rare images do not draw every pod to one node. */
  readonly spread: ReadonlyMap<string, number>;
}

export const imageLocality: Plugin<ImageState> = {
  name: 'ImageLocality',
  weight: 1,
  wakeOn: [],
  prepare(pod, snapshot) {
    const names = [...new Set(pod.images.map(fullName))];
    if (snapshot.nodes.length < 2) return undefined;
    const spread = new Map<string, number>();
    for (const name of names) {
      const count = snapshot.imageCount(name);
      if (count > 0 && count < snapshot.nodes.length) spread.set(name, count / snapshot.nodes.length);
    }
    return spread.size === 0 ? undefined : { spread };
  },
  score(state, pod, node) {
    let bytes = 0;
    for (const [name, share] of state.spread) bytes += (node.images.get(name) ?? 0) * share;
    const limit = maxImageBytes * Math.max(1, pod.images.length);
    const bounded = Math.min(Math.max(bytes, minImageBytes), limit);
    return Math.floor((100 * (bounded - minImageBytes)) / (limit - minImageBytes));
  },
};
