// The scheduling framework: what a plugin may implement and how a cycle runs it. Plugins are pure over the
// snapshot; a cycle filters nodes until enough fit, scores those, and picks the best. Names, weights and
// extension points are upstream's (KEP-624).
import type { Random } from '#base/random.ts';
import { randomInt } from '#base/random.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** All nodes at one moment. Nothing changes under a running cycle: cycles are synchronous. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  readonly byName: ReadonlyMap<string, NodeInfo>;
  /** The nodes with pods that have affinity terms of any kind: usually few. */
  readonly withAffinity: Iterable<NodeInfo>;
  /** The nodes with pods that have required anti-affinity terms. */
  readonly withAntiAffinity: Iterable<NodeInfo>;
  /** On how many nodes the image is. */
  imageCount(name: string): number;
  /** Labels of a namespace, for affinity terms that select namespaces. */
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
}

/** Why a node does not fit. `final`: removing pods from it would not help. */
export interface Failure {
  readonly reason: string;
  readonly final: boolean;
}

/** What one plugin keeps during one cycle. Made by `prepare`; undefined state skips the plugin's filter and score. */
export interface Plugin<State = unknown> {
  readonly name: string;
  readonly weight: number;
  /** Cluster changes that can make a pod fit that this plugin refused. */
  readonly wakeOn: readonly WakeEvent[];
  /** Once per cycle. `undefined`: nothing to do for this pod. */
  prepare(pod: PodInfo, snapshot: Snapshot): State | undefined;
  filter?(state: State, pod: PodInfo, node: NodeInfo): Failure | undefined;
  /** Higher is better, any scale; `normalize` brings it to 0…100. */
  score?(state: State, pod: PodInfo, node: NodeInfo): number;
  normalize?(scores: number[], state: State, nodes: readonly NodeInfo[]): void;
}

export type WakeEvent = 'node-added' | 'node-changed' | 'pod-deleted' | 'pod-added' | 'pod-changed' | 'namespace-changed' | 'pod-gates';

export interface NodeFailure extends Failure {
  readonly plugin: string;
}

export interface CycleResult {
  /** undefined when no node fits. */
  readonly node: string | undefined;
  /** By node; only nodes that were looked at. */
  readonly failures: ReadonlyMap<string, NodeFailure>;
  readonly evaluated: number;
  readonly feasible: number;
}

interface Prepared {
  readonly plugin: Plugin;
  readonly state: unknown;
}

/** How many feasible nodes are enough: all of up to 100, then a falling share, never under 5 % (upstream's rule). */
export function enoughNodes(total: number, percentage = 0): number {
  if (total < 100) return total;
  const share = percentage > 0 ? percentage : Math.max(5, 50 - Math.floor(total / 125));
  return Math.max(100, Math.floor((total * share) / 100));
}

/** Lets every plugin look at the pod once. */
export function prepareAll(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot): Prepared[] {
  const prepared: Prepared[] = [];
  for (const plugin of plugins) {
    const state = plugin.prepare(pod, snapshot);
    if (state !== undefined) prepared.push({ plugin, state });
  }
  return prepared;
}

/** The first plugin's objection to a node. */
export function filterNode(prepared: readonly Prepared[], pod: PodInfo, node: NodeInfo): NodeFailure | undefined {
  for (const { plugin, state } of prepared) {
    const failure = plugin.filter?.(state, pod, node);
    if (failure !== undefined) return { ...failure, plugin: plugin.name };
  }
  return undefined;
}

/** Scales scores to 0…100, the highest becoming 100. */
export function normalizeToHundred(scores: number[], reverse = false): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((100 * (scores[i] ?? 0)) / max);
    scores[i] = reverse ? 100 - scaled : scaled;
  }
}

function totalScores(prepared: readonly Prepared[], pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
  const totals = Array.from({ length: nodes.length }, () => 0);
  for (const { plugin, state } of prepared) {
    if (plugin.score === undefined || plugin.weight === 0) continue;
    const scores = nodes.map((node) => plugin.score?.(state, pod, node) ?? 0);
    plugin.normalize?.(scores, state, nodes);
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + plugin.weight * (scores[i] ?? 0);
  }
  return totals;
}

/**
 * One scheduling cycle. `startAt` is where the last cycle stopped looking, so that all nodes get their turn; equal scores
 * are drawn among by `random`.
 */
export function runCycle(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot, random: Random, startAt: number, percentage = 0): CycleResult {
  const prepared = prepareAll(plugins, pod, snapshot);
  const failures = new Map<string, NodeFailure>();
  const fitting: NodeInfo[] = [];
  const nominated = pod.pod.status?.nominatedNodeName ?? '';
  const preferred = nominated === '' ? undefined : snapshot.byName.get(nominated);
  const total = snapshot.nodes.length;
  let evaluated = 0;
  if (preferred !== undefined && filterNode(prepared, pod, preferred) === undefined) {
    // Room was made there for this pod.
    return { node: preferred.name, failures, evaluated: 1, feasible: 1 };
  }
  const enough = enoughNodes(total, percentage);
  for (let i = 0; i < total && fitting.length < enough; i++) {
    const node = snapshot.nodes[(startAt + i) % total];
    if (node === undefined) continue;
    evaluated++;
    const failure = filterNode(prepared, pod, node);
    if (failure === undefined) fitting.push(node);
    else failures.set(node.name, failure);
  }
  if (fitting.length <= 1) return { node: fitting[0]?.name, failures, evaluated, feasible: fitting.length };
  const totals = totalScores(prepared, pod, fitting);
  let best = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i++) {
    const difference = (totals[i] ?? 0) - (totals[best] ?? 0);
    if (difference > 0) {
      best = i;
      ties = 1;
    } else if (difference === 0 && randomInt(random, ++ties) === 0) best = i;
  }
  return { node: fitting[best]?.name, failures, evaluated, feasible: fitting.length };
}

/** "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s)." as upstream's event says it. */
export function failureMessage(total: number, failures: ReadonlyMap<string, NodeFailure>): string {
  const head = `0/${total} nodes are available`;
  const counts = new Map<string, number>();
  for (const { reason } of failures.values()) for (const one of reason.split('\n')) counts.set(one, (counts.get(one) ?? 0) + 1);
  if (counts.size === 0) return `${head}.`;
  return `${head}: ${[...counts].map(([reason, count]) => `${count} ${reason}`).sort().join(', ')}.`;
}
