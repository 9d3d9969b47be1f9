// Custom resources in a whole cluster: the controllers find them while they run. Owners take them along, namespaces
// too, quotas count them, and a definition goes with its objects.
import { expect, test } from 'vitest';
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { ConfigMap, Namespace, ResourceQuota } from '#api/core/v1.ts';
import type { ApiObject, ResourceClient } from '#client';
import { isNotFound } from '#machinery';
import { startCluster, type Cluster } from './start-cluster.ts';

const definition: CustomResourceDefinition = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }],
  },
};

const widget: ResourceInfo = {
  group: 'example.com', version: 'v1', kind: 'Widget', type: undefined, plural: 'widgets', singular: 'widget', namespaced: true, shortNames: [], categories: [],
  verbs: ['create', 'delete', 'get', 'list', 'watch'], subresources: [],
};

interface Widget extends ApiObject {
  spec?: { size?: number };
}

async function establish(cluster: Cluster): Promise<void> {
  const all = cluster.client.resource<CustomResourceDefinition>('customresourcedefinitions.apiextensions.k8s.io');
  await all.create(definition);
  await cluster.until(async () => (await all.get('widgets.example.com')).status?.conditions?.find(({ type }) => type === 'Established')?.status === 'True', { within: '10s' });
}

const widgets = (cluster: Cluster, namespace: string): ResourceClient<Widget> => cluster.client.forInfo<Widget>(widget).in(namespace);

async function names(client: ResourceClient<Widget>): Promise<(string | undefined)[]> {
  return (await client.list()).items.map(({ metadata }) => metadata?.name);
}

test('custom objects go with their owners and own others themselves', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  await establish(cluster);
  const own = widgets(cluster, 'default');
  const maps = cluster.client.resource<ConfigMap>('configmaps').in('default');
  const parent = await own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'parent' }, spec: { size: 1 } });
  const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'parent', uid: parent.metadata?.uid ?? '' }];
  await own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'child', ownerReferences } });
  await own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'other' } });
  await maps.create({ metadata: { name: 'owned', ownerReferences } });
  await cluster.advance('1m');
  expect(await names(own)).toEqual(['child', 'other', 'parent']);
  await own.delete('parent', { propagationPolicy: 'Background' });
  await cluster.until(async () => (await names(own)).join() === 'other', { within: '1m' });
  await cluster.until(() => maps.get('owned').then(() => false, isNotFound), { within: '1m' });
});

test('a namespace takes its custom objects along', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const namespaces = cluster.client.resource<Namespace>('namespaces');
  await establish(cluster);
  await namespaces.create({ metadata: { name: 'shop' } });
  await widgets(cluster, 'shop').create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } });
  await widgets(cluster, 'default').create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'b' } });
  await namespaces.delete('shop');
  await cluster.until(() => namespaces.get('shop').then(() => false, isNotFound), { within: '2m' });
  expect(await names(widgets(cluster, ''))).toEqual(['b']);
});

test('quotas count custom objects and give back what is freed', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  await establish(cluster);
  const own = widgets(cluster, 'default');
  const quotas = cluster.client.resource<ResourceQuota>('resourcequotas').in('default');
  const name = 'count/widgets.example.com';
  const isUsed = (count: string) => async (): Promise<boolean> => (await quotas.get('q')).status?.used?.[name] === count;
  await own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'before' } });
  await quotas.create({ metadata: { name: 'q' }, spec: { hard: { [name]: '2' } } });
  await cluster.until(isUsed('1'), { within: '10s' });
  await own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } });
  await cluster.until(isUsed('2'), { within: '10s' });
  await expect(own.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'b' } })).rejects.toThrow(
    'widgets.example.com "b" is forbidden: exceeded quota: q, requested: count/widgets.example.com=1, used: count/widgets.example.com=2, limited: count/widgets.example.com=2',
  );
  await own.delete('a');
  await cluster.until(isUsed('1'), { within: '10s' });
});

test('a definition goes with its objects, and may come back', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const all = cluster.client.resource<CustomResourceDefinition>('customresourcedefinitions.apiextensions.k8s.io');
  await establish(cluster);
  await widgets(cluster, 'default').create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } });
  await all.delete('widgets.example.com');
  await cluster.until(() => all.get('widgets.example.com').then(() => false, isNotFound), { within: '1m' });
  await expect(widgets(cluster, 'default').list()).rejects.toSatisfy(isNotFound);
  await establish(cluster);
  expect(await names(widgets(cluster, 'default'))).toEqual([]);
});
