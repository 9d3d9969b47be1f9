// InterPodAffinity: pods near or away from other pods, by topology. Prepared once per cycle into counts per
// (topology key, value), so that a node is judged by a few look-ups.
import { normalizeToHundred, type Plugin, type Snapshot } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { AffinityTerm, PodInfo } from '../pod-info.ts';

/** Matching pods by "topologyKey\nvalue". */
type Counts = Map<string, number>;

interface State {
  /** Domains where an existing pod's required anti-affinity forbids this pod. */
  readonly forbidden: ReadonlySet<string>;
  readonly affinity: readonly Counts[];
  readonly antiAffinity: readonly Counts[];
  /** The pod matches its own affinity terms and nobody else does yet: the first of its group may go anywhere. */
  readonly firstOfGroup: boolean;
  readonly preference: Counts;
}

function domain(key: string, value: string): string {
  return `${key}\n${value}`;
}

function selects(term: AffinityTerm, pod: PodInfo, snapshot: Snapshot): boolean {
  if (!term.selector.matches(pod.labels)) return false;
  if (term.namespaces.has(pod.namespace)) return true;
  const labels = snapshot.namespaceLabels(pod.namespace);
  return labels !== undefined && term.namespaceSelector.matches(labels);
}

function bump(counts: Counts, term: AffinityTerm, node: NodeInfo, by: number): void {
  const value = node.labels[term.topologyKey];
  if (value === undefined) return;
  const key = domain(term.topologyKey, value);
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function existingAntiAffinity(pod: PodInfo, snapshot: Snapshot): Set<string> {
  const counts: Counts = new Map();
  for (const node of snapshot.withAntiAffinity) {
    for (const other of node.pods.values()) for (const term of other.requiredAntiAffinity) if (selects(term, pod, snapshot)) bump(counts, term, node, 1);
  }
  return new Set(counts.keys());
}

function countMatches(terms: readonly AffinityTerm[], snapshot: Snapshot): Counts[] {
  const all = terms.map((): Counts => new Map());
  if (terms.length === 0) return all;
  for (const node of snapshot.nodes) {
    for (const other of node.pods.values()) {
      for (const [i, term] of terms.entries()) {
        const counts = all[i];
        if (counts !== undefined && selects(term, other, snapshot)) bump(counts, term, node, 1);
      }
    }
  }
  return all;
}

function preferences(pod: PodInfo, snapshot: Snapshot): Counts {
  const counts: Counts = new Map();
  const own = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
  for (const node of own ? snapshot.nodes : snapshot.withAffinity) {
    for (const other of node.pods.values()) {
      for (const term of pod.preferredAffinity) if (selects(term, other, snapshot)) bump(counts, term, node, term.weight);
      for (const term of pod.preferredAntiAffinity) if (selects(term, other, snapshot)) bump(counts, term, node, -term.weight);
      for (const term of other.preferredAffinity) if (selects(term, pod, snapshot)) bump(counts, term, node, term.weight);
      for (const term of other.preferredAntiAffinity) if (selects(term, pod, snapshot)) bump(counts, term, node, -term.weight);
      // A required term of an existing pod also counts a little (hardPodAffinityWeight, 1).
      for (const term of other.requiredAffinity) if (selects(term, pod, snapshot)) bump(counts, term, node, 1);
    }
  }
  return counts;
}

function at(counts: Counts, term: AffinityTerm, node: NodeInfo): number {
  const value = node.labels[term.topologyKey];
  return value === undefined ? 0 : (counts.get(domain(term.topologyKey, value)) ?? 0);
}

export const interPodAffinity: Plugin<State> = {
  name: 'InterPodAffinity',
  weight: 2,
  wakeOn: ['node-added', 'node-changed', 'pod-added', 'pod-deleted', 'pod-changed', 'namespace-changed'],
  prepare(pod, snapshot) {
    const forbidden = existingAntiAffinity(pod, snapshot);
    const affinity = countMatches(pod.requiredAffinity, snapshot);
    const antiAffinity = countMatches(pod.requiredAntiAffinity, snapshot);
    const preference = preferences(pod, snapshot);
    if (forbidden.size + affinity.length + antiAffinity.length + preference.size === 0) return undefined;
    const firstOfGroup = affinity.every((counts) => counts.size === 0) && pod.requiredAffinity.every((term) => selects(term, pod, snapshot));
    return { forbidden, affinity, antiAffinity, firstOfGroup, preference };
  },
  filter(state, pod, node) {
    const near = pod.requiredAffinity.every((term, i) => node.labels[term.topologyKey] !== undefined && (state.firstOfGroup || at(state.affinity[i] ?? new Map(), term, node) > 0));
    if (!near) return { reason: "node(s) didn't match pod affinity rules", final: true };
    if (pod.requiredAntiAffinity.some((term, i) => at(state.antiAffinity[i] ?? new Map(), term, node) > 0)) return { reason: "node(s) didn't match pod anti-affinity rules", final: false };
    if (state.forbidden.size > 0) {
      for (const [key, value] of Object.entries(node.labels)) {
        if (state.forbidden.has(domain(key, value))) return { reason: "node(s) didn't satisfy existing pods anti-affinity rules", final: false };
      }
    }
    return undefined;
  },
  score(state, _pod, node) {
    if (state.preference.size === 0) return 0;
    let total = 0;
    for (const [key, value] of Object.entries(node.labels)) total += state.preference.get(domain(key, value)) ?? 0;
    return total;
  },
  normalize(scores) {
    let min = Infinity;
    for (const score of scores) if (score < min) min = score;
    for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] ?? 0) - min;
    normalizeToHundred(scores);
  },
};
