// Deployment decisions, step by step against a tiny model of ReplicaSets that obey: rollouts keep their bounds
// whatever order events come in, end where they should, and say what upstream says.
import { describe, expect, test } from 'vitest';
import type { Deployment, DeploymentSpec, ReplicaSet } from '#api/apps/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { randomInt, seededRandom, type Random } from '#base/random.ts';
import { reconcile, type Plan } from './reconcile.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

/** A Deployment, its ReplicaSets and a clock, with ReplicaSets that do as they are told. */
function model(spec: Partial<DeploymentSpec> = {}) {
  const deployment: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'a', uid: 'd', generation: 1 },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
    },
  };
  const state = { deployment, sets: [] as ReplicaSet[], nowMs: start, plans: [] as Plan[] };
  const self = {
    state,
    change(next: Partial<DeploymentSpec>) {
      const { spec: old, metadata } = state.deployment;
      if (old === undefined) throw new Error('no spec');
      state.deployment = { ...state.deployment, metadata: { ...metadata, generation: (metadata?.generation ?? 0) + 1 }, spec: { ...old, ...next } };
    },
    image(image: string) {
      self.change({ template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } } });
    },
    step(): Plan {
      state.nowMs += 1000;
      const plan = reconcile({ deployment: state.deployment, replicaSets: state.sets, pods: new Map() }, state.nowMs);
      if (plan.create !== undefined) state.sets.push({ ...plan.create, metadata: { ...plan.create.metadata, uid: `rs${state.nowMs}`, creationTimestamp: rfc3339(state.nowMs), generation: 1 } });
      for (const { object } of plan.update) state.sets = state.sets.map((set) => (set.metadata?.uid === object.metadata?.uid ? { ...object, metadata: { ...object.metadata, generation: (object.metadata?.generation ?? 0) + 1 } } : set));
      state.sets = state.sets.filter((set) => !plan.remove.includes(set));
      const annotations = plan.revision === undefined ? undefined : { 'deployment.kubernetes.io/revision': plan.revision };
      state.deployment = { ...state.deployment, metadata: { ...state.deployment.metadata, annotations }, status: plan.status };
      state.plans.push(plan);
      return plan;
    },
    /** Lets every ReplicaSet reach its size; its pods become available unless `broken` names its image. */
    obey(broken?: string) {
      state.sets = state.sets.map((set) => {
        const replicas = set.spec?.replicas ?? 0;
        const available = set.spec?.template?.spec?.containers[0]?.image === broken ? 0 : replicas;
        return { ...set, status: { replicas, readyReplicas: available, availableReplicas: available, terminatingReplicas: 0, observedGeneration: set.metadata?.generation } };
      });
    },
    /** Some pods come up or go, as chance has it. */
    drift(random: Random) {
      state.sets = state.sets.map((set) => {
        const target = set.spec?.replicas ?? 0;
        const before = set.status?.replicas ?? 0;
        const replicas = before < target ? before + randomInt(random, target - before + 1) : target;
        const had = Math.min(set.status?.availableReplicas ?? 0, replicas);
        const available = had + randomInt(random, replicas - had + 1);
        return { ...set, status: { replicas, readyReplicas: available, availableReplicas: available, terminatingReplicas: 0, observedGeneration: set.metadata?.generation } };
      });
    },
    settle() {
      for (let n = 0; n < 40; n++) {
        self.step();
        self.obey();
      }
    },
    sizes: () => Object.fromEntries(state.sets.map((set) => [set.spec?.template?.spec?.containers[0]?.image, set.spec?.replicas])),
    set: (image: string) => state.sets.find((set) => set.spec?.template?.spec?.containers[0]?.image === image),
    reason: (type: string) => state.deployment.status?.conditions?.find((each) => each.type === type)?.reason,
  };
  return self;
}

