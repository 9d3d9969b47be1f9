// A DaemonSet's rolling update. Without surge, old pods are deleted as far as maxUnavailable allows (those that are
// not available anyway at once) and the next round puts new ones in their place. With surge, new pods come first and
// old ones go when they are available. Pure.
import type { DaemonSet } from '#api/apps/v1.ts';
import type { Node, Pod } from '#api/core/v1.ts';
import { scaledValue } from '../int-or-percent.ts';
import { isAvailable } from '../pod-state.ts';
import { fitOf } from './node-fit.ts';
import { isUpdated, podsByNode, surgeOf, type Observed } from './reconcile.ts';

export interface Steps {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

interface OnNode {
  readonly name: string;
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
  /** There are several of one sort: another round must clear up first. */
  readonly crowded: boolean;
}

/** What the update does next, once the pods are as `manage` wants them. */
export function roll(observed: Observed, nowMs: number): Steps {
  const { daemonSet, nodes } = observed;
  if (daemonSet.spec?.updateStrategy?.type !== 'RollingUpdate') return { create: [], remove: [] };
  const byNode = podsByNode(observed.pods);
  const wanted = nodes.filter((node) => fitOf(daemonSet, node).run);
  for (const node of wanted) if (!byNode.has(node.metadata?.name ?? '')) byNode.set(node.metadata?.name ?? '', []);
  const states = [...byNode].map(([name, pods]) => onNode(daemonSet, observed.hash, name, pods));
  const surge = surgeOf(daemonSet, wanted.length);
  const available = (pod: Pod | undefined): boolean => pod !== undefined && isAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs);
  if (surge > 0) return withSurge(states, { surge, wanted, available });
  const unavailable = scaledValue(daemonSet.spec.updateStrategy.rollingUpdate?.maxUnavailable, wanted.length, 'up');
  // Neither surge nor unavailability would never get done.
  return { create: [], remove: withoutSurge(states, Math.max(unavailable, 1), available) };
}

function onNode(daemonSet: DaemonSet, hash: string, name: string, pods: readonly Pod[]): OnNode {
  const alive = pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  const fresh = alive.filter((pod) => isUpdated(pod, daemonSet, hash));
  const old = alive.filter((pod) => !isUpdated(pod, daemonSet, hash));
  return { name, fresh: fresh[0], old: old[0], crowded: fresh.length > 1 || old.length > 1 };
}

function withoutSurge(states: readonly OnNode[], maxUnavailable: number, available: (pod: Pod | undefined) => boolean): Pod[] {
  let unavailable = 0;
  const replaceNow: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { fresh, old, crowded } of states) {
    if (crowded || (fresh === undefined) === (old === undefined)) unavailable++;
    else if (fresh !== undefined) unavailable += available(fresh) ? 0 : 1;
    else if (old !== undefined && available(old)) candidates.push(old);
    else if (old !== undefined) {
      replaceNow.push(old);
      unavailable++;
    }
  }
  return [...replaceNow, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))];
}

interface Surging {
  readonly surge: number;
  readonly wanted: readonly Node[];
  readonly available: (pod: Pod | undefined) => boolean;
}

function withSurge(states: readonly OnNode[], { surge, wanted, available }: Surging): Steps {
  const fitting = new Set(wanted.map((node) => node.metadata?.name));
  const remove: Pod[] = [];
  const leaving: Pod[] = [];
  const createNow: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  let availableCount = 0;
  for (const { name, fresh, old, crowded } of states) {
    if (crowded) {
      surging++;
      continue;
    }
    if (available(old ?? fresh)) availableCount++;
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (available(fresh)) remove.push(old);
      else surging++;
    } else if (!fitting.has(name)) (available(old) ? leaving : remove).push(old);
    else if (available(old)) candidates.push(name);
    else createNow.push(name);
  }
  // Pods on nodes that do not fit any more go only when enough others are available.
  remove.push(...leaving.slice(0, Math.max(0, availableCount - wanted.length)));
  return { create: [...createNow, ...candidates.slice(0, Math.max(0, surge - surging))], remove };
}
