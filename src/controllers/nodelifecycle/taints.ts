// Taints that follow from a node's conditions: NoSchedule for every trouble and for cordoned nodes at once,
// NoExecute for nodes that are not ready or out of reach, one or the other.
import type { Node, Taint } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { sameValue } from '../same-value.ts';

export const notReadyKey = 'node.kubernetes.io/not-ready';
export const unreachableKey = 'node.kubernetes.io/unreachable';
const unschedulableKey = 'node.kubernetes.io/unschedulable';

const byCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyKey, Unknown: unreachableKey },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const managed: ReadonlySet<string> = new Set([...Object.values(byCondition).flatMap((keys) => Object.values(keys)), unschedulableKey]);

/** The node's taints with the right NoSchedule ones; undefined when they are right already. */
export function noScheduleTaints(node: Node, nowMs: number): Taint[] | undefined {
  const wanted = new Set<string>();
  for (const condition of node.status?.conditions ?? []) {
    const key = byCondition[condition.type]?.[condition.status];
    if (key !== undefined) wanted.add(key);
  }
  if (node.spec?.unschedulable === true) wanted.add(unschedulableKey);
  const before = node.spec?.taints ?? [];
  const kept = before.filter((taint) => taint.effect !== 'NoSchedule' || !managed.has(taint.key) || wanted.has(taint.key));
  const has = new Set(kept.filter((taint) => taint.effect === 'NoSchedule').map((taint) => taint.key));
  const added = [...wanted].filter((key) => !has.has(key)).map((key) => ({ key, effect: 'NoSchedule', timeAdded: rfc3339(nowMs) }));
  const after = [...kept, ...added];
  return sameValue(before, after) ? undefined : after;
}

export function hasNoExecute(node: Node, key: string): boolean {
  return (node.spec?.taints ?? []).some((taint) => taint.key === key && taint.effect === 'NoExecute');
}

/** Adds the NoExecute taint `key` (none when undefined) in the place of the other; undefined when nothing changes. */
export function withNoExecute(node: Node, key: typeof notReadyKey | typeof unreachableKey | undefined, nowMs: number): Taint[] | undefined {
  const before = node.spec?.taints ?? [];
  const kept = before.filter((taint) => taint.effect !== 'NoExecute' || (taint.key !== notReadyKey && taint.key !== unreachableKey) || taint.key === key);
  const after = key === undefined || hasNoExecute(node, key) ? kept : [...kept, { key, effect: 'NoExecute', timeAdded: rfc3339(nowMs) }];
  return sameValue(before, after) ? undefined : after;
}

/** The old labels for system and architecture follow the present ones; undefined when they do. */
export function legacyLabels(node: Node): Record<string, string> | undefined {
  const labels = node.metadata?.labels ?? {};
  const wrong: Record<string, string> = {};
  for (const part of ['os', 'arch']) {
    const value = labels[`kubernetes.io/${part}`];
    if (value !== undefined && labels[`beta.kubernetes.io/${part}`] !== value) wrong[`beta.kubernetes.io/${part}`] = value;
  }
  return Object.keys(wrong).length === 0 ? undefined : wrong;
}
