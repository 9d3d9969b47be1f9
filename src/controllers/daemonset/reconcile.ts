// Which daemon pods are missing, which are too many, and what the status says. Pure; rolling updates are in
// rolling.ts. Upstream: pkg/controller/daemon.
import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '#api/apps/v1.ts';
import type { Node, Pod, PodTemplateSpec } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { scaledValue } from '../int-or-percent.ts';
import { isAvailable, isFinished, isReady } from '../pod-state.ts';
import { inOrder, revisionLabel } from '../revision-history.ts';
import { daemonTolerations, fitOf, pinnedTo, targetNode } from './node-fit.ts';

/** At most this many pods are created, and as many deleted, in one go. */
export const burstReplicas = 250;

const generationAnnotation = 'deprecated.daemonset.template.generation';
const generationLabel = 'pod-template-generation';

export interface Observed {
  readonly daemonSet: DaemonSet;
  readonly nodes: readonly Node[];
  /** Its own pods. */
  readonly pods: readonly Pod[];
  /** Of the current template. */
  readonly hash: string;
}

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Actions {
  /** Names of nodes that need a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly told: readonly Told[];
  /** Failed pods that are to be kept a while longer. */
  readonly retryMs: number | undefined;
}

/** How long a node's failed pods are still to be left alone; 0 notes another failure. */
export type FailureDelay = (node: string) => number;

/** Pods by the node they run on or are meant for; without those that are finished and only wait to be removed. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const result = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (isFinished(pod) && pod.metadata?.deletionTimestamp !== undefined) continue;
    const node = targetNode(pod.spec);
    if (node === undefined) continue;
    const found = result.get(node);
    if (found === undefined) result.set(node, [pod]);
    else found.push(pod);
  }
  return result;
}

/** What to do so that every fitting node has its pod and no other has one. */
export function manage(observed: Observed, delayOf: FailureDelay, nowMs: number): Actions {
  const byNode = podsByNode(observed.pods);
  const create: string[] = [];
  const remove: Pod[] = [];
  const told: Told[] = [];
  let retryMs: number | undefined;
  for (const node of observed.nodes) {
    const name = node.metadata?.name ?? '';
    const { run, stay } = fitOf(observed.daemonSet, node);
    const here = byNode.get(name);
    if (run && here === undefined) create.push(name);
    else if (stay && here !== undefined) {
      const kept = weedOut(here, name, delayOf);
      remove.push(...kept.remove);
      told.push(...kept.told);
      if (kept.retryMs !== undefined) retryMs = Math.min(retryMs ?? kept.retryMs, kept.retryMs);
      if (!surges(observed.daemonSet)) remove.push(...oldestFirst(kept.alive).slice(1));
      else if (kept.alive.length === 0 && run) create.push(name);
      else remove.push(...surplusOfSurge(observed, kept.alive, nowMs));
    } else if (!stay && here !== undefined) remove.push(...here.filter((pod) => pod.metadata?.deletionTimestamp === undefined));
  }
  // A pod that waits for a node that is gone would wait for ever; nobody else removes it.
  const known = new Set(observed.nodes.map((node) => node.metadata?.name));
  for (const [name, pods] of byNode) if (!known.has(name)) remove.push(...pods.filter((pod) => (pod.spec?.nodeName ?? '') === ''));
  return { create, remove, told, retryMs };
}

interface Weeded {
  readonly alive: readonly Pod[];
  readonly remove: readonly Pod[];
  readonly told: readonly Told[];
  readonly retryMs: number | undefined;
}

/** Finished pods go, failed ones not faster than `delayOf` allows. */
function weedOut(pods: readonly Pod[], node: string, delayOf: FailureDelay): Weeded {
  const alive: Pod[] = [];
  const remove: Pod[] = [];
  const told: Told[] = [];
  let retryMs: number | undefined;
  for (const pod of pods) {
    if (pod.metadata?.deletionTimestamp !== undefined) continue;
    const name = `${pod.metadata?.namespace}/${pod.metadata?.name} on node ${node}`;
    if (pod.status?.phase === 'Failed') {
      const delay = delayOf(node);
      if (delay > 0) {
        retryMs = Math.min(retryMs ?? delay, delay);
        continue;
      }
      told.push({ type: 'Warning', reason: 'FailedDaemonPod', message: `Found failed daemon pod ${name}, will try to kill it` });
      remove.push(pod);
    } else if (pod.status?.phase === 'Succeeded') {
      told.push({ type: 'Normal', reason: 'SucceededDaemonPod', message: `Found succeeded daemon pod ${name}, will try to delete it` });
      remove.push(pod);
    } else alive.push(pod);
  }
  return { alive, remove, told, retryMs };
}

