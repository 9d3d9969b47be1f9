// How fast nodes may be given up, by zone. An unreachable node is perhaps only partitioned from us, and when
// many are, the fault is more likely ours: a zone mostly unhealthy slows down or stops, and when every zone is
// wholly silent nothing is evicted at all and the taints are taken back (Borg's rule; upstream's handleDisruption).
import type { Node, NodeCondition } from '#api/core/v1.ts';

export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface ZoneConfig {
  readonly nodeEvictionRate: number;
  readonly secondaryNodeEvictionRate: number;
  readonly unhealthyZoneThreshold: number;
  readonly largeClusterSizeThreshold: number;
}

export interface ZoneDecision {
  readonly states: ReadonlyMap<string, ZoneState>;
  /** New rates, nodes per second, for zones whose state changed. */
  readonly rates: ReadonlyMap<string, number>;
  /** Everything has just gone silent: take the taints back. */
  readonly enteredFullDisruption: boolean;
  /** Something answers again: all nodes get a fresh grace period. */
  readonly leftFullDisruption: boolean;
}

const excludeLabel = 'node.kubernetes.io/exclude-disruption';

/** The key of a node's zone; '' when it has none. */
export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  const zone = labels['failure-domain.beta.kubernetes.io/zone'] ?? labels['topology.kubernetes.io/zone'] ?? '';
  const region = labels['failure-domain.beta.kubernetes.io/region'] ?? labels['topology.kubernetes.io/region'] ?? '';
  return zone === '' && region === '' ? '' : `${region}:\u0000:${zone}`;
}

export function countsForDisruption(node: Node): boolean {
  return node.metadata?.labels?.[excludeLabel] === undefined;
}

/** The state that the Ready conditions of a zone's nodes make. */
export function stateOf(conditions: readonly (NodeCondition | undefined)[], config: ZoneConfig): ZoneState {
  const ready = conditions.filter((condition) => condition?.status === 'True').length;
  const notReady = conditions.length - ready;
  if (ready === 0 && notReady > 0) return 'FullDisruption';
  return notReady > 2 && notReady / conditions.length >= config.unhealthyZoneThreshold ? 'PartialDisruption' : 'Normal';
}

function rateOf(state: ZoneState, size: number, config: ZoneConfig): number {
  if (state !== 'PartialDisruption') return config.nodeEvictionRate;
  return size > config.largeClusterSizeThreshold ? config.secondaryNodeEvictionRate : 0;
}

/** What follows from the present conditions after `before`. */
export function decideZones(before: ReadonlyMap<string, ZoneState>, zones: ReadonlyMap<string, readonly (NodeCondition | undefined)[]>, config: ZoneConfig): ZoneDecision {
  const states = new Map<string, ZoneState>();
  for (const [zone, conditions] of zones) states.set(zone, stateOf(conditions, config));
  const allAre = [...states.values()].every((state) => state === 'FullDisruption');
  const known = [...zones.keys()].map((zone) => before.get(zone) ?? 'Initial');
  const allWere = known.every((state) => state === 'FullDisruption');
  const rates = new Map<string, number>();
  const quiet = { states, rates, enteredFullDisruption: false, leftFullDisruption: false };
  if (zones.size === 0 || (allAre && allWere)) return quiet;
  if (allAre) {
    for (const zone of states.keys()) rates.set(zone, 0);
    return { ...quiet, enteredFullDisruption: true };
  }
  for (const [zone, state] of states) {
    if (allWere || before.get(zone) !== state) rates.set(zone, rateOf(state, zones.get(zone)?.length ?? 0, config));
  }
  return { ...quiet, leftFullDisruption: allWere };
}
