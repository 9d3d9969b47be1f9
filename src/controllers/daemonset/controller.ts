// Keeps one pod of a DaemonSet on every node that fits. Pods are made for their node by affinity and bound by the
// scheduler; template changes roll through the nodes; ControllerRevisions remember the templates. The decisions are
// in reconcile.ts and rolling.ts.
import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '#api/apps/v1.ts';
import type { Node, Pod } from '#api/core/v1.ts';
import { controllerOf, controllerReference, createExpectations, createWorkQueue, joinKey, keyOf, resourceNamed, runWorkers, splitKey, type Expectations, type HandleResult, type Informer } from '#client';
import { isNotFound, selectorFromObject } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { indexByController, orphanPods, podsOf, watchPods } from '../owned-pods.ts';
import { isReady } from '../pod-state.ts';
import { createPodWriter, type PodWriter } from '../pod-writer.ts';
import { indexRevisions, revisionLabel } from '../revision-history.ts';
import { sameValue } from '../same-value.ts';
import { slowStart } from '../slow-start.ts';
import { createFailureBackoff, type FailureBackoff } from './failure-backoff.ts';
import { constructHistory } from './history.ts';
import { fitOf } from './node-fit.ts';
import { burstReplicas, manage, podsByNode, statusOf, surplusHistory, templateFor, type Observed } from './reconcile.ts';
import { roll } from './rolling.ts';

const workers = 2;
const daemonSetInfo = resourceNamed('daemonsets.apps');

interface Parts {
  readonly daemonSets: Informer<DaemonSet>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly revisions: Informer<ControllerRevision>;
  /** Outstanding creations and deletions are kept apart, as one round may ask for both. */
  readonly creations: Expectations;
  readonly deletions: Expectations;
  readonly failures: FailureBackoff;
  readonly writer: PodWriter;
}

function setUp(context: ControllerContext): Run {
  const { world, client, recorder, signal } = context;
  const parts: Parts = {
    daemonSets: context.informer<DaemonSet>('daemonsets.apps'),
    pods: context.informer<Pod>('pods'),
    nodes: context.informer<Node>('nodes'),
    revisions: context.informer<ControllerRevision>('controllerrevisions.apps'),
    creations: createExpectations(world.clock),
    deletions: createExpectations(world.clock),
    failures: createFailureBackoff(world.clock),
    writer: createPodWriter(client, recorder),
  };
  const { daemonSets, pods, nodes, revisions, creations, deletions } = parts;
  const queue = createWorkQueue(world);
  indexByController(pods);
  indexRevisions(revisions);
  const forget = (key: string): void => {
    creations.forget(key);
    deletions.forget(key);
  };
  daemonSets.addHandler({
    added: (daemonSet) => queue.add(keyOf(daemonSet)),
    updated(daemonSet, old) {
      if (daemonSet.metadata?.uid !== old.metadata?.uid) forget(keyOf(old));
      queue.add(keyOf(daemonSet));
    },
    deleted(daemonSet) {
      forget(keyOf(daemonSet));
      queue.add(keyOf(daemonSet));
    },
  });
  watchPods(pods, {
    kind: 'DaemonSet',
    owners: daemonSets,
    matching: (pod) => daemonSets.list(pod.metadata?.namespace).filter((each) => selectorFromObject(each.spec?.selector).matches(pod.metadata?.labels ?? {})),
    created: (key) => creations.creationObserved(key),
    deleted: (key, pod) => deletions.deletionObserved(key, keyOf(pod)),
    changed(key, pod, old, owner) {
      const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
      // A second more than asked, against clocks that differ a little.
      if (minReadySeconds > 0 && isReady(pod) && !isReady(old)) queue.addAfter(key, (minReadySeconds + 1) * 1000);
    },
    enqueue: (key) => queue.add(key),
  });
  revisions.addHandler(revisionEvents(daemonSets, (key) => queue.add(key)));
  const wakeFor = (node: Node): void => {
    for (const daemonSet of daemonSets.list()) if (concerns(parts, daemonSet, node)) queue.add(keyOf(daemonSet));
  };
  nodes.addHandler({
    added: wakeFor,
    updated(node, old) {
      if (!sameValue(node.metadata?.labels, old.metadata?.labels) || !sameValue(node.spec?.taints, old.spec?.taints)) wakeFor(node);
    },
  });
  return () => runWorkers(world, queue, workers, signal, (key) => sync(context, parts, key));
}

/** Whether a change of the node may change what the DaemonSet has to do or to tell. */
function concerns({ pods }: Parts, daemonSet: DaemonSet, node: Node): boolean {
  const { run, stay } = fitOf(daemonSet, node);
  const scheduled = podsByNode(podsOf(pods, daemonSet)).has(node.metadata?.name ?? '');
  return scheduled ? !stay || (daemonSet.status?.numberMisscheduled ?? 0) > 0 : run;
}

/** A revision that changes hands or loses its owner wakes whoever it belongs to or fits. */
function revisionEvents(daemonSets: Informer<DaemonSet>, enqueue: (key: string) => void): { added(r: ControllerRevision): void; updated(r: ControllerRevision, old: ControllerRevision): void; deleted(r: ControllerRevision): void } {
  const wake = (revision: ControllerRevision): void => {
    const owner = controllerOf(revision);
    if (owner?.kind === 'DaemonSet') enqueue(joinKey(revision.metadata?.namespace ?? '', owner.name));
    if (owner !== undefined) return;
    for (const daemonSet of daemonSets.list(revision.metadata?.namespace)) {
      if (selectorFromObject(daemonSet.spec?.selector).matches(revision.metadata?.labels ?? {})) enqueue(keyOf(daemonSet));
    }
  };
  return {
    added: wake,
    updated(revision, old) {
      if (controllerOf(old)?.uid !== controllerOf(revision)?.uid) wake(old);
      wake(revision);
    },
    deleted: wake,
  };
}

