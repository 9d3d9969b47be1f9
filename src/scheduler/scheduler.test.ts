// Decisions as a user sees them: which node, which message, which victims. Plugins run together, as in a
// cluster, over small made-up snapshots.
import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '#api/core/v1.ts';
import { seededRandom } from '#base/random.ts';
import { createSchedulerCache } from './cache.ts';
import { enoughNodes, failureMessage, runCycle } from './framework.ts';
import { podInfo, podRequests } from './pod-info.ts';
import { defaultPlugins } from './plugins/index.ts';
import { planPreemption } from './preemption.ts';
import { createSchedulingQueue } from './queue.ts';

const plugins = defaultPlugins({ defaultSelector: () => undefined });

function node(name: string, more: Partial<Node['spec']> & { labels?: Record<string, string>; cpu?: string; pods?: string } = {}): Node {
  const { labels, cpu = '2', pods = '110', ...spec } = more;
  return { metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } }, spec, status: { allocatable: { cpu, memory: '4Gi', pods } } };
}

function pod(name: string, spec: Partial<NonNullable<Pod['spec']>> & { cpu?: string; labels?: Record<string, string> } = {}): Pod {
  const { cpu, labels, ...rest } = spec;
  return { metadata: { name, namespace: 'x', uid: name, labels: labels ?? {} }, spec: { containers: [{ name: 'c', image: 'i', resources: cpu === undefined ? {} : { requests: { cpu } } }], ...rest } };
}

function cluster(nodes: Node[], placed: readonly (readonly [Pod, string])[] = []) {
  const cache = createSchedulerCache(() => ({ team: 'a' }));
  for (const n of nodes) cache.setNode(n);
  for (const [p, on] of placed) cache.setPod(podInfo(p), on);
  const decide = (p: Pod) => runCycle(plugins, podInfo(p), cache.snapshot(), seededRandom(1), 0);
  const why = (p: Pod): string => failureMessage(nodes.length, decide(p).failures);
  return { cache, decide, why };
}

describe('filters', () => {
  test('resources, taints, cordons and names: the message counts the reasons', () => {
    const { why, decide } = cluster([node('a', { cpu: '1' }), node('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] }), node('c', { unschedulable: true })]);
    expect(why(pod('p', { cpu: '1500m' }))).toBe('0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.');
    expect(decide(pod('p', { cpu: '1500m', tolerations: [{ key: 'k', operator: 'Exists' }] })).node).toBe('b');
  });
  test('node selector, affinity operators and host ports', () => {
    const { decide, why } = cluster([node('a', { labels: { disk: 'ssd', gen: '7' } }), node('b')], [[pod('old', { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }] }), 'b']]);
    expect(decide(pod('p', { nodeSelector: { disk: 'ssd' } })).node).toBe('a');
    const gt = (value: string) => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'gen', operator: 'Gt', values: [value] }] }] } } });
    expect(decide(pod('p', { affinity: gt('5') })).node).toBe('a');
    expect(why(pod('p', { affinity: gt('7') }))).toBe("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
    expect(decide(pod('p', { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }] })).node).toBe('a');
  });
  test('too many pods', () => {
    expect(cluster([node('a', { pods: '1' })], [[pod('old'), 'a']]).why(pod('p'))).toBe('0/1 nodes are available: 1 Too many pods.');
  });
  test('anti-affinity of the pod, and of pods that are there, both keep it away', () => {
    const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' }] } };
    const placed = [[pod('w1', { labels: { app: 'web' }, affinity: apart }), 'a']] as const;
    expect(cluster([node('a'), node('b')], placed).decide(pod('w2', { labels: { app: 'web' }, affinity: apart })).node).toBe('b');
    expect(cluster([node('a')], placed).why(pod('w2', { labels: { app: 'web' } }))).toBe("0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.");
  });
  test('affinity follows its peers, and the first of a group may go anywhere', () => {
    const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' }] } };
    expect(cluster([node('a'), node('b')], [[pod('db', { labels: { app: 'db' } }), 'b']]).decide(pod('p', { affinity: near })).node).toBe('b');
    expect(cluster([node('a')]).decide(pod('db', { labels: { app: 'db' }, affinity: near })).node).toBe('a');
    expect(cluster([node('a')]).why(pod('p', { affinity: near }))).toBe("0/1 nodes are available: 1 node(s) didn't match pod affinity rules.");
  });
  test('hard spreading keeps the skew', () => {
    const spread = { labels: { app: 'web' }, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } }] };
    const nodes = [node('a', { labels: { zone: '1' } }), node('b', { labels: { zone: '2' } })];
    expect(cluster(nodes, [[pod('w1', spread), 'a']]).decide(pod('w2', spread)).node).toBe('b');
    expect(cluster([...nodes, node('c')], [[pod('w1', spread), 'a'], [pod('w2', spread), 'b']]).decide(pod('w3', spread)).failures.get('c')?.reason).toContain('missing required label');
  });
});

