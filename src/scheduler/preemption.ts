// Preemption: which lower-priority pods, on which node, would have to go so that this pod fits? Pure; the
// scheduler does the deleting. Budgets are respected where possible, and the node is chosen as upstream chooses:
// fewest broken budgets, lowest highest victim, smallest sum of priorities, fewest victims, youngest victims.
import { compareText } from '#base/order.ts';
import type { PodDisruptionBudget } from '#api/policy/v1.ts';
import { selectorFromObject } from '#machinery';
import { filterNode, prepareAll, type CycleResult, type Plugin, type Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export interface PreemptionPlan {
  readonly node: string;
  readonly victims: readonly PodInfo[];
}

interface Candidate extends PreemptionPlan {
  readonly brokenBudgets: number;
}

/** How many nodes are tried: a tenth, at least 100. */
function candidateLimit(total: number): number {
  return Math.max(100, Math.floor(total / 10));
}

function replaced(nodes: Iterable<NodeInfo>, node: NodeInfo, count: number): NodeInfo[] {
  const others = [...nodes].filter((n) => n.name !== node.name);
  return count > 0 ? [...others, node] : others;
}

function replaceNode(snapshot: Snapshot, node: NodeInfo): Snapshot {
  return {
    nodes: snapshot.nodes.map((n) => (n.name === node.name ? node : n)),
    byName: new Map([...snapshot.byName, [node.name, node]]),
    withAffinity: replaced(snapshot.withAffinity, node, node.withAffinity),
    withAntiAffinity: replaced(snapshot.withAntiAffinity, node, node.withAntiAffinity),
    imageCount: (name) => snapshot.imageCount(name),
    namespaceLabels: (name) => snapshot.namespaceLabels(name),
  };
}

/** Pods whose eviction would overdraw a budget, in the order in which they would go. */
function breakers(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): Set<string> {
  const left = budgets.map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0, selector: selectorFromObject(budget.spec?.selector) }));
  const broken = new Set<string>();
  for (const pod of pods) {
    if (Object.keys(pod.labels).length === 0) continue;
    for (const entry of left) {
      if (entry.budget.metadata?.namespace !== pod.namespace || entry.selector.empty || !entry.selector.matches(pod.labels)) continue;
      if (entry.budget.status?.disruptedPods?.[pod.pod.metadata?.name ?? ''] !== undefined) continue;
      if (--entry.allowed < 0) broken.add(pod.key);
    }
  }
  return broken;
}

function important(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || compareText(a.pod.status?.startTime ?? '', b.pod.status?.startTime ?? '');
}

function tryNode(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot, node: NodeInfo, budgets: readonly PodDisruptionBudget[]): Candidate | undefined {
  const trial = (node as NodeInfo & { clone(): NodeInfo & { addPod(p: PodInfo): void; removePod(key: string): void } }).clone();
  const lower = [...node.pods.values()].filter((p) => p.priority < pod.priority).sort(important);
  if (lower.length === 0) return undefined;
  for (const victim of lower) trial.removePod(victim.key);
  const fits = (): boolean => filterNode(prepareAll(plugins, pod, replaceNode(snapshot, trial)), pod, trial) === undefined;
  if (!fits()) return undefined;
  const broken = breakers(lower, budgets);
  const victims: PodInfo[] = [];
  // Give back as many as possible, those under a budget first, the most important first.
  for (const candidate of [...lower.filter((p) => broken.has(p.key)), ...lower.filter((p) => !broken.has(p.key))]) {
    trial.addPod(candidate);
    if (fits()) continue;
    trial.removePod(candidate.key);
    victims.push(candidate);
  }
  return { node: node.name, victims: victims.sort(important), brokenBudgets: victims.filter((v) => broken.has(v.key)).length };
}

function better(a: Candidate, b: Candidate): number {
  const highest = (c: Candidate): number => c.victims[0]?.priority ?? -Infinity;
  const sum = (c: Candidate): number => c.victims.reduce((total, v) => total + v.priority + 2 ** 31, 0);
  const youngest = (c: Candidate): string => c.victims.filter((v) => v.priority === highest(c)).map((v) => v.pod.status?.startTime ?? '').sort()[0] ?? '';
  return a.brokenBudgets - b.brokenBudgets || highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || compareText(youngest(b), youngest(a));
}

/** May this pod take room from others now? Not while its earlier victims are still leaving its nominated node. */
export function mayPreempt(pod: PodInfo, snapshot: Snapshot): boolean {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return false;
  const nominated = snapshot.byName.get(pod.pod.status?.nominatedNodeName ?? '');
  if (nominated === undefined) return true;
  return ![...nominated.pods.values()].some((p) => p.priority < pod.priority && p.pod.metadata?.deletionTimestamp !== undefined);
}

/** The best plan, or undefined when no eviction helps. `startAt` spreads the search. */
export function planPreemption(plugins: readonly Plugin[], pod: PodInfo, snapshot: Snapshot, cycle: CycleResult, budgets: readonly PodDisruptionBudget[], startAt: number): PreemptionPlan | undefined {
  const hopeful = snapshot.nodes.filter((node) => cycle.failures.get(node.name)?.final === false);
  let best: Candidate | undefined;
  const limit = Math.min(hopeful.length, candidateLimit(snapshot.nodes.length));
  for (let i = 0; i < limit; i++) {
    const node = hopeful[(startAt + i) % hopeful.length];
    const found = node === undefined ? undefined : tryNode(plugins, pod, snapshot, node, budgets);
    if (found !== undefined && (best === undefined || better(found, best) < 0)) best = found;
  }
  return best;
}
