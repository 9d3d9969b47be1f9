// All controllers together on a small in-memory server and virtual time: the end states that users wait for.
import { afterEach, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import type { Job } from '#api/batch/v1.ts';
import type { Lease } from '#api/coordination/v1.ts';
import type { ConfigMap, Endpoints, Event, Namespace, Node, Pod, Service, ServiceAccount } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { rfc3339, rfc3339Micro } from '#base/clock.ts';
import { createVirtualWorld, type VirtualWorld } from '#testing';
import { fakeCluster, type FakeCluster } from './fake-cluster.case.ts';
import { startControllers, type RunningControllers } from './start.ts';

interface Rig {
  readonly world: VirtualWorld;
  readonly cluster: FakeCluster;
  readonly running: RunningControllers;
  /** Lets time pass while pods run and nodes renew their leases. */
  live(seconds: number, options?: { readonly silent?: readonly string[] }): Promise<void>;
}

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.running.close();
  rig = undefined;
});

async function start(): Promise<Rig> {
  const world = createVirtualWorld({ seed: 5 });
  const cluster = fakeCluster(world);
  const admin = cluster.client('admin');
  const now = (): string => rfc3339(world.clock.now());
  await admin.resource<Namespace>('namespaces').create({ metadata: { name: 'shop' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  for (const name of ['n1', 'n2']) {
    await admin.resource<Node>('nodes').create({ metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: now(), lastTransitionTime: now() }] } });
    await admin.resource<Lease>('leases.coordination.k8s.io').create({ metadata: { name, namespace: 'kube-node-lease' }, spec: { renewTime: rfc3339Micro(world.clock.now()) } });
  }
  const running = startControllers(world, (name) => cluster.client(name), { leaderElect: true, identity: 'test', rootCa: 'CA', namespaceDeletionGraceMs: 0 });
  const live: Rig['live'] = async (seconds, { silent = [] } = {}) => {
    for (let second = 0; second < seconds; second++) {
      await world.clock.advance('1s');
      cluster.runPods();
      for (const name of ['n1', 'n2']) {
        if (!silent.includes(name)) cluster.change<Lease>('leases.coordination.k8s.io', `kube-node-lease/${name}`, (lease) => ({ ...lease, spec: { renewTime: rfc3339Micro(world.clock.now()) } }));
      }
      await world.clock.settle();
    }
  };
  rig = { world, cluster, running, live };
  await live(3);
  return rig;
}

function deployment(name: string, replicas: number, image = 'v1'): Deployment {
  return {
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: name } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 80 }] }], terminationGracePeriodSeconds: 30 } },
    },
  };
}

const podsOf = (cluster: FakeCluster, app: string): Pod[] => cluster.list<Pod>('pods').filter((pod) => pod.metadata?.labels?.app === app);

