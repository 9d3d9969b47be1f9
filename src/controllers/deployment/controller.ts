// Deployments: rolls ReplicaSets so that the pods become what the template says. The decisions are in
// reconcile.ts; here they are performed, failures told, and name collisions of template hashes resolved.
import type { Deployment, ReplicaSet } from '#api/apps/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { controllerOf, controllerReference, createWorkQueue, joinKey, keyOf, resourceNamed, runWorkers, splitKey, type HandleResult, type Informer } from '#client';
import { isAlreadyExists, isNotFound, selectorFromObject } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { indexByController, podsOf } from '../owned-pods.ts';
import { sameValue } from '../same-value.ts';
import { progressDeadlineMs } from './fenceposts.ts';
import { reconcile, sameTemplate, type Plan } from './reconcile.ts';
import { revisionAnnotation } from './revision.ts';
import { condition, withCondition } from './status.ts';

const workers = 5;

interface Caches {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
}

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const caches: Caches = {
    deployments: context.informer<Deployment>('deployments.apps'),
    replicaSets: context.informer<ReplicaSet>('replicasets.apps'),
    pods: context.informer<Pod>('pods'),
  };
  const { deployments, replicaSets, pods } = caches;
  const queue = createWorkQueue(world);
  indexByController(pods);
  deployments.addHandler({
    added: (object) => queue.add(keyOf(object)),
    updated: (object) => queue.add(keyOf(object)),
    deleted: (object) => queue.add(keyOf(object)),
  });
  const ownerOf = (replicaSet: ReplicaSet): Deployment | undefined => {
    const reference = controllerOf(replicaSet);
    if (reference?.kind !== 'Deployment') return undefined;
    const owner = deployments.byKey(joinKey(replicaSet.metadata?.namespace ?? '', reference.name));
    return owner?.metadata?.uid === reference.uid ? owner : undefined;
  };
  const wake = (replicaSet: ReplicaSet): void => {
    const owner = ownerOf(replicaSet);
    if (owner !== undefined) queue.add(keyOf(owner));
    else if (controllerOf(replicaSet) === undefined) {
      for (const candidate of deployments.list(replicaSet.metadata?.namespace)) {
        if (selectorFromObject(candidate.spec?.selector).matches(replicaSet.metadata?.labels ?? {})) queue.add(keyOf(candidate));
      }
    }
  };
  replicaSets.addHandler({
    added: wake,
    updated(object, old) {
      if (object.metadata?.resourceVersion === old.metadata?.resourceVersion) return;
      if (controllerOf(old)?.uid !== controllerOf(object)?.uid) wake(old);
      wake(object);
    },
    deleted: wake,
  });
  const wakeRecreate = (pod: Pod): void => {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'ReplicaSet') return;
    const replicaSet = replicaSets.byKey(joinKey(pod.metadata?.namespace ?? '', reference.name));
    const owner = replicaSet === undefined ? undefined : ownerOf(replicaSet);
    if (owner?.spec?.strategy?.type === 'Recreate') queue.add(keyOf(owner));
  };
  pods.addHandler({ deleted: wakeRecreate });
  const sync = createSync(context, caches);
  return () => runWorkers(world, queue, workers, signal, sync);
}

