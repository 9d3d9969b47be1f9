// The cluster as its users hold it: repeatable by its seed, closed without a trace, seen by each under his own
// rights, and reachable over a real port.
import { expect, test } from 'vitest';
import type { Deployment } from '#api/apps/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { systemClock } from '#base/clock.ts';
import { createClient, loadKubeconfig } from '#client';
import { isForbidden } from '#machinery';
import { httpTransport } from '#wire';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from './start-cluster.ts';

const web: Deployment = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
};

/** Everything that three minutes leave behind, and the timers left when the cluster is closed. */
async function threeMinutes(seed: number): Promise<{ objects: readonly unknown[]; timers: number }> {
  const cluster = await startCluster({ nodes: 3, seed });
  await cluster.client.resource<Deployment>('deployments.apps').in('default').create(web);
  await cluster.advance('3m');
  const kinds = ['pods', 'events', 'nodes', 'replicasets.apps', 'deployments.apps', 'leases.coordination.k8s.io', 'serviceaccounts'];
  const lists = await Promise.all(kinds.map((kind) => cluster.client.resource(kind).list()));
  await cluster[Symbol.asyncDispose]();
  return { objects: lists.flatMap((list) => list.items), timers: cluster.clock?.pendingTimers ?? -1 };
}

test('the same seed gives the same cluster, down to names, uids and revisions; another one another', async () => {
  const [a, b, c] = [await threeMinutes(7), await threeMinutes(7), await threeMinutes(8)];
  expect(a.objects.length).toBeGreaterThan(30);
  expect(a.objects).toEqual(b.objects);
  expect(a.objects).not.toEqual(c.objects);
  expect([a.timers, b.timers, c.timers]).toEqual([0, 0, 0]);
});

test('nobody is more than his rights: in process as over the network', async () => {
  await using cluster = await startCluster({ nodes: 0 });
  const pods = cluster.clientFor('jane').resource<Pod>('pods').in('default');
  await expect(pods.list()).rejects.toSatisfy(isForbidden);
  await cluster.client.resource('rolebindings.rbac.authorization.k8s.io').in('default').create({
    metadata: { name: 'jane', namespace: 'default' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  } as never);
  expect((await pods.list()).items).toEqual([]);
});

test('on a real port: a kubeconfig, a list, and the logs of a pod through the node', async () => {
  await using cluster = await startCluster({ nodes: 1, clock: 'real' });
  const served = await cluster.serve();
  const directory = mkdtempSync(join(tmpdir(), 'skiff-testing-'));
  try {
    writeFileSync(join(directory, 'config'), served.kubeconfig);
    const access = await loadKubeconfig(cluster.world, join(directory, 'config'));
    const client = createClient(cluster.world, httpTransport({ url: access.server, clock: systemClock, ca: access.tls.ca, cert: access.tls.cert, key: access.tls.key }), { userAgent: 'test' });
    const pods = client.resource<Pod>('pods').in('default');
    await pods.create({ metadata: { name: 'one', namespace: 'default' }, spec: { containers: [{ name: 'one', image: 'one:1' }] } });
    await cluster.until(async () => (await pods.get('one')).status?.phase === 'Running', { within: '20s' });
    expect(Buffer.from(await client.raw('GET', '/api/v1/namespaces/default/pods/one/log')).toString()).toBe('started one\n');
    await client.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