test('the first ReplicaSet is named, labelled and annotated as upstream does', () => {
  const { create, status, revision } = model().step();
  const hash = create?.metadata?.labels?.['pod-template-hash'] ?? '';
  expect(create).toMatchObject({
    metadata: {
      name: `web-${hash}`,
      labels: { app: 'web', 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '13' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd', controller: true, blockOwnerDeletion: true }],
    },
    spec: { replicas: 10, selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } }, template: { metadata: { labels: { 'pod-template-hash': hash } } } },
  });
  expect(revision).toBe('1');
  expect(status.conditions).toMatchObject([
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "web-${hash}"` },
    { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' },
  ]);
});

test('a rollout goes by 25 % and ends complete', () => {
  const web = model();
  web.settle();
  expect(web.state.deployment.status).toMatchObject({ replicas: 10, updatedReplicas: 10, availableReplicas: 10, unavailableReplicas: 0, observedGeneration: 1 });
  web.image('v2');
  web.step();
  expect(web.sizes()).toEqual({ v1: 8, v2: 3 });
  web.settle();
  expect(web.sizes()).toEqual({ v1: 0, v2: 10 });
  expect(web.reason('Progressing')).toBe('NewReplicaSetAvailable');
  expect(web.state.deployment.metadata?.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2' });
  expect(web.step()).toMatchObject({ create: undefined, update: [], remove: [] });
});

describe('random rollouts', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))('seed %i: bounds hold and the end is reached', (seed) => {
    const random = seededRandom(seed);
    const replicas = 1 + randomInt(random, 20);
    const surge = randomInt(random, 5);
    const unavailable = randomInt(random, 5);
    const web = model({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } } });
    web.settle();
    const least = replicas - Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable);
    for (let change = 2; change < 5; change++) {
      web.image(`v${change}`);
      for (let n = 0; n < 15; n++) {
        web.step();
        const total = web.state.sets.reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0);
        expect(total).toBeLessThanOrEqual(replicas + surge);
        // Stale and repeated looks must not matter: sometimes nothing happens between two steps.
        if (randomInt(random, 3) > 0) web.drift(random);
        const availableNow = web.state.sets.reduce((sum, set) => sum + Math.min(set.status?.availableReplicas ?? 0, set.spec?.replicas ?? 0), 0);
        if (change === 2) expect(availableNow).toBeGreaterThanOrEqual(least);
      }
    }
    web.settle();
    web.settle();
    expect(web.sizes()).toMatchObject({ v4: replicas, v3: 0, v1: 0 });
    expect(web.reason('Progressing')).toBe('NewReplicaSetAvailable');
  });
});

test('a rollout that cannot go on times out, says so once, and recovers when undone', () => {
  const web = model({ progressDeadlineSeconds: 60 });
  web.settle();
  web.image('bad');
  for (let n = 0; n < 10; n++) {
    web.step();
    web.obey('bad');
  }
  expect(web.sizes()).toEqual({ v1: 8, bad: 5 });
  const waiting = web.step();
  expect(waiting.requeueAfterMs).toBeGreaterThan(0);
  web.state.nowMs += (waiting.requeueAfterMs ?? 0) + 1000;
  web.step();
  expect(web.reason('Progressing')).toBe('ProgressDeadlineExceeded');
  expect(web.state.deployment.status?.conditions?.find((each) => each.type === 'Progressing')).toMatchObject({ status: 'False', message: expect.stringMatching(/^ReplicaSet "web-.*" has timed out progressing\.$/) });
  expect(web.step().requeueAfterMs).toBeUndefined();
  web.image('v1');
  web.settle();
  expect(web.sizes()).toEqual({ v1: 10, bad: 0 });
  expect(web.set('v1')?.metadata?.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
  expect(web.reason('Progressing')).toBe('NewReplicaSetAvailable');
});

test('scaling in the middle of a rollout shares in proportion', () => {
  const web = model();
  web.settle();
  web.image('v2');
  web.step();
  web.obey('v2');
  expect(web.sizes()).toEqual({ v1: 8, v2: 3 });
  web.step();
  web.obey('v2');
  expect(web.sizes()).toEqual({ v1: 8, v2: 5 });
  web.change({ replicas: 20 });
  web.step();
  expect(web.sizes()).toEqual({ v1: 15, v2: 10 });
  expect(web.set('v1')?.metadata?.annotations).toMatchObject({ 'deployment.kubernetes.io/desired-replicas': '20', 'deployment.kubernetes.io/max-replicas': '25' });
});

test('paused: scales, does not roll, and the clock of progress stands', () => {
  const web = model({ progressDeadlineSeconds: 10 });
  web.settle();
  web.change({ paused: true });
  web.image('v2');
  web.step();
  expect(web.reason('Progressing')).toBe('DeploymentPaused');
  web.change({ replicas: 4 });
  for (let n = 0; n < 5; n++) {
    web.step();
    web.obey();
  }
  expect(web.sizes()).toEqual({ v1: 4 });
  web.state.nowMs += 3_600_000;
  web.change({ paused: false });
  web.step();
  expect(web.reason('Progressing')).not.toBe('ProgressDeadlineExceeded');
  web.settle();
  expect(web.sizes()).toEqual({ v1: 0, v2: 4 });
});

test('Recreate takes all down before the new one starts', () => {
  const web = model({ strategy: { type: 'Recreate' } });
  web.settle();
  web.image('v2');
  expect(web.step()).toMatchObject({ create: undefined, update: [{ scaledFrom: 10 }] });
  expect(web.step().create).toBeUndefined();
  web.obey();
  const old = web.set('v1');
  const pods = new Map([[old?.metadata?.uid ?? '', [{ metadata: { name: 'p' }, status: { phase: 'Running' } }]]]);
  expect(reconcile({ deployment: web.state.deployment, replicaSets: web.state.sets, pods }, web.state.nowMs).create).toBeUndefined();
  expect(web.step().create?.spec?.replicas).toBe(10);
});

test('history is kept up to its limit', () => {
  const web = model({ revisionHistoryLimit: 2 });
  for (const version of ['v1', 'v2', 'v3', 'v4', 'v5']) {
    web.image(version);
    web.settle();
  }
  expect(Object.keys(web.sizes())).toEqual(['v3', 'v4', 'v5']);
});

test('an existing ReplicaSet without conditions is noticed, a deleted Deployment is only watched', () => {
  const web = model();
  web.settle();
  web.state.deployment = { ...web.state.deployment, status: undefined };
  web.step();
  expect(web.reason('Progressing')).toBe('NewReplicaSetAvailable');
  web.image('v2');
  web.state.deployment = { ...web.state.deployment, metadata: { ...web.state.deployment.metadata, deletionTimestamp: rfc3339(start) } };
  expect(web.step()).toMatchObject({ create: undefined, update: [], remove: [] });
});

test("a ReplicaSet's failure is the Deployment's", () => {
  const web = model();
  web.step();
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota', lastTransitionTime: rfc3339(start) };
  web.state.sets = web.state.sets.map((set) => ({ ...set, status: { replicas: 0, conditions: [failure] } }));
  web.step();
  expect(web.state.deployment.status?.conditions?.find((each) => each.type === 'ReplicaFailure')).toEqual({ ...failure, lastUpdateTime: failure.lastTransitionTime });
  web.obey();
  web.step();
  expect(web.reason('ReplicaFailure')).toBeUndefined();
  expect(parseTime(web.state.deployment.status?.conditions?.[0]?.lastUpdateTime)).toBeGreaterThan(start);
});
