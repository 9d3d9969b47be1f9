// ReplicaSet and its elder, ReplicationController: keeps as many pods as are wanted. Pods are adopted and
// released by selector, created in doubling batches, deleted in order of least harm; expectations keep a slow
// cache from causing doubles. The decisions are in reconcile.ts.
import type { ReplicaSet } from '#api/apps/v1.ts';
import type { Pod, ReplicationController } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { controllerOf, controllerReference, createExpectations, createWorkQueue, keyOf, resourceNamed, retryOnConflict, runWorkers, splitKey, type Expectations, type HandleResult, type Informer } from '#client';
import { isNotFound, selectorFromLabels, selectorFromObject, type LabelMatcher } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { indexByController, orphanPods, podsOf, watchPods } from '../owned-pods.ts';
import { isActive, isReady, isTerminating } from '../pod-state.ts';
import { createPodWriter, type PodWriter } from '../pod-writer.ts';
import { sameValue } from '../same-value.ts';
import { slowStart } from '../slow-start.ts';
import { nextCheckMs, reconcile, statusOf, type Actions, type Replicated } from './reconcile.ts';

interface Kind<T extends Replicated> {
  /** "replicasets.apps" */
  readonly resource: string;
  readonly kind: string;
  readonly selector: (object: T) => LabelMatcher;
  /** Its status counts terminating pods. */
  readonly countsTerminating: boolean;
}

const workers = 5;

function setUp<T extends Replicated>(kind: Kind<T>, context: ControllerContext): Run {
  const { world, signal } = context;
  const owners = context.informer<T>(kind.resource);
  const pods = context.informer<Pod>('pods');
  const queue = createWorkQueue(world);
  const expectations = createExpectations(world.clock);
  const sync = createSync(kind, context, { owners, pods, expectations });
  indexByController(pods);
  indexByOwner(owners);
  owners.addHandler({
    added: (owner) => queue.add(keyOf(owner)),
    updated: (owner) => queue.add(keyOf(owner)),
    deleted(owner) {
      expectations.forget(keyOf(owner));
      queue.add(keyOf(owner));
    },
  });
  watchPods(pods, {
    kind: kind.kind,
    owners,
    matching: (pod) => owners.list(pod.metadata?.namespace).filter((owner) => kind.selector(owner).matches(pod.metadata?.labels ?? {})),
    created: (key) => expectations.creationObserved(key),
    deleted: (key, pod) => expectations.deletionObserved(key, keyOf(pod)),
    changed(key, pod, old, owner) {
      const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
      if (minReadySeconds > 0 && isReady(pod) && !isReady(old)) queue.addAfter(key, minReadySeconds * 1000);
    },
    enqueue: (key) => queue.add(key),
  });
  return () => runWorkers(world, queue, workers, signal, sync);
}

function indexByOwner<T extends Replicated>(owners: Informer<T>): void {
  owners.addIndex('controllerUid', (owner) => [controllerOf(owner)?.uid ?? '']);
}

interface Caches<T extends Replicated> {
  readonly owners: Informer<T>;
  readonly pods: Informer<Pod>;
  readonly expectations: Expectations;
}

function createSync<T extends Replicated>(kind: Kind<T>, context: ControllerContext, caches: Caches<T>): (key: string) => Promise<HandleResult | void> {
  const { world, client, recorder } = context;
  const { owners, pods, expectations } = caches;
  const info = resourceNamed(kind.resource);
  const writer = createPodWriter(client, recorder);
  return async (key) => {
    const owner = owners.byKey(key);
    if (owner === undefined) {
      expectations.forget(key);
      return;
    }
    const settled = expectations.satisfied(key);
    const { namespace, name } = splitKey(key);
    const selector = kind.selector(owner);
    const candidates = [...podsOf(pods, owner), ...orphanPods(pods, namespace)];
    const plan = claim(owner, selector, candidates.filter(isActive));
    const active = await performClaim(owner, plan, {
      objects: client.resource<Pod>('pods'),
      freshOwner: () => client.forInfo<T>(info).in(namespace).get(name),
      reference: controllerReference(owner, info),
    });
    const actions = settled ? reconcile({ owner, active, related: relatedPods(owners, pods, owner) }, world.clock.now()) : { create: 0, remove: [] };
    const failure = await perform(owner, actions, { key, writer, expectations, reference: controllerReference(owner, info) });
    const now = world.clock.now();
    const terminating = kind.countsTerminating ? claim(owner, selector, candidates.filter(isTerminating)).owned : undefined;
    const status = statusOf({ owner, active, terminating, failure: failure === undefined ? undefined : errorText(failure) }, now);
    if (!sameValue(normalized(owner.status), normalized(status))) {
      await writeStatus(context, kind, owner, status);
    }
    if (failure !== undefined) throw failure;
    const again = nextCheckMs(owner, active, status, now);
    return again === undefined ? undefined : { requeueAfterMs: again };
  };
}

