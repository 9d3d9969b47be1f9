// The graph under every order of events, and what is decided about an object.
import { describe, expect, test } from 'vitest';
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';
import { randomInt, seededRandom } from '#base/random.ts';
import { createGraph, foregroundFinalizer, orphanFinalizer, type Effects, type Graph, type Identity } from './graph.ts';
import { reconcile, waitingFor, type OwnerState } from './reconcile.ts';

const id = (kind: string, name: string, namespace = 'a', uid = `uid-${name}`): Identity => ({ apiVersion: 'v1', kind, name, namespace, uid });
const owned = (by: Identity, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion: by.apiVersion, kind: by.kind, name: by.name, uid: by.uid, ...more });
const checks = (effects: Effects): string[] => [...effects.check].sort();

const deployment = id('Deployment', 'd');
const set = id('ReplicaSet', 's');
const pod = id('Pod', 'p');

test('an owner seen after its dependent is verified, then known', () => {
  const graph = createGraph();
  expect(checks(graph.observed(pod, { ownerReferences: [owned(set)] }))).toEqual(['uid-s']);
  expect(graph.get('uid-s')?.virtual).toBe(true);
  expect(checks(graph.observed(set, {}))).toEqual([]);
  expect(graph.get('uid-s')?.virtual).toBe(false);
  expect(checks(graph.deleted(set))).toEqual(['uid-p']);
});

test('an owner that the server does not know leaves its dependents to be checked', () => {
  const graph = createGraph();
  graph.observed(pod, { ownerReferences: [owned(set)] });
  const effects = graph.absent(set);
  expect(checks(effects)).toEqual(['uid-p']);
  expect(effects.absent).toEqual([set]);
  expect(graph.get('uid-s')).toBeUndefined();
});

test('foreground deletion checks the dependents and waits for those that block', () => {
  const graph = createGraph();
  graph.observed(set, {});
  graph.observed(pod, { ownerReferences: [owned(set, { blockOwnerDeletion: true })] });
  const dying = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [foregroundFinalizer] };
  expect(checks(graph.observed(set, dying))).toEqual(['uid-p', 'uid-s']);
  expect(checks(graph.observed(set, dying))).toEqual([]);
  const node = graph.get('uid-s');
  expect(node && waitingFor(node)?.map((each) => each.identity.name)).toEqual(['p']);
  expect(checks(graph.observed(pod, { ownerReferences: [owned(set)] }))).toEqual(['uid-s']);
  expect(node && waitingFor(node)).toBeUndefined();
  expect(checks(graph.deleted(pod))).toEqual(['uid-s']);
});

test('orphaning is asked for once', () => {
  const graph = createGraph();
  graph.observed(set, {});
  const dying = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [orphanFinalizer] };
  expect([...graph.observed(set, dying).orphan]).toEqual(['uid-s']);
  expect([...graph.observed(set, dying).orphan]).toEqual([]);
});

test('a reference into another namespace is told and checked', () => {
  const graph = createGraph();
  graph.observed(set, {});
  const stranger = id('Pod', 'x', 'b');
  const effects = graph.observed(stranger, { ownerReferences: [owned(set)] });
  expect(checks(effects)).toEqual(['uid-x']);
  expect(effects.invalid.map(({ node }) => node.identity.name)).toEqual(['x']);
});

test('references of two namespaces to one absent uid are verified one after the other', () => {
  const graph = createGraph();
  graph.observed(pod, { ownerReferences: [owned(set)] });
  graph.observed(id('Pod', 'q', 'b'), { ownerReferences: [owned(set)] });
  const first = graph.absent({ ...set, namespace: 'a' });
  expect(checks(first)).toEqual(['uid-p', 'uid-s']);
  expect(graph.get('uid-s')?.identity.namespace).toBe('b');
});

