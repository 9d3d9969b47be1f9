// A quota in a whole cluster: a Deployment that wants more gets what the quota leaves, says why, and goes on
// when something is freed.
import { expect, test } from 'vitest';
import type { Deployment } from '#api/apps/v1.ts';
import type { Event, Pod, ResourceQuota } from '#api/core/v1.ts';
import { startCluster } from './index.ts';

test('a Deployment stays within its quota, and takes what is freed', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const quotas = cluster.client.resource<ResourceQuota>('resourcequotas').in('default');
  const pods = cluster.client.resource<Pod>('pods').in('default');
  const used = async (): Promise<string | undefined> => (await quotas.get('q')).status?.used?.['pods'];
  await quotas.create({ metadata: { name: 'q' }, spec: { hard: { pods: '3' } } });
  await cluster.until(async () => (await used()) === '0');
  const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'web' }] } };
  await cluster.client.resource<Deployment>('deployments.apps').in('default').create({ metadata: { name: 'd' }, spec: { replicas: 5, selector: { matchLabels: { app: 'd' } }, template } });
  const running = async (): Promise<Pod[]> => (await pods.list()).items.filter((pod) => pod.status?.phase === 'Running' && pod.metadata?.deletionTimestamp === undefined);
  await cluster.until(async () => (await running()).length === 3);
  await cluster.advance('2m');
  expect((await pods.list()).items).toHaveLength(3);
  expect(await used()).toBe('3');
  const events = (await cluster.client.resource<Event>('events').in('default').list()).items;
  expect(events.find((event) => event.reason === 'FailedCreate')?.message).toMatch(/^Error creating: pods "d-\w+-\w+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3$/);
  const [first] = await running();
  await pods.delete(first?.metadata?.name ?? '');
  await cluster.until(async () => (await running()).length === 3 && !(await running()).some((pod) => pod.metadata?.uid === first?.metadata?.uid), { within: '20m' });
  expect((await pods.list()).items.length).toBeLessThanOrEqual(3);
});