/** Counts that are absent mean zero. */
function normalized(status: Replicated['status']): object {
  return { fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0, observedGeneration: 0, ...status };
}

async function writeStatus<T extends Replicated>(context: ControllerContext, kind: Kind<T>, owner: T, status: NonNullable<Replicated['status']>): Promise<void> {
  const resource = context.client.resource<T>(kind.resource).in(owner.metadata?.namespace ?? '');
  let current = owner;
  await retryOnConflict(context.world, async () => {
    try {
      await resource.updateStatus({ ...current, status });
    } catch (error) {
      current = await resource.get(owner.metadata?.name ?? '');
      throw error;
    }
  });
}

/** Pods of all owners that have the same controller as this one (the Deployment's other ReplicaSets). */
function relatedPods<T extends Replicated>(owners: Informer<T>, pods: Informer<Pod>, owner: T): readonly Pod[] {
  const uid = controllerOf(owner)?.uid;
  if (uid === undefined) return podsOf(pods, owner);
  return owners.byIndex('controllerUid', uid).flatMap((sibling) => podsOf(pods, sibling));
}

interface Performing {
  readonly key: string;
  readonly writer: PodWriter;
  readonly expectations: Expectations;
  readonly reference: ReturnType<typeof controllerReference>;
}

/** Returns the first failure. */
async function perform(owner: Replicated, actions: Actions, { key, writer, expectations, reference }: Performing): Promise<unknown> {
  if (actions.create > 0) {
    expectations.expectCreations(key, actions.create);
    const { succeeded, error } = await slowStart(actions.create, async () => {
      try {
        await writer.create(owner, owner.spec?.template ?? {}, reference);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let n = succeeded; n < actions.create; n++) expectations.creationObserved(key);
    return error;
  }
  expectations.expectDeletions(key, actions.remove.map(keyOf));
  const results = await Promise.allSettled(
    actions.remove.map(async (pod) => {
      try {
        await writer.delete(owner, pod);
      } catch (error) {
        expectations.deletionObserved(key, keyOf(pod));
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return results.find((result) => result.status === 'rejected')?.reason;
}

const replicaSetKind: Kind<ReplicaSet> = {
  resource: 'replicasets.apps',
  kind: 'ReplicaSet',
  selector: (object) => selectorFromObject(object.spec?.selector),
  countsTerminating: true,
};

const replicationControllerKind: Kind<ReplicationController & Replicated> = {
  resource: 'replicationcontrollers',
  kind: 'ReplicationController',
  selector: (object) => selectorFromLabels(object.spec?.selector ?? {}),
  countsTerminating: false,
};

export const replicaset: Controller = {
  name: 'replicaset-controller',
  alias: 'replicaset',
  is: 'Keeps as many pods as a ReplicaSet wants.',
  serviceAccount: 'replicaset-controller',
  reads: ['replicasets.apps', 'pods'],
  writes: ['pods', 'replicasets.apps/status'],
  setUp: (context) => setUp(replicaSetKind, context),
};

export const replicationcontroller: Controller = {
  name: 'replicationcontroller-controller',
  alias: 'replicationcontroller',
  is: 'Keeps as many pods as a ReplicationController wants.',
  serviceAccount: 'replication-controller',
  eventSource: 'replication-controller',
  reads: ['replicationcontrollers', 'pods'],
  writes: ['pods', 'replicationcontrollers/status'],
  setUp: (context) => setUp(replicationControllerKind, context),
};
