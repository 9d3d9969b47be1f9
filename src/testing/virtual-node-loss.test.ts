// A node whose agent dies, and one whose network is cut: what the cluster does about it, minute by minute.
import { expect, test } from 'vitest';
import type { Deployment } from '#api/apps/v1.ts';
import type { Lease } from '#api/coordination/v1.ts';
import type { Node, Pod } from '#api/core/v1.ts';
import { startCluster, type Cluster } from './start-cluster.ts';

async function pods(cluster: Cluster): Promise<readonly Pod[]> {
  return (await cluster.client.resource<Pod>('pods').in('default').list()).items;
}

const isReady = (pod: Pod): boolean => pod.metadata?.deletionTimestamp === undefined && pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

async function ready(cluster: Cluster, node: string): Promise<string | undefined> {
  const found = await cluster.client.resource<Node>('nodes').get(node);
  return found.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

async function deploy(cluster: Cluster, replicas: number): Promise<void> {
  const web: Deployment = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
  };
  await cluster.client.resource<Deployment>('deployments.apps').in('default').create(web);
  await cluster.until(async () => (await pods(cluster)).filter(isReady).length === replicas, { within: '1m' });
}

test('a lost node: NotReady after its lease, tainted, its pods evicted after 300 s and running elsewhere; back again it is clean', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await deploy(cluster, 6);
  const lost = cluster.nodes[0]?.spec.name ?? '';
  const before = (await pods(cluster)).filter((pod) => pod.spec?.nodeName === lost).map((pod) => pod.metadata?.name);
  expect(before.length).toBeGreaterThan(0);

  await cluster.stopNode(lost);
  const stoppedAt = cluster.now();
  await cluster.until(async () => (await ready(cluster, lost)) === 'Unknown', { within: '2m' });
  expect(cluster.now() - stoppedAt).toBeGreaterThan(40_000);
  await cluster.until(async () => (await cluster.client.resource<Node>('nodes').get(lost)).spec?.taints?.some(({ key, effect }) => key === 'node.kubernetes.io/unreachable' && effect === 'NoExecute') === true, { within: '1m' });
  // Endpoints go at once, the pods themselves are given five minutes.
  const kept = await pods(cluster);
  expect(kept.filter((pod) => pod.spec?.nodeName === lost && pod.metadata?.deletionTimestamp === undefined).length).toBe(before.length);
  expect(kept.filter((pod) => pod.spec?.nodeName === lost && isReady(pod))).toEqual([]);

  await cluster.until(async () => (await pods(cluster)).filter((pod) => isReady(pod) && pod.spec?.nodeName !== lost).length === 6, { within: '7m' });
  expect(cluster.now() - stoppedAt).toBeGreaterThan(300_000);
  // The dead agent cannot confirm: its pods stay as terminating until it can.
  expect((await pods(cluster)).filter((pod) => pod.spec?.nodeName === lost).every((pod) => pod.metadata?.deletionTimestamp !== undefined)).toBe(true);

  await cluster.startNode(lost);
  await cluster.until(async () => (await ready(cluster, lost)) === 'True' && (await pods(cluster)).every(isReady), { within: '3m' });
  expect((await pods(cluster)).length).toBe(6);
  await cluster.until(async () => ((await cluster.client.resource<Node>('nodes').get(lost)).spec?.taints ?? []).length === 0, { within: '1m' });
});

test('an agent that is away for a minute: no pod is touched and no container restarts', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await deploy(cluster, 4);
  const before = (await pods(cluster)).map((pod) => pod.metadata?.uid).sort();
  const node = cluster.nodes[0]?.spec.name ?? '';
  await cluster.stopNode(node);
  await cluster.advance('90s');
  await cluster.startNode(node);
  await cluster.until(async () => (await ready(cluster, node)) === 'True' && (await pods(cluster)).every(isReady), { within: '2m' });
  await cluster.advance('10m');
  const after = await pods(cluster);
  expect(after.map((pod) => pod.metadata?.uid).sort()).toEqual(before);
  expect(after.flatMap((pod) => pod.status?.containerStatuses?.map(({ restartCount }) => restartCount) ?? [])).toEqual([0, 0, 0, 0]);
});

test('a partition that heals: the node comes back by itself', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await deploy(cluster, 2);
  const node = cluster.node(cluster.nodes[1]?.spec.name ?? '');
  node.partition();
  await cluster.until(async () => (await ready(cluster, node.spec.name)) === 'Unknown', { within: '2m' });
  node.heal();
  await cluster.until(async () => (await ready(cluster, node.spec.name)) === 'True' && (await pods(cluster)).every(isReady), { within: '3m' });
  expect((await pods(cluster)).length).toBe(2);
});

test('a quiet node renews its lease every ten seconds and tells its status every five minutes only', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const beat = async (): Promise<string | undefined> => (await cluster.client.resource<Node>('nodes').get('node-1')).status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;
  const renewed = async (): Promise<string | undefined> => (await cluster.client.resource<Lease>('leases.coordination.k8s.io').in('kube-node-lease').get('node-1')).spec?.renewTime;
  await cluster.advance('15s');
  const before = await beat();
  const lease = await renewed();
  await cluster.advance('4m');
  expect([await beat(), (await renewed()) === lease]).toEqual([before, false]);
  await cluster.advance('2m');
  expect(await beat()).not.toBe(before);
});
