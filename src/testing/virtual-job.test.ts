// Jobs to their end: completion, failure with its back-off, and removal after the time to live.
import { expect, test } from 'vitest';
import type { Job } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { startCluster, type Cluster } from './start-cluster.ts';

function job(annotations: Record<string, string>, spec: Job['spec']): Job {
  return {
    metadata: { name: 'work', namespace: 'default' },
    spec: { ...spec, template: { metadata: { annotations }, spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } },
  };
}

const jobs = (cluster: Cluster) => cluster.client.resource<Job>('jobs.batch').in('default');

async function condition(cluster: Cluster, type: string): Promise<string | undefined> {
  return (await jobs(cluster).get('work')).status?.conditions?.find((each) => each.type === type && each.status === 'True')?.reason;
}

test('a job of five completions, two at a time, completes in the time its pods take, and is removed after its time to live', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const begun = cluster.now();
  await jobs(cluster).create(job({ 'skiff.dev/sim-exit-after': '60s' }, { completions: 5, parallelism: 2, ttlSecondsAfterFinished: 100 } as Job['spec']));
  let most = 0;
  await cluster.until(async () => {
    most = Math.max(most, (await jobs(cluster).get('work')).status?.active ?? 0);
    return (await condition(cluster, 'Complete')) !== undefined;
  }, { within: '10m' });
  const { status } = await jobs(cluster).get('work');
  expect([status?.succeeded, status?.failed, status?.active, most, await condition(cluster, 'Complete')]).toEqual([5, undefined, undefined, 2, 'CompletionsReached']);
  expect(cluster.now() - begun).toBeGreaterThanOrEqual(180_000);
  expect(cluster.now() - begun).toBeLessThan(200_000);
  const pods = (await cluster.client.resource<Pod>('pods').in('default').list()).items;
  expect(pods.map((pod) => pod.status?.phase)).toEqual(Array.from({ length: 5 }, () => 'Succeeded'));
  expect(pods.flatMap((pod) => pod.metadata?.finalizers ?? [])).toEqual([]);

  await cluster.advance('99s');
  expect((await jobs(cluster).list()).items).toHaveLength(1);
  await cluster.until(async () => (await jobs(cluster).list()).items.length === 0 && (await cluster.client.resource('pods').in('default').list()).items.length === 0, { within: '1m' });
});

test('a job whose pods fail gives up at its limit, later each time', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  await jobs(cluster).create(job({ 'skiff.dev/sim-exit-after': '1s', 'skiff.dev/sim-exit-code': '3' }, { backoffLimit: 2 } as Job['spec']));
  await cluster.until(async () => (await condition(cluster, 'Failed')) !== undefined, { within: '10m' });
  const { status } = await jobs(cluster).get('work');
  expect([status?.failed, status?.succeeded, await condition(cluster, 'Failed')]).toEqual([3, undefined, 'BackoffLimitExceeded']);
  const starts = (await cluster.client.resource<Pod>('pods').in('default').list()).items.map((pod) => Date.parse(String(pod.metadata?.creationTimestamp))).sort((a, b) => a - b);
  expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(10_000);
  expect((starts[2] ?? 0) - (starts[1] ?? 0)).toBeGreaterThanOrEqual(20_000);
});