test('a Deployment comes up behind its Service, rolls, heals and scales', async () => {
  const { cluster, live } = await start();
  const admin = cluster.client('admin');
  const deployments = admin.resource<Deployment>('deployments.apps').in('shop');
  await admin.resource<Service>('services').create({ metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.7', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] } });
  await deployments.create(deployment('web', 4));
  await live(5);
  expect((await deployments.get('web')).status).toMatchObject({ replicas: 4, readyReplicas: 4, updatedReplicas: 4, availableReplicas: 4 });
  expect(cluster.list<EndpointSlice>('endpointslices.discovery.k8s.io').flatMap((slice) => slice.endpoints ?? [])).toHaveLength(4);
  expect(cluster.list<Endpoints>('endpoints')[0]?.subsets?.[0]?.addresses).toHaveLength(4);

  await deployments.patch('web', 'strategic', { spec: { template: { spec: { containers: [{ name: 'c', image: 'v2' }] } } } });
  await live(15);
  const web = await deployments.get('web');
  expect(web.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  expect(web.status?.conditions?.find((condition) => condition.type === 'Progressing')).toMatchObject({ reason: 'NewReplicaSetAvailable' });
  expect(podsOf(cluster, 'web').map((pod) => pod.spec?.containers[0]?.image)).toEqual(['v2', 'v2', 'v2', 'v2']);
  expect(cluster.list<Event>('events').map(({ reason }) => reason).filter((reason) => reason?.includes('Endpoint'))).toEqual([]);
  expect(cluster.list<EndpointSlice>('endpointslices.discovery.k8s.io').flatMap((slice) => slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready)).toHaveLength(4);

  const [victim] = podsOf(cluster, 'web');
  await admin.resource<Pod>('pods').in('shop').delete(victim?.metadata?.name ?? '');
  await deployments.patch('web', 'merge', { spec: { replicas: 6 } });
  await live(5);
  expect((await deployments.get('web')).status).toMatchObject({ replicas: 6, readyReplicas: 6 });
  expect(podsOf(cluster, 'web').some((pod) => pod.metadata?.uid === victim?.metadata?.uid)).toBe(false);
  const quiet = cluster.requests.filter((request) => !request.includes(' GET ') && !request.includes('/leases/')).length;
  await live(5);
  expect(cluster.requests.filter((request) => !request.includes(' GET ') && !request.includes('/leases/')).length).toBe(quiet);
});

test.each(['Background', 'Foreground'] as const)('deleting a Deployment takes everything with it (%s)', async (propagationPolicy) => {
  const { world, cluster, live } = await start();
  const deployments = cluster.client('admin').resource<Deployment>('deployments.apps').in('shop');
  await deployments.create(deployment('web', 3));
  await live(4);
  await deployments.delete('web', { propagationPolicy });
  // The pods have not stopped yet.
  await world.clock.settle();
  expect(cluster.list('deployments.apps')).toHaveLength(propagationPolicy === 'Foreground' ? 1 : 0);
  await live(8);
  expect([cluster.list('deployments.apps'), cluster.list('replicasets.apps'), podsOf(cluster, 'web')]).toEqual([[], [], []]);
});

test('orphaning leaves the ReplicaSet and its pods, which a new Deployment adopts', async () => {
  const { cluster, live } = await start();
  const deployments = cluster.client('admin').resource<Deployment>('deployments.apps').in('shop');
  await deployments.create(deployment('web', 3));
  await live(4);
  const before = podsOf(cluster, 'web').map((pod) => pod.metadata?.uid).sort();
  await deployments.delete('web', { propagationPolicy: 'Orphan' });
  await live(4);
  expect(cluster.list('deployments.apps')).toEqual([]);
  expect(cluster.list<ReplicaSet>('replicasets.apps')[0]?.metadata?.ownerReferences ?? []).toEqual([]);
  await deployments.create(deployment('web', 3));
  await live(4);
  expect(podsOf(cluster, 'web').map((pod) => pod.metadata?.uid).sort()).toEqual(before);
  expect((await deployments.get('web')).status).toMatchObject({ readyReplicas: 3 });
});

test('a Job runs to its end and goes when its time is over', async () => {
  const { cluster, live } = await start();
  const jobs = cluster.client('admin').resource<Job>('jobs.batch').in('shop');
  const template = { metadata: { labels: { app: 'seed' } }, spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } };
  await jobs.create({ metadata: { name: 'seed', namespace: 'shop' }, spec: { completions: 3, parallelism: 2, backoffLimit: 6, ttlSecondsAfterFinished: 30, completionMode: 'NonIndexed', selector: { matchLabels: { app: 'seed' } }, template } });
  for (let n = 0; n < 12; n++) {
    await live(1);
    for (const pod of podsOf(cluster, 'seed')) {
      if (pod.status?.phase === 'Running') cluster.change<Pod>('pods', `shop/${pod.metadata?.name}`, (one) => ({ ...one, status: { ...one.status, phase: 'Succeeded', conditions: [] } }));
    }
  }
  const done = await jobs.get('seed');
  expect(done.status).toMatchObject({ succeeded: 3, active: 0, ready: 0, terminating: 0 });
  expect(done.status?.conditions?.map((condition) => condition.type)).toEqual(['SuccessCriteriaMet', 'Complete']);
  await live(40);
  expect([cluster.list('jobs.batch'), podsOf(cluster, 'seed')]).toEqual([[], []]);
});

test('a namespace gets its ServiceAccount and CA, and is emptied when it is deleted', async () => {
  const { world, cluster, live } = await start();
  expect(cluster.list<ServiceAccount>('serviceaccounts').map((account) => `${account.metadata?.namespace}/${account.metadata?.name}`)).toEqual(['shop/default']);
  expect(cluster.list<ConfigMap>('configmaps').map((map) => map.data)).toEqual([{ 'ca.crt': 'CA' }]);
  const admin = cluster.client('admin');
  await admin.resource<Deployment>('deployments.apps').create(deployment('web', 3));
  await live(4);
  await admin.resource<Namespace>('namespaces').delete('shop');
  await world.clock.settle();
  expect(podsOf(cluster, 'web')).toHaveLength(3);
  expect(cluster.list<Namespace>('namespaces')[0]?.status?.phase).toBe('Terminating');
  await live(10);
  const left = ['namespaces', 'pods', 'replicasets.apps', 'deployments.apps', 'serviceaccounts', 'configmaps'].map((resource) => cluster.list(resource).length);
  expect(left).toEqual([0, 0, 0, 0, 0, 0]);
});

test('a node that falls silent loses its pods to another, and nothing else', async () => {
  const { cluster, live } = await start();
  const admin = cluster.client('admin');
  const tolerations = ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 20 }));
  const web = deployment('web', 2);
  if (web.spec?.template.spec !== undefined) web.spec.template.spec.tolerations = tolerations;
  await admin.resource<Deployment>('deployments.apps').create(web);
  await live(4);
  const [moved] = podsOf(cluster, 'web');
  cluster.change<Pod>('pods', `shop/${moved?.metadata?.name}`, (pod) => ({ ...pod, spec: { containers: [], ...pod.spec, nodeName: 'n2' } }));
  const node = () => cluster.list<Node>('nodes').find((one) => one.metadata?.name === 'n2');
  await live(58, { silent: ['n2'] });
  expect(node()?.status?.conditions?.find((condition) => condition.type === 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
  expect(node()?.spec?.taints?.map((taint) => `${taint.key}:${taint.effect}`).sort()).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
  expect(podsOf(cluster, 'web').find((pod) => pod.metadata?.uid === moved?.metadata?.uid)?.status?.conditions?.[0]?.status).toBe('False');
  await live(30, { silent: ['n2'] });
  expect(podsOf(cluster, 'web').map((pod) => pod.spec?.nodeName)).toEqual(['n1', 'n1']);
  await live(3);
  cluster.change<Node>('nodes', 'n2', (one) => ({ ...one, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'x', lastTransitionTime: 'x' }] } }));
  await live(8);
  expect(node()?.spec?.taints ?? []).toEqual([]);
});
