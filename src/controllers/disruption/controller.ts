// Keeps the status of PodDisruptionBudgets, which evictions ask before they go through, and takes DisruptionTarget
// conditions back from pods that were to be evicted and were not.
import type { Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1.ts';
import type { Scale } from '#api/autoscaling/v1.ts';
import type { Pod, ReplicationController } from '#api/core/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#api/policy/v1.ts';
import { errorText } from '#base/errors.ts';
import { controllerOf, createWorkQueue, discover, keyOf, runWorkers, type ApiObject, type HandleResult, type Informer } from '#client';
import { isConflict, isNotFound, parseApiVersion, selectorFromObject } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { cleared, expectedOf, failSafe, needsScale, reconcile, selectorText, staleInMs } from './reconcile.ts';

interface Caches {
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly pods: Informer<Pod>;
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly replicationControllers: Informer<ReplicationController>;
}

function setUp(context: ControllerContext): Run {
  const { world, client, recorder, signal } = context;
  const caches: Caches = {
    budgets: context.informer<PodDisruptionBudget>('poddisruptionbudgets.policy'),
    pods: context.informer<Pod>('pods'),
    deployments: context.informer<Deployment>('deployments.apps'),
    replicaSets: context.informer<ReplicaSet>('replicasets.apps'),
    statefulSets: context.informer<StatefulSet>('statefulsets.apps'),
    replicationControllers: context.informer<ReplicationController>('replicationcontrollers'),
  };
  const { budgets, pods } = caches;
  const queue = createWorkQueue(world);
  const stale = createWorkQueue(world);
  const matching = (pod: Pod): PodDisruptionBudget[] => budgets.list(pod.metadata?.namespace).filter((budget) => selectorFromObject(budget.spec?.selector).matches(pod.metadata?.labels ?? {}));
  const podChanged = (pod: Pod): void => {
    const [first, ...others] = matching(pod);
    if (others.length > 0) recorder.event(pod, 'Warning', 'MultiplePodDisruptionBudgets', `Pod "${pod.metadata?.namespace}"/"${pod.metadata?.name}" matches multiple PodDisruptionBudgets.  Chose "${first?.metadata?.name}" arbitrarily.`);
    if (first !== undefined) queue.add(keyOf(first));
  };
  const podSeen = (pod: Pod): void => {
    podChanged(pod);
    const wait = staleInMs(pod, world.clock.now());
    if (wait !== undefined) stale.addAfter(keyOf(pod), wait);
  };
  pods.addHandler({
    added: podSeen,
    updated(pod, old) {
      podSeen(pod);
      // Whoever it left counts one less.
      for (const budget of matching(old)) queue.add(keyOf(budget));
    },
    deleted: podChanged,
  });
  const wake = (budget: PodDisruptionBudget): void => queue.add(keyOf(budget));
  budgets.addHandler({ added: wake, updated: wake });
  return async () => {
    await Promise.all([
      runWorkers(world, queue, 1, signal, async (key) => {
        const budget = budgets.byKey(key);
        if (budget !== undefined) return syncOrFailSafe(context, caches, budget);
      }),
      runWorkers(world, stale, 1, signal, async (key) => {
        const pod = pods.byKey(key);
        const wait = pod === undefined ? undefined : staleInMs(pod, world.clock.now());
        if (pod === undefined || wait === undefined) return;
        if (wait > 0) return { requeueAfterMs: wait };
        await client.resource<Pod>('pods').in(pod.metadata?.namespace ?? '').updateStatus(cleared(pod, world.clock.now()));
      }),
    ]);
  };
}

async function syncOrFailSafe(context: ControllerContext, caches: Caches, budget: PodDisruptionBudget): Promise<HandleResult | void> {
  try {
    return await sync(context, caches, budget);
  } catch (error) {
    if (isConflict(error)) throw error;
    context.world.log.warn('a disruption budget allows nothing, as it cannot be worked out', { budget: keyOf(budget), error: errorText(error) });
    const status = failSafe(budget, errorText(error), context.world.clock.now());
    if (JSON.stringify(status) !== JSON.stringify(budget.status)) await writeStatus(context, budget, status);
  }
}

async function sync(context: ControllerContext, caches: Caches, budget: PodDisruptionBudget): Promise<HandleResult | void> {
  const { world, recorder } = context;
  const selector = selectorFromObject(budget.spec?.selector);
  const pods = caches.pods.list(budget.metadata?.namespace).filter((pod) => selector.matches(pod.metadata?.labels ?? {}));
  if (pods.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
  let scale: Scaled = { total: 0, unmanaged: 0 };
  if (needsScale(budget)) {
    try {
      scale = await scaleOf(context, caches, pods);
    } catch (error) {
      recorder.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${errorText(error)}`);
      throw error;
    }
  }
  if (scale.unmanaged > 0) {
    recorder.event(
      budget,
      'Warning',
      'UnmanagedPods',
      `Pods selected by this PodDisruptionBudget (selector: ${selectorText(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    );
  }
  const verdict = reconcile(budget, pods, expectedOf(budget, scale.total, pods.length), world.clock.now());
  for (const pod of verdict.notDeleted) recorder.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${budget.metadata?.namespace}/${budget.metadata?.namespace} to be deleted but it wasn't`);
  if (verdict.changed) await writeStatus(context, budget, verdict.status);
  return verdict.recheckMs === undefined ? undefined : { requeueAfterMs: verdict.recheckMs + 1 };
}

async function writeStatus({ client }: ControllerContext, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
  await client.resource<PodDisruptionBudget>('poddisruptionbudgets.policy').in(budget.metadata?.namespace ?? '').updateStatus({ ...budget, status });
}

interface Scaled {
  readonly total: number;
  readonly unmanaged: number;
}

interface Found {
  readonly uid: string;
  readonly replicas: number;
}

/** How many pods the controllers of `pods` want together. Rejects when one of them cannot be found. */
async function scaleOf(context: ControllerContext, caches: Caches, pods: readonly Pod[]): Promise<Scaled> {
  const byUid = new Map<string, number>();
  const asked = new Set<string>();
  let unmanaged = 0;
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined) unmanaged++;
    if (reference === undefined || asked.has(reference.uid)) continue;
    asked.add(reference.uid);
    const found = cachedScale(caches, reference, pod.metadata?.namespace ?? '') ?? (await scaleSubresource(context, reference, pod.metadata?.namespace ?? ''));
    if (found === undefined) throw new Error(`found no controllers for pod "${pod.metadata?.name}"`);
    byUid.set(found.uid, found.replicas);
  }
  return { total: [...byUid.values()].reduce((sum, each) => sum + each, 0), unmanaged };
}

function cachedScale(caches: Caches, reference: OwnerReference, namespace: string): Found | undefined {
  const { group } = parseApiVersion(reference.apiVersion);
  const found = <T extends ApiObject & { spec?: { replicas?: number } }>(informer: Informer<T>, { name, uid }: OwnerReference): T | undefined => {
    const object = informer.get(namespace, name);
    return object?.metadata?.uid === uid ? object : undefined;
  };
  const scale = (object: (ApiObject & { spec?: { replicas?: number } }) | undefined): Found | undefined => (object === undefined ? undefined : { uid: object.metadata?.uid ?? '', replicas: object.spec?.replicas ?? 1 });
  switch (`${reference.kind}.${group}`) {
    case 'ReplicationController.':
      return scale(found(caches.replicationControllers, reference));
    case 'StatefulSet.apps':
      return scale(found(caches.statefulSets, reference));
    case 'ReplicaSet.apps': {
      const replicaSet = found(caches.replicaSets, reference);
      const owner = replicaSet === undefined ? undefined : controllerOf(replicaSet);
      // During a rollout a Deployment's ReplicaSets want more together than it does.
      return owner?.kind === 'Deployment' ? scale(found(caches.deployments, owner)) : scale(replicaSet);
    }
    default:
      return undefined;
  }
}

/** Any other controller is asked by its scale subresource. */
async function scaleSubresource({ client, programClient, signal }: ControllerContext, reference: OwnerReference, namespace: string): Promise<Found | undefined> {
  const { group, version } = parseApiVersion(reference.apiVersion);
  const { resources } = await discover(programClient, signal);
  const info = resources.find((each) => each.group === group && each.version === version && each.kind === reference.kind) ?? resources.find((each) => each.group === group && each.kind === reference.kind);
  if (info === undefined) throw new Error(`no matches for kind "${reference.kind}" in version "${reference.apiVersion}"`);
  try {
    const scale = await client.forInfo(info).in(namespace).getSub<Scale>(reference.name, 'scale', { signal });
    return scale.metadata?.uid === reference.uid ? { uid: reference.uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (!info.subresources.some((each) => each.name === 'scale')) throw new Error(`${info.group === '' ? info.plural : `${info.plural}.${info.group}`} does not implement the scale subresource`);
    return undefined;
  }
}

export const disruption: Controller = {
  name: 'disruption-controller',
  alias: 'disruption',
  is: 'Works out how many pods a disruption budget allows to be evicted.',
  serviceAccount: 'disruption-controller',
  eventSource: 'controllermanager',
  reads: ['poddisruptionbudgets.policy', 'pods', 'deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'replicationcontrollers'],
  writes: ['poddisruptionbudgets.policy/status', 'pods/status'],
  setUp,
};