describe('scores', () => {
  test('the emptier node is taken', () => {
    expect(cluster([node('a'), node('b')], [[pod('big', { cpu: '1' }), 'a']]).decide(pod('p', { cpu: '100m' })).node).toBe('b');
  });
  test('preferred node affinity outweighs a little load', () => {
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } }] } };
    expect(cluster([node('a', { labels: { disk: 'ssd' } }), node('b')], [[pod('some', { cpu: '200m' }), 'a']]).decide(pod('p', { affinity })).node).toBe('a');
  });
});

test('requests: the worst of running and starting, sidecars counted in both', () => {
  const c = (cpu: string) => ({ name: cpu, resources: { requests: { cpu } } });
  const p = pod('p', { containers: [c('1')], initContainers: [{ ...c('500m'), restartPolicy: 'Always' }, c('2')], overhead: { cpu: '100m' } });
  expect(podRequests(p).cpu).toBe(2600);
});

test('preemption takes the fewest, least important pods and leaves the rest', () => {
  const placed = [[pod('low', { cpu: '1', priority: 1 }), 'a'], [pod('mid', { cpu: '1', priority: 5 }), 'a'], [pod('m2', { cpu: '2', priority: 5 }), 'b']] as const;
  const { cache, decide } = cluster([node('a'), node('b')], placed);
  const wanted = pod('vip', { cpu: '1', priority: 10 });
  expect(planPreemption(plugins, podInfo(wanted), cache.snapshot(), decide(wanted), [], 0)).toMatchObject({ node: 'a', victims: [{ key: 'x/low' }] });
  const meek = pod('meek', { cpu: '1', priority: 1 });
  expect(planPreemption(plugins, podInfo(meek), cache.snapshot(), decide(meek), [], 0)).toBeUndefined();
});

test('an assumed pod takes room at once and gives it back when its binding fails', () => {
  const { cache, decide } = cluster([node('a', { cpu: '1' })]);
  cache.assume(podInfo(pod('p1', { cpu: '1' })), 'a');
  expect(decide(pod('p2', { cpu: '1' })).node).toBeUndefined();
  cache.forget('x/p1');
  expect(decide(pod('p2', { cpu: '1' })).node).toBe('a');
});

test('sampling: all of few nodes, a falling share of many', () => {
  expect([50, 100, 1000, 5000, 20_000].map((n) => enoughNodes(n))).toEqual([50, 100, 420, 500, 1000]);
});

test('the queue: priority first, then age; a refused pod waits for its event and its back-off', () => {
  let now = 0;
  const due: { at: number; run: () => void }[] = [];
  const clock = { now: () => now, monotonic: () => now, after: (ms: number, run: () => void) => { const entry = { at: now + ms, run }; due.push(entry); return { cancel: () => void due.splice(due.indexOf(entry), 1) }; } };
  const queue = createSchedulingQueue(clock);
  queue.add(podInfo(pod('old', { priority: 1 })));
  now = 10;
  queue.add(podInfo(pod('vip', { priority: 9 })));
  queue.add(podInfo(pod('gated', { schedulingGates: [{ name: 'g' }] })));
  const first = queue.pop();
  expect(first?.info.key).toBe('x/vip');
  if (first === undefined) throw new Error('empty');
  queue.refused(first, new Set(['node-added']));
  queue.wake('pod-deleted');
  expect(queue.counts).toMatchObject({ unschedulable: 1, active: 1, gated: 1 });
  queue.wake('node-added');
  expect(queue.counts).toMatchObject({ unschedulable: 0, backoff: 1 });
  now = 1010;
  for (const entry of [...due]) if (entry.at <= now) entry.run();
  expect(queue.pop()?.info.key).toBe('x/vip');
  expect(queue.pop()?.info.key).toBe('x/old');
});
