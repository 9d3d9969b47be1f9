// Namespaces that are being deleted: empties them, says how far that is, and lets them go when nothing is left.
// The end of a pod wakes its namespace, so that deletion takes as long as the pods and not a guess longer.
import type { Namespace, Pod } from '#api/core/v1.ts';
import { createWorkQueue, discover, resourcePath, runWorkers, type HandleResult } from '#client';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { deleteContent } from './content.ts';
import { finalized, finalizer, reconcile, type Decision } from './reconcile.ts';

const workers = 10;

function setUp(context: ControllerContext): Run {
  const { world, config, signal } = context;
  const namespaces = context.informer<Namespace>('namespaces');
  const pods = context.informer<Pod>('pods');
  const queue = createWorkQueue(world, { maxDelayMs: 60_000 });
  const looks = new Map<string, number>();
  const isDying = (namespace: Namespace | undefined): boolean => namespace?.metadata?.deletionTimestamp !== undefined;
  const wake = (namespace: Namespace): void => {
    if (isDying(namespace)) queue.addAfter(namespace.metadata?.name ?? '', config.namespaceDeletionGraceMs);
  };
  namespaces.addHandler({ added: wake, updated: wake, deleted: (namespace) => void looks.delete(namespace.metadata?.name ?? '') });
  pods.addHandler({
    deleted(pod) {
      const name = pod.metadata?.namespace ?? '';
      if (isDying(namespaces.byKey(name)) && looks.has(name)) queue.add(name);
    },
  });
  const sync = async (name: string): Promise<HandleResult | void> => {
    if (!isDying(namespaces.byKey(name))) return;
    const decision = await empty(context, name);
    if (decision?.againAfterSeconds === undefined) return;
    // Sooner at first: most content is gone in a moment.
    const count = (looks.get(name) ?? 0) + 1;
    looks.set(name, count);
    return { requeueAfterMs: Math.min(2 ** (count - 1), decision.againAfterSeconds) * 1000 };
  };
  return () => runWorkers(world, queue, workers, signal, sync);
}

async function empty({ world, client, programClient, signal }: ControllerContext, name: string): Promise<Decision | undefined> {
  const resource = client.resource<Namespace>('namespaces');
  let namespace = await resource.get(name).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (namespace?.metadata?.deletionTimestamp === undefined) return undefined;
  if (namespace.status?.phase !== 'Terminating') namespace = await resource.updateStatus({ ...namespace, status: { ...namespace.status, phase: 'Terminating' } });
  if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return undefined;
  const outcome = await deleteContent(client, await discover(programClient, signal), name, signal);
  const decision = reconcile(namespace, outcome, world.clock.now());
  if (decision.conditionsChanged) namespace = await resource.updateStatus({ ...namespace, status: { ...namespace.status, conditions: [...decision.conditions] } });
  if (decision.finalize) {
    await client.raw('PUT', resourcePath(resource.info, '', name, 'finalize'), finalized(namespace), { signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  } else if (decision.againAfterSeconds === undefined) {
    throw new Error(`namespace ${name} is not empty yet: ${[...outcome.errors, ...outcome.discoveryFailures].join(', ')}`);
  }
  return decision;
}

export const namespace: Controller = {
  name: 'namespace-controller',
  alias: 'namespace',
  is: 'Empties namespaces that are being deleted and lets them go.',
  serviceAccount: 'namespace-controller',
  reads: ['namespaces', 'pods', '*'],
  writes: ['*', 'namespaces/status', 'namespaces/finalize'],
  setUp,
};
