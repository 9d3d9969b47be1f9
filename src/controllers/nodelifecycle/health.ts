// How a node is, seen from here: its status and its lease say that it lives; silence for longer than a grace
// period makes its conditions Unknown. Times that nodes write are never compared with our clock: what counts is
// when *we* saw them change, so that skewed clocks do not make healthy nodes look dead.
import type { Lease } from '#api/coordination/v1.ts';
import type { Node, NodeCondition } from '#api/core/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';

export interface Health {
  /** When the node last gave a sign of life, by our clock. */
  readonly probeMs: number;
  readonly ready: NodeCondition | undefined;
  readonly leaseRenewed: string | undefined;
}

export interface GracePeriods {
  /** For nodes that have reported before. */
  readonly monitorMs: number;
  /** For nodes that never have. */
  readonly startupMs: number;
}

export interface Probe {
  readonly health: Health;
  /** The Ready condition as the node last wrote it. */
  readonly observed: NodeCondition;
  /** The Ready condition as it is now; undefined for a node in its startup grace. */
  readonly current: NodeCondition | undefined;
  /** Conditions to write, when silence made them Unknown. */
  readonly write: readonly NodeCondition[] | undefined;
}

const silenced = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

function newer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined) return false;
  return b === undefined || parseTime(a) > parseTime(b) || (parseTime(a) === parseTime(b) && a > b);
}

/** Looks at a node. `before` is what the previous look returned. */
export function probe(before: Health | undefined, node: Node, lease: Lease | undefined, grace: GracePeriods, nowMs: number): Probe {
  const ready = nodeCondition(node, 'Ready');
  const created = node.metadata?.creationTimestamp;
  const observed: NodeCondition = ready ?? { type: 'Ready', status: 'Unknown', lastHeartbeatTime: created, lastTransitionTime: created };
  const createdMs = parseTime(created);
  let probeMs: number;
  if (before === undefined) probeMs = ready === undefined && !Number.isNaN(createdMs) ? createdMs : nowMs;
  else if ((before.ready === undefined) !== (ready === undefined) || before.ready?.lastHeartbeatTime !== ready?.lastHeartbeatTime) probeMs = nowMs;
  else probeMs = before.probeMs;
  const renewed = lease?.spec?.renewTime;
  const leaseIsNew = newer(renewed, before?.leaseRenewed);
  if (leaseIsNew) probeMs = nowMs;
  const health: Health = { probeMs, ready, leaseRenewed: leaseIsNew ? renewed : before?.leaseRenewed };
  const graceMs = ready === undefined ? grace.startupMs : grace.monitorMs;
  if (nowMs <= probeMs + graceMs) return { health, observed, current: ready, write: undefined };
  const conditions = silence(node, nowMs);
  const current = conditions.find((condition) => condition.type === 'Ready');
  const changed = current?.status !== ready?.status;
  // What we write ourselves is no sign of life.
  return { health: changed ? { ...health, ready: current } : health, observed, current, write: changed ? conditions : undefined };
}

/** The node's conditions with all that the kubelet vouches for set to Unknown. */
function silence(node: Node, nowMs: number): NodeCondition[] {
  const now = rfc3339(nowMs);
  const conditions = [...(node.status?.conditions ?? [])];
  for (const type of silenced) {
    const at = conditions.findIndex((condition) => condition.type === type);
    const old = conditions[at];
    if (old === undefined) {
      conditions.push({ type, status: 'Unknown', lastHeartbeatTime: node.metadata?.creationTimestamp, lastTransitionTime: now, reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' });
    } else if (old.status !== 'Unknown') {
      conditions[at] = { ...old, status: 'Unknown', lastTransitionTime: now, reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
    }
  }
  return conditions;
}
