// ReplicaSet decisions: how many, which first, and what is told.
import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { claim } from '../claim.ts';
import { slowStart } from '../slow-start.ts';
import { selectorFromObject } from '#machinery';
import { nextCheckMs, reconcile, statusOf, type Replicated } from './reconcile.ts';

const now = Date.parse('2026-01-01T12:00:00Z');

interface PodFacts {
  phase?: string;
  node?: string;
  /** Seconds since it became ready. */
  ready?: number;
  /** Seconds since creation. */
  age?: number;
  cost?: string;
  restarts?: number;
  labels?: Record<string, string>;
}

function pod(name: string, { phase = 'Running', node = 'n1', ready, age = 1000, cost, restarts = 0, labels = { app: 'web' } }: PodFacts = {}): Pod {
  return {
    metadata: { name, namespace: 'a', uid: name, labels, creationTimestamp: rfc3339(now - age * 1000), ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }) },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      conditions: ready === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(now - ready * 1000) }],
      containerStatuses: [{ name: 'c', restartCount: restarts, image: '', imageID: '', ready: ready !== undefined }],
    },
  };
}

function owner(replicas: number, more: Partial<NonNullable<Replicated['spec']>> = {}, status?: Replicated['status']): Replicated {
  return { metadata: { name: 'web', namespace: 'a', uid: 'rs', generation: 3 }, spec: { replicas, template: { metadata: { labels: { app: 'web' } } }, ...more }, status };
}

test.each([
  ['nothing to do', 2, 2, 0, 0],
  ['all missing', 3, 0, 3, 0],
  ['one missing', 3, 2, 1, 0],
  ['one too many', 1, 2, 0, 1],
  ['to zero', 0, 2, 0, 2],
  ['no more than 500 at once', 2000, 0, 500, 0],
])('%s', (_, wanted, have, create, remove) => {
  const active = Array.from({ length: have }, (_unused, n) => pod(`p${n}`, { ready: 10 }));
  const actions = reconcile({ owner: owner(wanted), active, related: active }, now);
  expect([actions.create, actions.remove.length]).toEqual([create, remove]);
});

test('an owner that is being deleted leaves its pods alone', () => {
  const dying = { ...owner(3), metadata: { ...owner(3).metadata, deletionTimestamp: rfc3339(now) } };
  expect(reconcile({ owner: dying, active: [], related: [] }, now)).toEqual({ create: 0, remove: [] });
});

describe('deletion prefers', () => {
  test.each<[string, Pod, Pod]>([
    ['unassigned over assigned', pod('x', { node: '', phase: 'Pending' }), pod('y', { phase: 'Pending' })],
    ['pending over running', pod('x', { phase: 'Pending' }), pod('y')],
    ['unready over ready', pod('x'), pod('y', { ready: 10 })],
    ['cheap over dear', pod('x', { ready: 9999, cost: '-5' }), pod('y', { ready: 10, cost: '7' })],
    ['freshly ready over long ready', pod('x', { ready: 10 }), pod('y', { ready: 10_000 })],
    ['often restarted over calm', pod('x', { ready: 10, restarts: 5 }), pod('y', { ready: 10 })],
    ['young over old', pod('x', { ready: 10, age: 20 }), pod('y', { ready: 10, age: 2000 })],
  ])('%s', (_, first, second) => {
    for (const active of [[first, second], [second, first]]) {
      expect(reconcile({ owner: owner(1), active, related: active }, now).remove[0]?.metadata?.name).toBe('x');
    }
  });

  test('the pod that shares its node with another of the same workload', () => {
    const active = [pod('alone', { ready: 10, node: 'n2' }), pod('doubled', { ready: 10, node: 'n1' })];
    const related = [...active, pod('sibling', { ready: 10, node: 'n1' })];
    expect(reconcile({ owner: owner(1), active, related }, now).remove[0]?.metadata?.name).toBe('doubled');
  });
});

test('status counts, and availability after minReadySeconds', () => {
  const active = [pod('fresh', { ready: 5 }), pod('old', { ready: 60 }), pod('unready'), pod('odd', { ready: 60, labels: { other: 'x' } })];
  const rs = owner(4, { minReadySeconds: 30 });
  const status = statusOf({ owner: rs, active, terminating: [pod('t')], failure: undefined }, now);
  expect(status).toEqual({ replicas: 4, fullyLabeledReplicas: 3, readyReplicas: 3, availableReplicas: 2, terminatingReplicas: 1, observedGeneration: 3, conditions: [] });
  expect(nextCheckMs(rs, active, status, now)).toBe(25_001);
  expect(nextCheckMs(owner(4), active, { ...status, availableReplicas: 3 }, now)).toBeUndefined();
});

test('a failure is told as a condition and forgotten when it is over', () => {
  const failed = statusOf({ owner: owner(3), active: [], terminating: [], failure: 'quota' }, now);
  expect(failed.conditions).toEqual([{ type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(now), reason: 'FailedCreate', message: 'quota' }]);
  const again = statusOf({ owner: owner(3, {}, failed), active: [], terminating: [], failure: 'other text' }, now + 60_000);
  expect(again.conditions).toEqual(failed.conditions);
  expect(statusOf({ owner: owner(3, {}, failed), active: [], terminating: [], failure: undefined }, now).conditions).toEqual([]);
});

test('claim: own and matching stay, matching orphans are adopted, own that match no longer are released', () => {
  const reference = (uid: string) => [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid, controller: true }];
  const of = (name: string, app: string, uid?: string, deleted = false): Pod => ({
    metadata: { name, labels: { app }, ...(uid === undefined ? {} : { ownerReferences: reference(uid) }), ...(deleted ? { deletionTimestamp: rfc3339(now) } : {}) },
  });
  const objects = [of('own', 'web', 'rs'), of('stray', 'api', 'rs'), of('orphan', 'web'), of('dying orphan', 'web', undefined, true), of('other orphan', 'api'), of('foreign', 'web', 'someone')];
  const selector = selectorFromObject({ matchLabels: { app: 'web' } });
  const names = (list: readonly Pod[]) => list.map((one) => one.metadata?.name);
  const plan = claim(owner(1), selector, objects);
  expect([names(plan.owned), names(plan.adopt), names(plan.release)]).toEqual([['own'], ['orphan'], ['stray']]);
  const dying = claim({ metadata: { uid: 'rs', deletionTimestamp: rfc3339(now) } }, selector, objects);
  expect([names(dying.owned), names(dying.adopt), names(dying.release)]).toEqual([['own'], [], []]);
});

test('slow start: doubling batches, none after a failure', async () => {
  const batches: number[] = [];
  let open = 0;
  const all = await slowStart(10, async () => {
    if (open === 0) batches.push(0);
    open++;
    batches[batches.length - 1] = (batches.at(-1) ?? 0) + 1;
    await Promise.resolve();
    open--;
  });
  expect(all).toEqual({ succeeded: 10, error: undefined });
  let calls = 0;
  const failed = await slowStart(100, async () => {
    if (++calls === 3) throw new Error('quota');
  });
  expect([calls, failed.succeeded, String(failed.error)]).toEqual([3, 2, 'Error: quota']);
});