/** The graph's links as text, to compare ways of arriving at them. */
function shape(graph: Graph, uids: readonly string[]): unknown {
  return uids.map((uid) => {
    const node = graph.get(uid);
    return node === undefined ? `${uid}: none` : `${uid}: ${node.virtual} ${[...node.dependents].map((each) => each.identity.uid).sort().join()}`;
  });
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i: the end does not depend on order or repetition', (seed) => {
  const random = seededRandom(seed);
  const all: [Identity, ObjectMeta][] = [
    [deployment, {}],
    [set, { ownerReferences: [owned(deployment)] }],
    [pod, { ownerReferences: [owned(set)] }],
    [id('Pod', 'r'), { ownerReferences: [owned(set), owned(deployment)] }],
  ];
  const uids = ['uid-d', 'uid-s', 'uid-p', 'uid-r'];
  const straight = createGraph();
  for (const [identity, metadata] of all) straight.observed(identity, metadata);
  const shuffled = createGraph();
  const seen = new Set<number>();
  while (seen.size < all.length) {
    const at = randomInt(random, all.length);
    const [identity, metadata] = all[at] ?? [pod, {}];
    // An older version without owners, or one deleted and seen again, may come in between.
    if (randomInt(random, 3) === 0) shuffled.observed(identity, {});
    if (randomInt(random, 5) === 0) {
      shuffled.deleted(identity);
      seen.delete(at);
      continue;
    }
    shuffled.observed(identity, metadata);
    seen.add(at);
  }
  // What was deleted in between is told again by whoever names it.
  for (const [identity, metadata] of all) {
    shuffled.observed(identity, {});
    shuffled.observed(identity, metadata);
  }
  expect(shape(shuffled, uids)).toEqual(shape(straight, uids));
});

describe('an object', () => {
  const decide = (states: readonly OwnerState[], { finalizers, dependents = [] as Identity[], waitingDependent = false }: { finalizers?: string[]; dependents?: Identity[]; waitingDependent?: boolean } = {}) => {
    const graph = createGraph();
    const owners = states.map((state, n) => owned(id('Owner', `${state}${n}`)));
    graph.observed(set, { ownerReferences: owners });
    for (const dependent of dependents) graph.observed(dependent, { ownerReferences: [owned(set)], ...(waitingDependent ? { deletionTimestamp: 'x', finalizers: [foregroundFinalizer] } : {}) });
    const node = graph.get('uid-s');
    if (node === undefined) throw new Error('no node');
    return reconcile({ node, metadata: { ownerReferences: owners, finalizers }, stateOf: (reference) => states.find((state, n) => reference.name === `${state}${n}`) ?? 'solid' });
  };
  test.each<[string, ReturnType<typeof decide>, unknown]>([
    ['without owners stays', decide([]), { do: 'nothing' }],
    ['with a living owner stays', decide(['solid']), { do: 'nothing' }],
    ['with a living and a dead owner forgets the dead', decide(['solid', 'dangling']), { do: 'unreference', uids: ['uid-dangling1'] }],
    ['with a living and a waiting owner forgets the waiting', decide(['waiting', 'solid']), { do: 'unreference', uids: ['uid-waiting0'] }],
    ['whose owners are dead goes', decide(['dangling', 'dangling']), { do: 'delete', propagation: 'Background', unblockFirst: false }],
    ['whose owner waits goes', decide(['waiting']), { do: 'delete', propagation: 'Background', unblockFirst: false }],
    ['whose owner waits and that has dependents goes after them', decide(['waiting'], { dependents: [pod] }), { do: 'delete', propagation: 'Foreground', unblockFirst: false }],
    ['in a circle of waiting is unblocked first', decide(['waiting'], { dependents: [pod], waitingDependent: true }), { do: 'delete', propagation: 'Foreground', unblockFirst: true }],
    ['that orphans goes orphaning', decide(['dangling'], { finalizers: [orphanFinalizer] }), { do: 'delete', propagation: 'Orphan', unblockFirst: false }],
    ['that goes in the foreground stays so', decide(['dangling'], { finalizers: [foregroundFinalizer] }), { do: 'delete', propagation: 'Foreground', unblockFirst: false }],
  ])('%s', (_, action, wanted) => {
    expect(action).toEqual(wanted);
  });
});