/** While surging, one old and one new pod may share a node until the new one is available or the old one fails. */
function surplusOfSurge({ daemonSet, hash }: Observed, alive: readonly Pod[], nowMs: number): Pod[] {
  if (alive.length <= 1) return [];
  const remove: Pod[] = [];
  let fresh: Pod | undefined;
  let old: Pod | undefined;
  for (const pod of oldestFirst(alive)) {
    const isFresh = pod.metadata?.labels?.[revisionLabel] === hash;
    if (isFresh && fresh === undefined) fresh = pod;
    else if (!isFresh && old === undefined) old = pod;
    else remove.push(pod);
  }
  if (fresh !== undefined && old !== undefined && (!isReady(old) || isAvailable(fresh, daemonSet.spec?.minReadySeconds ?? 0, nowMs))) remove.push(old);
  return remove;
}

/** Bound pods first, then by age. */
export function oldestFirst(pods: readonly Pod[]): Pod[] {
  const unbound = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 1 : 0);
  const created = (pod: Pod): number => parseTime(pod.metadata?.creationTimestamp) || 0;
  return [...pods].sort((a, b) => unbound(a) - unbound(b) || created(a) - created(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
}

/** How many extra pods an update may make on `wanted` nodes. */
export function surgeOf(daemonSet: DaemonSet, wanted: number): number {
  const strategy = daemonSet.spec?.updateStrategy;
  return strategy?.type === 'RollingUpdate' ? scaledValue(strategy.rollingUpdate?.maxSurge, wanted, 'up') : 0;
}

export function surges(daemonSet: DaemonSet): boolean {
  return surgeOf(daemonSet, 1) > 0;
}

function generationOf(daemonSet: DaemonSet): string | undefined {
  const text = daemonSet.metadata?.annotations?.[generationAnnotation];
  return text !== undefined && /^-?[0-9]+$/.test(text) ? String(Number(text)) : undefined;
}

/** True when the pod is of the current template. */
export function isUpdated(pod: Pod, daemonSet: DaemonSet, hash: string): boolean {
  const labels = pod.metadata?.labels;
  const generation = generationOf(daemonSet);
  return (hash !== '' && labels?.[revisionLabel] === hash) || (generation !== undefined && labels?.[generationLabel] === generation);
}

/** The template of the pod for `node`. */
export function templateFor(daemonSet: DaemonSet, hash: string, node: string): PodTemplateSpec {
  const template = daemonSet.spec?.template;
  const generation = generationOf(daemonSet);
  return {
    ...template,
    metadata: { ...template?.metadata, labels: { ...template?.metadata?.labels, ...(generation === undefined ? {} : { [generationLabel]: generation }), [revisionLabel]: hash } },
    spec: { containers: [], ...template?.spec, tolerations: daemonTolerations(template?.spec), affinity: pinnedTo(template?.spec?.affinity, node) },
  };
}

/** The status after looking at the nodes; `acted` says that this generation has been acted upon. */
export function statusOf({ daemonSet, nodes, pods, hash }: Observed, acted: boolean, nowMs: number): DaemonSetStatus {
  const byNode = podsByNode(pods);
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const [pod] = oldestFirst(byNode.get(node.metadata?.name ?? '') ?? []);
    if (!fitOf(daemonSet, node).run) {
      if (pod !== undefined) count.misscheduled++;
      continue;
    }
    count.desired++;
    if (pod === undefined) continue;
    count.current++;
    if (isReady(pod)) count.ready++;
    if (isAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs)) count.available++;
    if (isUpdated(pod, daemonSet, hash)) count.updated++;
  }
  return {
    ...daemonSet.status,
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    observedGeneration: acted ? daemonSet.metadata?.generation : daemonSet.status?.observedGeneration,
    updatedNumberScheduled: count.updated,
    numberAvailable: count.available,
    numberUnavailable: count.desired - count.available,
  };
}

/** Old revisions beyond the history limit that no pod is of, oldest first. */
export function surplusHistory(daemonSet: DaemonSet, old: readonly ControllerRevision[], pods: readonly Pod[]): readonly ControllerRevision[] {
  const excess = old.length - (daemonSet.spec?.revisionHistoryLimit ?? 10);
  if (excess <= 0) return [];
  const live = new Set(pods.map((pod) => pod.metadata?.labels?.[revisionLabel]));
  return inOrder(old).filter((revision) => !live.has(revision.metadata?.labels?.[revisionLabel])).slice(0, excess);
}