async function sync(context: ControllerContext, parts: Parts, key: string): Promise<HandleResult | void> {
  const { world, client, recorder } = context;
  const { daemonSets, nodes, creations, deletions } = parts;
  const daemonSet = daemonSets.byKey(key);
  if (daemonSet === undefined) {
    creations.forget(key);
    deletions.forget(key);
    return;
  }
  const selector = selectorFromObject(daemonSet.spec?.selector);
  if (selector.empty) {
    recorder.event(daemonSet, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
    return;
  }
  if (daemonSet.metadata?.deletionTimestamp !== undefined) return;
  const settled = (): boolean => creations.satisfied(key) && deletions.satisfied(key);
  const acting = settled();
  const { namespace, name } = splitKey(key);
  const own = (): Promise<readonly Pod[]> =>
    performClaim(daemonSet, claim(daemonSet, selector, [...podsOf(parts.pods, daemonSet), ...orphanPods(parts.pods, namespace)]), {
      objects: client.resource<Pod>('pods'),
      freshOwner: () => client.resource<DaemonSet>('daemonsets.apps').in(namespace).get(name),
      reference: controllerReference(daemonSet, daemonSetInfo),
    });
  let pods = await own();
  const { current, old } = await constructHistory(client, parts.revisions, daemonSet, pods);
  const hash = current.metadata?.labels?.[revisionLabel] ?? '';
  const observed = (): Observed => ({ daemonSet, nodes: nodes.list(), pods, hash });
  let failure: unknown;
  let retryMs: number | undefined;
  if (acting) {
    try {
      const backoffKey = `${daemonSet.metadata?.uid}/${daemonSet.status?.observedGeneration ?? 0}`;
      const actions = manage(observed(), (node) => parts.failures.delayOf(`${backoffKey}/${node}`), world.clock.now());
      retryMs = actions.retryMs;
      for (const { type, reason, message } of actions.told) recorder.event(daemonSet, type, reason, message);
      await perform(parts, daemonSet, hash, actions);
      if (settled()) await perform(parts, daemonSet, hash, roll(observed(), world.clock.now()));
      for (const revision of surplusHistory(daemonSet, old, pods)) await client.resource<ControllerRevision>('controllerrevisions.apps').in(namespace).delete(revision.metadata?.name ?? '');
    } catch (error) {
      failure = error;
    }
    pods = podsOf(parts.pods, daemonSet).filter((pod) => selector.matches(pod.metadata?.labels ?? {}));
  }
  const status = statusOf(observed(), acting, world.clock.now());
  if (!sameValue(told(daemonSet.status), told(status))) await writeStatus(context, daemonSet, status);
  if (failure !== undefined) throw failure;
  const minReadySeconds = daemonSet.spec?.minReadySeconds ?? 0;
  if (minReadySeconds > 0 && status.numberReady !== status.numberAvailable) retryMs = Math.min(retryMs ?? minReadySeconds * 1000, minReadySeconds * 1000);
  return retryMs === undefined ? undefined : { requeueAfterMs: retryMs };
}

/** Counts that are absent mean zero. */
function told(status: DaemonSetStatus | undefined): object {
  return { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0, updatedNumberScheduled: 0, numberAvailable: 0, numberUnavailable: 0, ...status };
}

/** Creates and deletes; rejects with the first failure after trying all. */
async function perform(parts: Parts, daemonSet: DaemonSet, hash: string, { create, remove }: { readonly create: readonly string[]; readonly remove: readonly Pod[] }): Promise<void> {
  const { creations, deletions, writer } = parts;
  const key = keyOf(daemonSet);
  const targets = create.slice(0, burstReplicas);
  const victims = remove.slice(0, burstReplicas);
  creations.expectCreations(key, targets.length);
  deletions.expectDeletions(key, victims.map(keyOf));
  const reference = controllerReference(daemonSet, daemonSetInfo);
  const { succeeded, error } = await slowStart(targets.length, async (at) => {
    try {
      await writer.create(daemonSet, templateFor(daemonSet, hash, targets[at] ?? ''), reference);
    } catch (failure) {
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  for (let n = succeeded; n < targets.length; n++) creations.creationObserved(key);
  const results = await Promise.allSettled(
    victims.map(async (pod) => {
      try {
        await writer.delete(daemonSet, pod);
      } catch (failure) {
        deletions.deletionObserved(key, keyOf(pod));
        if (!isNotFound(failure)) throw failure;
      }
    }),
  );
  const failure = error ?? results.find((result) => result.status === 'rejected')?.reason;
  if (failure !== undefined) throw failure;
}

/** Once more on the fresh object when the cached one was old. */
async function writeStatus({ client }: ControllerContext, daemonSet: DaemonSet, status: DaemonSetStatus): Promise<void> {
  const resource = client.resource<DaemonSet>('daemonsets.apps').in(daemonSet.metadata?.namespace ?? '');
  try {
    await resource.updateStatus({ ...daemonSet, status });
  } catch {
    const fresh = await resource.get(daemonSet.metadata?.name ?? '');
    await resource.updateStatus({ ...fresh, status: { ...status, collisionCount: fresh.status?.collisionCount, conditions: fresh.status?.conditions } });
  }
}

export const daemonset: Controller = {
  name: 'daemonset-controller',
  alias: 'daemonset',
  is: 'Keeps a pod of a DaemonSet on every node that fits.',
  serviceAccount: 'daemon-set-controller',
  reads: ['daemonsets.apps', 'pods', 'nodes', 'controllerrevisions.apps'],
  writes: ['pods', 'daemonsets.apps/status', 'controllerrevisions.apps'],
  setUp,
};
