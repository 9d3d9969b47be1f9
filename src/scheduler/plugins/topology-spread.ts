// PodTopologySpread: keeps the number of matching pods per domain within maxSkew (hard constraints) or as even as can be
// (soft ones). Pods without constraints of their own get upstream's defaults: soft over zone and hostname, by
// the labels of their controller's selector — given through `defaultSelector`.
import type { LabelMatcher } from '#machinery';
import { type Plugin, type Snapshot } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { matchesRequiredAffinity, untolerated } from '../node-match.ts';
import type { PodInfo, SpreadConstraint } from '../pod-info.ts';

interface Counted {
  readonly constraint: SpreadConstraint;
  /** Matching pods by domain value. */
  readonly counts: ReadonlyMap<string, number>;
  readonly min: number;
  /** The pod itself matches: it counts where it goes. */
  readonly self: number;
}

interface State {
  readonly hard: readonly Counted[];
  readonly soft: readonly Counted[];
}

function eligible(constraint: SpreadConstraint, pod: PodInfo, node: NodeInfo): boolean {
  if (node.node === undefined || node.labels[constraint.topologyKey] === undefined) return false;
  if (constraint.honourAffinity && !matchesRequiredAffinity(pod, node)) return false;
  return !constraint.honourTaints || untolerated(node.taints, pod.tolerations, ['NoSchedule', 'NoExecute']) === undefined;
}

function count(constraint: SpreadConstraint, pod: PodInfo, snapshot: Snapshot): Counted {
  const counts = new Map<string, number>();
  for (const node of snapshot.nodes) {
    if (!eligible(constraint, pod, node)) continue;
    const value = node.labels[constraint.topologyKey] ?? '';
    let matching = 0;
    for (const other of node.pods.values()) {
      if (other.namespace === pod.namespace && other.pod.metadata?.deletionTimestamp === undefined && constraint.selector.matches(other.labels)) matching++;
    }
    counts.set(value, (counts.get(value) ?? 0) + matching);
  }
  let min = Infinity;
  for (const n of counts.values()) if (n < min) min = n;
  // Fewer domains than asked for: the missing ones count as empty.
  if (counts.size === 0 || (constraint.hard && counts.size < constraint.minDomains)) min = 0;
  return { constraint, counts, min, self: constraint.selector.matches(pod.labels) ? 1 : 0 };
}

const unset: Omit<SpreadConstraint, 'maxSkew' | 'topologyKey' | 'selector'> = { hard: false, minDomains: 1, honourAffinity: true, honourTaints: false };

function defaults(selector: LabelMatcher): SpreadConstraint[] {
  return [
    { ...unset, topologyKey: 'topology.kubernetes.io/zone', maxSkew: 3, selector },
    { ...unset, topologyKey: 'kubernetes.io/hostname', maxSkew: 5, selector },
  ];
}

/** @param defaultSelector what selects the pod's siblings (its Service's, ReplicaSet's or StatefulSet's selector). */
export function topologySpread(defaultSelector: (pod: PodInfo) => LabelMatcher | undefined): Plugin<State> {
  return {
    name: 'PodTopologySpread',
    weight: 2,
    wakeOn: ['node-added', 'node-changed', 'pod-added', 'pod-deleted', 'pod-changed'],
    prepare(pod, snapshot) {
      let constraints = pod.spread;
      if (constraints.length === 0) {
        const selector = snapshot.nodes.length < 2 ? undefined : defaultSelector(pod);
        if (selector === undefined) return undefined;
        constraints = defaults(selector);
      }
      const counted = constraints.map((c) => count(c, pod, snapshot));
      return { hard: counted.filter((c) => c.constraint.hard), soft: counted.filter((c) => !c.constraint.hard && c.counts.size > 0) };
    },
    filter(state, _pod, node) {
      for (const { constraint, counts, min, self } of state.hard) {
        const value = node.labels[constraint.topologyKey];
        if (value === undefined) return { reason: "node(s) didn't match pod topology spread constraints (missing required label)", final: true };
        if ((counts.get(value) ?? 0) + self - min > constraint.maxSkew) return { reason: "node(s) didn't match pod topology spread constraints", final: false };
      }
      return undefined;
    },
    score(state, _pod, node) {
      let total = 0;
      for (const { constraint, counts } of state.soft) {
        const value = node.labels[constraint.topologyKey];
        // Many domains weigh less each (log), so that zones are not drowned by hostnames.
        if (value !== undefined) total += (counts.get(value) ?? 0) * Math.log(counts.size + 2) + (constraint.maxSkew - 1);
      }
      return Math.round(total * 1000);
    },
    normalize(scores) {
      let min = Infinity;
      let max = 0;
      for (const score of scores) {
        if (score < min) min = score;
        if (score > max) max = score;
      }
      for (let i = 0; i < scores.length; i++) scores[i] = max === 0 ? 100 : Math.floor((100 * (max + min - (scores[i] ?? 0))) / max);
    },
  };
}