function createSync(context: ControllerContext, { deployments, replicaSets, pods }: Caches): (key: string) => Promise<HandleResult | void> {
  const { world, client, recorder } = context;
  const info = resourceNamed('deployments.apps');
  return async (key) => {
    const deployment = deployments.byKey(key);
    if (deployment === undefined) return;
    const { namespace, name } = splitKey(key);
    const selector = selectorFromObject(deployment.spec?.selector);
    if (selector.empty) {
      recorder.event(deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
      return;
    }
    const owned = await performClaim(deployment, claim(deployment, selector, replicaSets.list(namespace)), {
      objects: client.resource<ReplicaSet>('replicasets.apps'),
      freshOwner: () => client.resource<Deployment>('deployments.apps').in(namespace).get(name),
      reference: controllerReference(deployment, info),
    });
    const podsByOwner = new Map(owned.map((each) => [each.metadata?.uid ?? '', podsOf(pods, each)]));
    const plan = reconcile({ deployment, replicaSets: owned, pods: podsByOwner }, world.clock.now());
    await perform(context, deployment, plan);
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
  };
}

async function perform(context: ControllerContext, deployment: Deployment, plan: Plan): Promise<void> {
  const { client, recorder } = context;
  const replicaSets = client.resource<ReplicaSet>('replicasets.apps').in(deployment.metadata?.namespace ?? '');
  if (plan.create !== undefined) await create(context, deployment, plan.create);
  for (const { object, scaledFrom } of plan.update) {
    await replicaSets.update(object);
    const replicas = object.spec?.replicas ?? 0;
    if (scaledFrom !== undefined && scaledFrom !== replicas) {
      recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${scaledFrom < replicas ? 'up' : 'down'} replica set ${object.metadata?.name ?? ''} from ${scaledFrom} to ${replicas}`);
    }
  }
  for (const old of plan.remove) {
    await replicaSets.delete(old.metadata?.name ?? '').catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
  await writeStatus(context, deployment, plan);
}

/** One write for status and revision annotation, and none when both are as they should be. */
async function writeStatus({ client }: ControllerContext, deployment: Deployment, plan: Plan): Promise<void> {
  const annotations = deployment.metadata?.annotations ?? {};
  const revised = plan.revision !== undefined && annotations[revisionAnnotation] !== plan.revision;
  if (!revised && sameValue(normalized(deployment.status), normalized(plan.status))) return;
  const metadata = revised ? { ...deployment.metadata, annotations: { ...annotations, [revisionAnnotation]: plan.revision ?? '' } } : deployment.metadata;
  await client.resource<Deployment>('deployments.apps').updateStatus({ ...deployment, metadata, status: plan.status });
}

/** Counts that are absent mean zero. */
function normalized(status: Deployment['status']): object {
  return { observedGeneration: 0, replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0, unavailableReplicas: 0, ...status };
}

async function create(context: ControllerContext, deployment: Deployment, replicaSet: ReplicaSet): Promise<void> {
  const { client, recorder, world } = context;
  const replicaSets = client.resource<ReplicaSet>('replicasets.apps').in(deployment.metadata?.namespace ?? '');
  const name = replicaSet.metadata?.name ?? '';
  try {
    await replicaSets.create(replicaSet);
  } catch (error) {
    const deployments = client.resource<Deployment>('deployments.apps');
    if (isAlreadyExists(error)) {
      const found = await replicaSets.get(name);
      // The cache was behind: it is ours already.
      if (controllerOf(found)?.uid === deployment.metadata?.uid && sameTemplate(found.spec?.template, deployment.spec?.template)) return;
      await deployments.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } });
    } else if (!isNamespaceTerminating(error)) {
      const message = `Failed to create new replica set "${name}": ${errorText(error)}`;
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      if (progressDeadlineMs(deployment) !== undefined) {
        const conditions = withCondition(deployment.status?.conditions ?? [], condition('Progressing', 'False', 'ReplicaSetCreateError', message, world.clock.now()));
        // The creation's error is what counts and is thrown below.
        await deployments.updateStatus({ ...deployment, status: { ...deployment.status, conditions } }).catch(() => undefined);
      }
    }
    throw error;
  }
  const replicas = replicaSet.spec?.replicas ?? 0;
  if (replicas > 0) recorder.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${replicas}`);
}

export const deployment: Controller = {
  name: 'deployment-controller',
  alias: 'deployment',
  is: 'Rolls ReplicaSets so that the pods become what the template says.',
  serviceAccount: 'deployment-controller',
  reads: ['deployments.apps', 'replicasets.apps', 'pods'],
  writes: ['replicasets.apps', 'deployments.apps/status'],
  setUp,
};
