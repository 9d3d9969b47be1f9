// Nodes: signs of life, taints, zones, and who must go.
import { describe, expect, test } from 'vitest';
import type { Node, NodeCondition, Pod, Toleration } from '#api/core/v1.ts';
import { rfc3339, rfc3339Micro } from '#base/clock.ts';
import { orphanCondition, quarantineMs, reconcile as collectPods } from '../podgc/reconcile.ts';
import { reconcile as evictPod } from '../tainteviction/reconcile.ts';
import { probe, type Health } from './health.ts';
import { createRateLimitedNodes } from './rate-limited-nodes.ts';
import { legacyLabels, noScheduleTaints, notReadyKey, unreachableKey, withNoExecute } from './taints.ts';
import { decideZones, stateOf, zoneOf, type ZoneConfig, type ZoneState } from './zones.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const grace = { monitorMs: 50_000, startupMs: 60_000 };

function node(ready?: 'True' | 'False' | 'Unknown', more: Partial<Node> = {}, heartbeatMs = start): Node {
  const conditions: NodeCondition[] = ready === undefined ? [] : [{ type: 'Ready', status: ready, lastHeartbeatTime: rfc3339(heartbeatMs), lastTransitionTime: rfc3339(start) }];
  return { metadata: { name: 'n1', uid: 'n1', creationTimestamp: rfc3339(start) }, status: { conditions }, ...more };
}

