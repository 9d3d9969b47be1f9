// StatefulSets, DaemonSets and CronJobs on the in-memory server in virtual time: what their shells make of the plans.
import { afterEach, expect, test } from 'vitest';
import type { ControllerRevision, DaemonSet, StatefulSet } from '#api/apps/v1.ts';
import type { CronJob, Job } from '#api/batch/v1.ts';
import type { Namespace, Node, PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { createVirtualWorld, type VirtualWorld } from '#testing';
import { fakeCluster, type FakeCluster } from './fake-cluster.case.ts';
import { startControllers, type RunningControllers } from './start.ts';

interface Rig {
  readonly world: VirtualWorld;
  readonly cluster: FakeCluster;
  readonly running: RunningControllers;
  live(seconds: number): Promise<void>;
}

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.running.close();
  rig = undefined;
});

/** Binds pods that are meant for one node to it, and runs them. */
function runPinned(world: VirtualWorld, cluster: FakeCluster): void {
  for (const { metadata, spec, status } of cluster.list<Pod>('pods')) {
    const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (terms === undefined || status?.phase !== undefined || metadata?.deletionTimestamp !== undefined) continue;
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(world.clock.now()) }];
    cluster.change<Pod>('pods', `shop/${metadata?.name}`, (pod) => ({ ...pod, spec: { containers: [], ...pod.spec, nodeName: terms[0]?.matchFields?.[0]?.values?.[0] }, status: { phase: 'Running', conditions } }));
  }
}

async function start(controllers: readonly string[]): Promise<Rig> {
  const world = createVirtualWorld({ seed: 5, startMs: Date.parse('2026-01-01T00:00:00Z') });
  const cluster = fakeCluster(world);
  const admin = cluster.client('admin');
  await admin.resource<Namespace>('namespaces').create({ metadata: { name: 'shop' } });
  for (const name of ['n1', 'n2', 'n3']) await admin.resource<Node>('nodes').create({ metadata: { name } });
  const running = startControllers(world, (name) => cluster.client(name), { leaderElect: false, controllers });
  const live = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await world.clock.advance('1s');
      runPinned(world, cluster);
      cluster.runPods();
      await world.clock.settle();
    }
  };
  rig = { world, cluster, running, live };
  await live(2);
  return rig;
}

const names = (objects: readonly { metadata?: { name?: string } }[]): string[] => objects.map((each) => each.metadata?.name ?? '').sort();
const imageOf = (pod: Pod): string => pod.spec?.containers[0]?.image ?? '';

test('a StatefulSet comes up in order with its claims, updates from the top and keeps its claims when scaled down', async () => {
  const { cluster, live } = await start(['statefulset-controller']);
  const set: StatefulSet = {
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    },
  };
  await cluster.client('admin').resource<StatefulSet>('statefulsets.apps').in('shop').create(set);
  await live(10);
  expect(names(cluster.list<Pod>('pods'))).toEqual(['db-0', 'db-1', 'db-2']);
  const births = ['db-0', 'db-1', 'db-2'].map((name) => Date.parse(cluster.list<Pod>('pods').find((pod) => pod.metadata?.name === name)?.metadata?.creationTimestamp ?? ''));
  expect(births).toEqual([...births].sort((a, b) => a - b));
  expect(births[0]).toBeLessThan(births[2] ?? 0);
  expect(names(cluster.list<PersistentVolumeClaim>('persistentvolumeclaims'))).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
  expect(cluster.list<StatefulSet>('statefulsets.apps')[0]?.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3 });
  cluster.change<StatefulSet>('statefulsets.apps', 'shop/db', (object) => ({ ...object, spec: { ...set.spec, selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'v2' }] } } } }));
  await live(20);
  expect(cluster.list<Pod>('pods').map(imageOf)).toEqual(['v2', 'v2', 'v2']);
  expect(cluster.list<ControllerRevision>('controllerrevisions.apps').map((each) => each.revision).sort()).toEqual([1, 2]);
  const status = cluster.list<StatefulSet>('statefulsets.apps')[0]?.status;
  expect(status?.currentRevision).toBe(status?.updateRevision);
  cluster.change<StatefulSet>('statefulsets.apps', 'shop/db', (object) => ({ ...object, spec: { ...(object.spec ?? { selector: {}, template: {} }), replicas: 1 } }));
  await live(10);
  expect(names(cluster.list<Pod>('pods'))).toEqual(['db-0']);
  expect(cluster.list<PersistentVolumeClaim>('persistentvolumeclaims').length).toBe(3);
});

test('a DaemonSet runs on every node, follows new and tainted ones, and rolls', async () => {
  const { cluster, live } = await start(['daemonset-controller']);
  const daemonSet: DaemonSet = {
    metadata: { name: 'agent', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    },
  };
  await cluster.client('admin').resource<DaemonSet>('daemonsets.apps').in('shop').create(daemonSet);
  await live(4);
  expect(cluster.list<DaemonSet>('daemonsets.apps')[0]?.status).toMatchObject({ desiredNumberScheduled: 3, currentNumberScheduled: 3, numberAvailable: 3, updatedNumberScheduled: 3 });
  await cluster.client('admin').resource<Node>('nodes').create({ metadata: { name: 'n4' } });
  cluster.change<Node>('nodes', 'n1', (node) => ({ ...node, spec: { taints: [{ key: 'broken', effect: 'NoExecute' }] } }));
  await live(4);
  expect(cluster.list<Pod>('pods').length).toBe(3);
  expect(cluster.list<DaemonSet>('daemonsets.apps')[0]?.status).toMatchObject({ desiredNumberScheduled: 3, numberMisscheduled: 0, numberAvailable: 3 });
  cluster.change<DaemonSet>('daemonsets.apps', 'shop/agent', (object) => ({ ...object, spec: { selector: {}, ...daemonSet.spec, template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image: 'v2' }] } } } }));
  await live(15);
  expect(cluster.list<Pod>('pods').map(imageOf)).toEqual(['v2', 'v2', 'v2']);
  expect(cluster.list<DaemonSet>('daemonsets.apps')[0]?.status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
});

test('a CronJob starts a Job every minute and keeps the newest', async () => {
  const { cluster, live, world } = await start(['cronjob-controller', 'job-controller']);
  await cluster.client('admin').resource<CronJob>('cronjobs.batch').in('shop').create({
    metadata: { name: 'tick', namespace: 'shop' },
    spec: { schedule: '* * * * *', successfulJobsHistoryLimit: 2, jobTemplate: { spec: { template: { spec: { containers: [{ name: 'c' }] } } } } },
  });
  for (let minute = 0; minute < 4; minute++) {
    await live(61);
    for (const job of cluster.list<Job>('jobs.batch')) {
      cluster.change<Job>('jobs.batch', `shop/${job.metadata?.name}`, (each) => ({ ...each, status: { conditions: [{ type: 'Complete', status: 'True' }], startTime: each.metadata?.creationTimestamp, completionTime: each.metadata?.creationTimestamp } }));
    }
    await live(1);
  }
  const minute = Math.floor(world.clock.now() / 60_000);
  expect(names(cluster.list<Job>('jobs.batch'))).toEqual([`tick-${minute - 1}`, `tick-${minute}`]);
  expect(cluster.list<CronJob>('cronjobs.batch')[0]?.status).toMatchObject({ lastScheduleTime: new Date(minute * 60_000).toISOString().replace('.000', ''), active: [] });
});
