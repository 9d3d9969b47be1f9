// A Deployment from its creation through a rolling update, a broken one, and back: the end states that a user
// sees, in virtual time, with everything real but the containers.
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { startCluster, type Cluster } from './start-cluster.ts';

function deployment(image: string, replicas = 4): Deployment {
  return {
    metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, readinessProbe: { httpGet: { path: '/', port: 80 } } }] } },
    },
  };
}

const deployments = (cluster: Cluster) => cluster.client.resource<Deployment>('deployments.apps').in('default');

/** What `kubectl rollout status` waits for. */
async function isRolledOut(cluster: Cluster): Promise<boolean> {
  const { metadata, spec, status } = await deployments(cluster).get('web');
  return status?.observedGeneration === metadata?.generation && status?.updatedReplicas === spec?.replicas && status?.availableReplicas === spec?.replicas && status?.replicas === spec?.replicas;
}

async function images(cluster: Cluster): Promise<string[]> {
  const pods = await cluster.client.resource<Pod>('pods').in('default').list();
  return pods.items.filter((pod) => pod.metadata?.deletionTimestamp === undefined).map((pod) => pod.spec?.containers[0]?.image ?? '').sort();
}

async function history(cluster: Cluster): Promise<Record<string, [string, number]>> {
  const sets = await cluster.client.resource<ReplicaSet>('replicasets.apps').in('default').list();
  return Object.fromEntries(sets.items.map((set) => [set.metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? '', [set.spec?.template?.spec?.containers[0]?.image ?? '', set.spec?.replicas ?? 0]]));
}

test('rollout, update, rollback: revisions as kubectl rollout history shows them', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await deployments(cluster).create(deployment('web:1'));
  await cluster.until(() => isRolledOut(cluster), { within: '2m' });
  expect(await images(cluster)).toEqual(['web:1', 'web:1', 'web:1', 'web:1']);

  await deployments(cluster).patch('web', 'strategic', { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } });
  await cluster.until(() => isRolledOut(cluster), { within: '5m' });
  expect(await images(cluster)).toEqual(['web:2', 'web:2', 'web:2', 'web:2']);
  expect(await history(cluster)).toEqual({ 1: ['web:1', 0], 2: ['web:2', 4] });

  // As `kubectl rollout undo` does: the template of revision 1 is applied again.
  await deployments(cluster).patch('web', 'strategic', { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:1' }] } } } });
  await cluster.until(() => isRolledOut(cluster), { within: '5m' });
  expect(await images(cluster)).toEqual(['web:1', 'web:1', 'web:1', 'web:1']);
  expect(await history(cluster)).toEqual({ 2: ['web:2', 0], 3: ['web:1', 4] });
  const { status } = await deployments(cluster).get('web');
  expect(status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]).sort()).toEqual([['Available', 'True', 'MinimumReplicasAvailable'], ['Progressing', 'True', 'NewReplicaSetAvailable']]);
});

test('an image that cannot be pulled stops the rollout: the old pods serve on, and after the deadline it is told', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await deployments(cluster).create(deployment('web:1'));
  await cluster.until(() => isRolledOut(cluster), { within: '2m' });
  for (const node of cluster.nodes) node.brokenImages.set('web:broken', 'failed to resolve reference "web:broken": not found');
  await deployments(cluster).patch('web', 'strategic', { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:broken' }] } } } });
  const failed = async (): Promise<boolean> => (await deployments(cluster).get('web')).status?.conditions?.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded') === true;
  await cluster.until(failed, { within: '15m' });
  const { status } = await deployments(cluster).get('web');
  expect([status?.availableReplicas, status?.updatedReplicas]).toEqual([3, 2]);
  const waiting = (await cluster.client.resource<Pod>('pods').in('default').list()).items.filter((pod) => pod.spec?.containers[0]?.image === 'web:broken').map((pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason);
  expect(waiting).toEqual([expect.stringMatching(/^(ImagePullBackOff|ErrImagePull)$/), expect.stringMatching(/^(ImagePullBackOff|ErrImagePull)$/)]);
});