describe('health', () => {
  test('silence for longer than the grace period makes every condition Unknown, once', () => {
    let health: Health | undefined;
    let shown = node('True');
    for (let second = 0; second <= 50; second += 5) {
      const look = probe(health, shown, undefined, grace, start + second * 1000);
      expect(look.write).toBeUndefined();
      health = look.health;
    }
    const look = probe(health, shown, undefined, grace, start + 55_000);
    expect(look).toMatchObject({ observed: { status: 'True' }, current: { status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' } });
    expect(look.write?.map((condition) => condition.type)).toEqual(['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']);
    shown = { ...shown, status: { conditions: [...(look.write ?? [])] } };
    expect(probe(look.health, shown, undefined, grace, start + 60_000)).toMatchObject({ write: undefined, current: { status: 'Unknown' } });
  });

  test('a lease renewed is a sign of life, whatever time it names', () => {
    let health: Health | undefined;
    for (let second = 0; second <= 300; second += 10) {
      // The node's clock is a year behind.
      const renewTime = rfc3339Micro(start - 365 * 86_400_000 + second * 1000);
      const look = probe(health, node('True'), { spec: { renewTime } }, grace, start + second * 1000);
      expect(look.write).toBeUndefined();
      health = look.health;
    }
  });

  test('a node that never reports has its startup grace', () => {
    const first = probe(undefined, node(), undefined, grace, start + 1000);
    expect(first).toMatchObject({ current: undefined, write: undefined });
    const late = probe(first.health, node(), undefined, grace, start + 61_000);
    expect(late.current).toMatchObject({ status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' });
  });

  test('a node that speaks again is well at once', () => {
    const silent = probe({ probeMs: start, ready: node('Unknown').status?.conditions?.[0], leaseRenewed: undefined }, node('True', {}, start + 100_000), undefined, grace, start + 100_000);
    expect(silent).toMatchObject({ write: undefined, current: { status: 'True' } });
  });
});

describe('taints', () => {
  test('follow conditions and cordoning, and leave others alone', () => {
    const own = { key: 'team', effect: 'NoSchedule', value: 'x' };
    const sick: Node = { ...node('Unknown'), spec: { unschedulable: true, taints: [own, { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }] } };
    const taints = noScheduleTaints(sick, start);
    expect(taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual(['team:NoSchedule', 'node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
    expect(noScheduleTaints({ ...sick, spec: { ...sick.spec, taints } }, start)).toBeUndefined();
    expect(noScheduleTaints(node('True'), start)).toBeUndefined();
  });

  test('one NoExecute taint takes the place of the other', () => {
    const tainted = (key: string): Node => ({ ...node('False'), spec: { taints: [{ key, effect: 'NoExecute' }] } });
    expect(withNoExecute(tainted(unreachableKey), notReadyKey, start)).toEqual([{ key: notReadyKey, effect: 'NoExecute', timeAdded: rfc3339(start) }]);
    expect(withNoExecute(tainted(notReadyKey), notReadyKey, start)).toBeUndefined();
    expect(withNoExecute(tainted(notReadyKey), undefined, start)).toEqual([]);
  });

  test('legacy labels', () => {
    expect(legacyLabels({ metadata: { labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/arch': 'amd64' } } })).toEqual({ 'beta.kubernetes.io/os': 'linux' });
  });
});

describe('zones', () => {
  const config: ZoneConfig = { nodeEvictionRate: 0.1, secondaryNodeEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 50 };
  const nodes = (ready: number, silent: number): NodeCondition[] => [...Array.from({ length: ready }, () => ({ type: 'Ready', status: 'True' })), ...Array.from({ length: silent }, () => ({ type: 'Ready', status: 'Unknown' }))];
  test.each<[number, number, ZoneState]>([
    [3, 0, 'Normal'],
    [1, 2, 'Normal'],
    [2, 3, 'PartialDisruption'],
    [0, 1, 'FullDisruption'],
  ])('%i ready and %i silent nodes are %s', (ready, silent, state) => {
    expect(stateOf(nodes(ready, silent), config)).toBe(state);
  });

  test('a small unhealthy zone stops, a large one slows down', () => {
    const zones = new Map([['small', nodes(2, 8)], ['large', nodes(20, 80)], ['fine', nodes(5, 0)]]);
    expect([...decideZones(new Map(), zones, config).rates]).toEqual([['small', 0], ['large', 0.01], ['fine', 0.1]]);
  });

  test('when all is silent nothing is evicted; when something answers all begins anew', () => {
    const before = new Map<string, ZoneState>([['a', 'Normal'], ['b', 'Normal']]);
    const dark = decideZones(before, new Map([['a', nodes(0, 3)], ['b', nodes(0, 2)]]), config);
    expect(dark).toMatchObject({ enteredFullDisruption: true, leftFullDisruption: false });
    expect([...dark.rates.values()]).toEqual([0, 0]);
    expect(decideZones(dark.states, new Map([['a', nodes(0, 3)], ['b', nodes(0, 2)]]), config).rates.size).toBe(0);
    const dawn = decideZones(dark.states, new Map([['a', nodes(1, 2)], ['b', nodes(0, 2)]]), config);
    expect(dawn).toMatchObject({ enteredFullDisruption: false, leftFullDisruption: true });
    expect([...dawn.rates.values()]).toEqual([0.1, 0.1]);
  });

  test('a node\'s zone', () => {
    expect(zoneOf({ metadata: { labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' } } })).toBe('r:\u0000:z');
    expect(zoneOf({})).toBe('');
  });

  test('one at first, then at the rate', () => {
    let now = 0;
    const queue = createRateLimitedNodes({ now: () => now, monotonic: () => now, after: () => ({ cancel() {} }) }, 0.1);
    for (const name of ['a', 'b', 'c']) queue.add(name);
    expect([queue.take(), queue.take()]).toEqual(['a', undefined]);
    now += 10_000;
    expect([queue.take(), queue.take()]).toEqual(['b', undefined]);
    queue.setRate(0);
    now += 100_000;
    expect(queue.take()).toBeUndefined();
  });
});

describe('taint eviction', () => {
  const unreachable = { key: unreachableKey, effect: 'NoExecute' };
  const pod = (...tolerations: Toleration[]): Pod => ({ spec: { containers: [], tolerations } });
  test.each<[string, Pod, unknown]>([
    ['not tolerated: at once', pod(), { evict: true, atMs: 1000 }],
    ['tolerated for 300 s', pod({ key: unreachableKey, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }), { evict: true, atMs: 301_000 }],
    ['tolerated for ever', pod({ operator: 'Exists' }), { evict: false }],
    ['tolerated with another value', pod({ key: unreachableKey, operator: 'Equal', value: 'x' }), { evict: true, atMs: 1000 }],
    ['another effect does not help', pod({ key: unreachableKey, operator: 'Exists', effect: 'NoSchedule' }), { evict: true, atMs: 1000 }],
  ])('%s', (_, one, verdict) => {
    expect(evictPod(one, [unreachable, { key: 'x', effect: 'NoSchedule' }], 1000)).toEqual(verdict);
  });
});

describe('pod collection', () => {
  const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ metadata: { name, uid: name, creationTimestamp: rfc3339(start) }, spec: { nodeName: 'n1', containers: [] }, status: { phase: 'Running' }, ...more });
  const names = (list: readonly { pod: Pod }[]) => list.map((each) => each.pod.metadata?.name);
  const nodes = new Map([['n1', node('True')]]);

  test('too many finished: evicted first, then the oldest', () => {
    const pods = [
      pod('young', { status: { phase: 'Succeeded' }, metadata: { name: 'young', creationTimestamp: rfc3339(start + 5000) } }),
      pod('old', { status: { phase: 'Failed' } }),
      pod('evicted', { status: { phase: 'Failed', reason: 'Evicted' }, metadata: { name: 'evicted', creationTimestamp: rfc3339(start + 9000) } }),
      pod('running'),
    ];
    expect(names(collectPods({ pods, nodes, keepFinished: 1, missingSince: new Map() }, start).remove)).toEqual(['evicted', 'old']);
    expect(collectPods({ pods, nodes, keepFinished: 0, missingSince: new Map() }, start).remove).toEqual([]);
  });

  test('pods of a vanished node after quarantine, deleted ones never scheduled at once', () => {
    const pods = [pod('stray', { spec: { nodeName: 'gone', containers: [] } }), pod('unscheduled', { spec: { containers: [] }, metadata: { name: 'unscheduled', deletionTimestamp: rfc3339(start) } })];
    const first = collectPods({ pods, nodes, keepFinished: 0, missingSince: new Map() }, start);
    expect([names(first.remove), first.orphans.size]).toEqual([['unscheduled'], 0]);
    const later = collectPods({ pods, nodes, keepFinished: 0, missingSince: first.missingSince }, start + quarantineMs);
    expect([...later.orphans.keys()]).toEqual(['gone']);
    const back = collectPods({ pods, nodes: new Map([...nodes, ['gone', node('True')]]), keepFinished: 0, missingSince: later.missingSince }, start + quarantineMs);
    expect([back.orphans.size, back.missingSince.size]).toEqual([0, 0]);
    expect(orphanCondition(start)).toMatchObject({ type: 'DisruptionTarget', reason: 'DeletionByPodGC' });
  });

  test('terminating pods of a node out of service', () => {
    const dead: Node = { ...node('Unknown'), spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } };
    const pods = [pod('dying', { metadata: { name: 'dying', deletionTimestamp: rfc3339(start) } }), pod('living')];
    expect(names(collectPods({ pods, nodes: new Map([['n1', dead]]), keepFinished: 0, missingSince: new Map() }, start).remove)).toEqual(['dying']);
  });
});
