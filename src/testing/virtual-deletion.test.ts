// What goes with what: namespaces with all that is in them, owners with what they own, in every manner of
// propagation; and what a finalizer holds back.
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import type { ConfigMap, Namespace, Pod, Service } from '#api/core/v1.ts';
import { isForbidden, isNotFound } from '#machinery';
import { startCluster, type Cluster } from './start-cluster.ts';

const web = (namespace: string): Deployment => ({
  metadata: { name: 'web', namespace },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
});

async function count(cluster: Cluster, resource: string, namespace: string): Promise<number> {
  return (await cluster.client.resource(resource).in(namespace).list()).items.length;
}

async function isGone(read: Promise<unknown>): Promise<boolean> {
  return read.then(() => false, (error: unknown) => {
    if (isNotFound(error)) return true;
    throw error;
  });
}

async function deploy(cluster: Cluster, namespace: string): Promise<void> {
  await cluster.client.resource<Deployment>('deployments.apps').in(namespace).create(web(namespace));
  await cluster.until(async () => (await cluster.client.resource<Deployment>('deployments.apps').in(namespace).get('web')).status?.availableReplicas === 2, { within: '1m' });
}

test('a namespace goes with everything in it; a finalizer holds it, and the namespace says so', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const namespaces = cluster.client.resource<Namespace>('namespaces');
  await namespaces.create({ metadata: { name: 'shop' } });
  const maps = cluster.client.resource<ConfigMap>('configmaps').in('shop');
  await cluster.until(async () => (await count(cluster, 'serviceaccounts', 'shop')) === 1 && (await count(cluster, 'configmaps', 'shop')) === 1, { within: '10s' });
  await deploy(cluster, 'shop');
  await cluster.client.resource<Service>('services').in('shop').create({ metadata: { name: 'web', namespace: 'shop' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await maps.create({ metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] }, data: { a: 'b' } });

  await namespaces.delete('shop');
  expect((await namespaces.get('shop')).status?.phase).toBe('Terminating');
  await expect(maps.create({ metadata: { name: 'late', namespace: 'shop' } })).rejects.toSatisfy(isForbidden);
  await cluster.advance('2m');
  const { status } = await namespaces.get('shop');
  expect(status?.conditions?.filter((condition) => condition.status === 'True').map(({ type, message }) => [type, message])).toEqual([
    ['NamespaceContentRemaining', 'Some resources are remaining: configmaps. has 1 resource instances'],
    ['NamespaceFinalizersRemaining', 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances'],
  ]);
  expect(await Promise.all(['pods', 'deployments.apps', 'replicasets.apps', 'services', 'serviceaccounts', 'endpointslices.discovery.k8s.io'].map((resource) => count(cluster, resource, 'shop')))).toEqual([0, 0, 0, 0, 0, 0]);

  await maps.patch('held', 'merge', { metadata: { finalizers: null } });
  await cluster.until(() => isGone(namespaces.get('shop')), { within: '2m' });
});

test('owners and what they own: background, foreground, orphan', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const deployments = cluster.client.resource<Deployment>('deployments.apps').in('default');
  const sets = cluster.client.resource<ReplicaSet>('replicasets.apps').in('default');
  const empty = async (): Promise<boolean> => (await count(cluster, 'replicasets.apps', 'default')) === 0 && (await count(cluster, 'pods', 'default')) === 0;

  await deploy(cluster, 'default');
  await deployments.delete('web', { propagationPolicy: 'Background' });
  expect(await isGone(deployments.get('web'))).toBe(true);
  await cluster.until(empty, { within: '2m' });

  await deploy(cluster, 'default');
  await deployments.delete('web', { propagationPolicy: 'Foreground' });
  expect((await deployments.get('web')).metadata?.finalizers).toEqual(['foregroundDeletion']);
  await cluster.until(() => isGone(deployments.get('web')), { within: '2m' });
  expect(await empty()).toBe(true);

  await deploy(cluster, 'default');
  await deployments.delete('web', { propagationPolicy: 'Orphan' });
  await cluster.until(() => isGone(deployments.get('web')), { within: '1m' });
  await cluster.advance('2m');
  const [set] = (await sets.list()).items;
  expect([set?.metadata?.ownerReferences, await count(cluster, 'pods', 'default')]).toEqual([undefined, 2]);
  // A Deployment of the same selector takes them over instead of making new ones.
  const before = (await cluster.client.resource<Pod>('pods').in('default').list()).items.map((pod) => pod.metadata?.uid).sort();
  await deploy(cluster, 'default');
  expect((await cluster.client.resource<Pod>('pods').in('default').list()).items.map((pod) => pod.metadata?.uid).sort()).toEqual(before);
});

test('an object whose owner never existed is collected; one with another owner left is kept', async () => {
  await using cluster = await startCluster({ nodes: 0 });
  const maps = cluster.client.resource<ConfigMap>('configmaps').in('default');
  const owner = await maps.create({ metadata: { name: 'owner', namespace: 'default' } });
  const reference = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
  const gone = reference('gone', '00000000-0000-4000-8000-000000000000');
  await maps.create({ metadata: { name: 'orphan', namespace: 'default', ownerReferences: [gone] } });
  await maps.create({ metadata: { name: 'kept', namespace: 'default', ownerReferences: [gone, reference('owner', owner.metadata?.uid ?? '')] } });
  await cluster.until(() => isGone(maps.get('orphan')), { within: '2m' });
  await cluster.advance('1m');
  expect((await maps.get('kept')).metadata?.ownerReferences?.map(({ name }) => name)).toEqual(['owner']);
});
