// Gives a StatefulSet's pods names, order and storage that last. The decisions are in reconcile.ts, what a pod is in
// identity.ts, whose the claims are in retention.ts, the template's past in revisions.ts.
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import { controllerReference, createWorkQueue, keyOf, resourceNamed, retryOnConflict, runWorkers, splitKey, type HandleResult, type Informer } from '#client';
import { selectorFromObject } from '#machinery';
import { claim, performClaim, type Claim } from '../claim.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { indexByController, orphanPods, podsOf, watchPods } from '../owned-pods.ts';
import { isReady } from '../pod-state.ts';
import { indexRevisions, templateOf } from '../revision-history.ts';
import { isMember } from './identity.ts';
import { perform } from './perform.ts';
import { nextCheckMs, plan, statusOf, type Observed } from './reconcile.ts';
import { constructRevisions, truncateHistory } from './revisions.ts';

const workers = 5;
const setInfo = resourceNamed('statefulsets.apps');

interface Caches {
  readonly sets: Informer<StatefulSet>;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly revisions: Informer<ControllerRevision>;
}

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const caches: Caches = {
    sets: context.informer<StatefulSet>('statefulsets.apps'),
    pods: context.informer<Pod>('pods'),
    claims: context.informer<PersistentVolumeClaim>('persistentvolumeclaims'),
    revisions: context.informer<ControllerRevision>('controllerrevisions.apps'),
  };
  const { sets, pods, claims } = caches;
  const queue = createWorkQueue(world);
  indexByController(pods);
  indexRevisions(caches.revisions);
  sets.addHandler({
    added: (set) => queue.add(keyOf(set)),
    updated: (set) => queue.add(keyOf(set)),
    deleted: (set) => queue.add(keyOf(set)),
  });
  watchPods(pods, {
    kind: 'StatefulSet',
    owners: sets,
    matching: (pod) => sets.list(pod.metadata?.namespace).filter((set) => selectorFromObject(set.spec?.selector).matches(pod.metadata?.labels ?? {})),
    changed(key, pod, old, set) {
      const minReadySeconds = set.spec?.minReadySeconds ?? 0;
      if (minReadySeconds > 0 && isReady(pod) && !isReady(old)) queue.addAfter(key, minReadySeconds * 1000);
    },
    enqueue: (key) => queue.add(key),
  });
  // A pod may wait for the claim of its predecessor to go.
  claims.addHandler({
    deleted(gone) {
      for (const set of sets.list(gone.metadata?.namespace)) {
        if ((set.spec?.volumeClaimTemplates ?? []).some((template) => gone.metadata?.name?.startsWith(`${template.metadata?.name}-${set.metadata?.name}-`))) queue.add(keyOf(set));
      }
    },
  });
  return () =>
    runWorkers(world, queue, workers, signal, async (key) => {
      const set = sets.byKey(key);
      if (set !== undefined) return sync(context, caches, set);
    });
}

async function sync(context: ControllerContext, caches: Caches, set: StatefulSet): Promise<HandleResult | void> {
  const { world, client } = context;
  const { namespace } = splitKey(keyOf(set));
  const pods = await ownPods(context, caches, set);
  const revisions = await constructRevisions(client, caches.revisions, set);
  const [current, update] = [revisions.current.metadata?.name ?? '', revisions.update.metadata?.name ?? ''];
  const now = world.clock.now();
  const observed: Observed = { set, pods, currentRevision: current, updateRevision: update, claim: (name) => caches.claims.get(namespace, name) };
  const actions = plan(observed, now);
  const own = set.spec?.template ?? {};
  const performing = {
    context,
    set,
    claims: caches.claims,
    templateOf: (revision: string) => (revision === update ? own : (templateOf(revisions.current) ?? own)),
  };
  let failure: unknown;
  try {
    await perform(performing, actions);
  } catch (error) {
    failure = error;
  }
  const status = statusOf(observed, revisions.collisionCount, failure === undefined ? actions.updating.length : 0, now);
  if (differs(set, status)) await writeStatus(context, set, status);
  await truncateHistory(client, set, revisions, pods);
  if (failure !== undefined) throw failure;
  const again = nextCheckMs(set, pods, status, now);
  return again === undefined ? undefined : { requeueAfterMs: again };
}

/** Its pods by selector and name; others of its own are released. */
async function ownPods({ client }: ControllerContext, { pods }: Caches, set: StatefulSet): Promise<readonly Pod[]> {
  const { namespace, name } = splitKey(keyOf(set));
  const all = claim(set, selectorFromObject(set.spec?.selector), [...podsOf(pods, set), ...orphanPods(pods, namespace)]);
  const strangers = set.metadata?.deletionTimestamp === undefined ? all.owned.filter((pod) => !isMember(set, pod)) : [];
  const members: Claim<Pod> = {
    owned: all.owned.filter((pod) => isMember(set, pod)),
    adopt: all.adopt.filter((pod) => isMember(set, pod)),
    release: [...all.release, ...strangers],
  };
  return performClaim(set, members, {
    objects: client.resource<Pod>('pods'),
    freshOwner: () => client.resource<StatefulSet>('statefulsets.apps').in(namespace).get(name),
    reference: controllerReference(set, setInfo),
  });
}

function differs(set: StatefulSet, status: StatefulSetStatus): boolean {
  const before = set.status;
  const counts = ['replicas', 'currentReplicas', 'readyReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  return (
    (status.observedGeneration ?? 0) > (before?.observedGeneration ?? 0) ||
    counts.some((count) => (status[count] ?? 0) !== (before?.[count] ?? 0)) ||
    status.currentRevision !== before?.currentRevision ||
    status.updateRevision !== before?.updateRevision
  );
}

async function writeStatus({ world, client }: ControllerContext, set: StatefulSet, status: StatefulSetStatus): Promise<void> {
  const resource = client.resource<StatefulSet>('statefulsets.apps').in(set.metadata?.namespace ?? '');
  let current = set;
  await retryOnConflict(world, async () => {
    try {
      await resource.updateStatus({ ...current, status });
    } catch (error) {
      current = await resource.get(set.metadata?.name ?? '');
      throw error;
    }
  });
}

export const statefulset: Controller = {
  name: 'statefulset-controller',
  alias: 'statefulset',
  is: 'Gives pods names, order and storage that last.',
  serviceAccount: 'statefulset-controller',
  reads: ['statefulsets.apps', 'pods', 'persistentvolumeclaims', 'controllerrevisions.apps'],
  writes: ['pods', 'persistentvolumeclaims', 'statefulsets.apps/status', 'controllerrevisions.apps'],
  setUp,
};
