// Keeps status.used of ResourceQuotas true as objects come, change and go. Admission charges creations at once; this
// gives back what deletions free and counts everything anew every few minutes. Kinds that a quota counts as mere
// objects are watched from the first quota on that does so.
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '#api/core/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { createWorkQueue, keyOf, runWorkers, type ApiObject, type Informer } from '#client';
import { counterOf, type Counter } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isFinished } from '../pod-state.ts';
import { sameValue } from '../same-value.ts';
import { createCustomCounts } from './custom-counts.ts';
import { reconcile } from './reconcile.ts';

const workers = 5;
const resyncMs = 5 * 60_000;

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const quotas = context.informer<ResourceQuota>('resourcequotas');
  const pods = context.informer<Pod>('pods');
  const services = context.informer<Service>('services');
  const claims = context.informer<PersistentVolumeClaim>('persistentvolumeclaims');
  const queue = createWorkQueue(world);
  const same = (a: Counter | undefined, b: Counter): boolean => a === b || (typeof a === 'object' && typeof b === 'object' && a.objects === b.objects);
  const enqueue = (among: readonly ResourceQuota[], counter: Counter): void => {
    for (const quota of among) if (Object.keys(quota.spec?.hard ?? {}).some((name) => same(counterOf(name), counter))) queue.add(keyOf(quota));
  };
  const replenish = (namespace: string, counter: Counter): void => enqueue(quotas.list(namespace), counter);
  watch(pods, 'pods', replenish, frees);
  watch(services, 'services', replenish, (service, old) => service.spec?.type !== old.spec?.type);
  watch(claims, 'persistentvolumeclaims', replenish, (claim, old) => !sameValue(claim.spec, old.spec) || !sameValue(claim.status?.allocatedResources, old.status?.allocatedResources));
  quotas.addHandler({
    added: (quota) => queue.add(keyOf(quota)),
    updated(quota, old) {
      if (!sameValue(quota.spec?.hard, old.spec?.hard)) queue.add(keyOf(quota));
    },
  });
  const counters = createCounters(context, replenish, (counter) => enqueue(quotas.list(), counter));
  const sync = async (key: string): Promise<void> => {
    const quota = quotas.byKey(key);
    if (quota === undefined) return;
    const namespace = quota.metadata?.namespace ?? '';
    const numbers = new Map<string, number | undefined>();
    for (const name of Object.keys(quota.spec?.hard ?? {})) {
      const counter = counterOf(name);
      if (typeof counter === 'object') numbers.set(counter.objects, await counters.count(counter.objects, namespace));
    }
    const status = reconcile({ quota, pods: pods.list(namespace), services: services.list(namespace), claims: claims.list(namespace), objects: (resource) => numbers.get(resource) }, world.clock.now());
    if (status !== undefined) await client.resource<ResourceQuota>('resourcequotas').in(namespace).updateStatus({ ...quota, status });
  };
  return async () => {
    const all = every(world.clock, resyncMs, signal, () => {
      for (const quota of quotas.list()) queue.add(keyOf(quota));
    });
    await Promise.all([all, counters.run(), runWorkers(world, queue, workers, signal, sync)]);
  };
}

function watch<T extends ApiObject>(informer: Informer<T>, counter: Counter, replenish: (namespace: string, counter: Counter) => void, matters: (object: T, old: T) => boolean): void {
  const wake = (object: T): void => replenish(object.metadata?.namespace ?? '', counter);
  // Not on additions: admission has charged them, and a count from a cache that lags behind would take that back.
  informer.addHandler({
    updated(object, old) {
      if (matters(object, old)) wake(object);
    },
    deleted: wake,
  });
}

/** Finished or past its grace, held to a deadline or no longer, or with other resources than before. */
function frees(pod: Pod, old: Pod): boolean {
  const held = (of: Pod): unknown[] => [...(of.status?.containerStatuses ?? []), ...(of.status?.initContainerStatuses ?? [])].map(({ name, resources }) => [name, resources]);
  const isBounded = (of: Pod): boolean => (of.spec?.activeDeadlineSeconds ?? -1) >= 0;
  return isFinished(pod) !== isFinished(old) || isBounded(pod) !== isBounded(old) || (old.status?.containerStatuses !== undefined && !sameValue(held(pod), held(old)));
}

interface Counters {
  count(resource: string, namespace: string): Promise<number | undefined>;
  run(): Promise<void>;
}

/** Counts objects: of built-in kinds with informers, of custom ones by their names. */
function createCounters(context: ControllerContext, replenish: (namespace: string, counter: Counter) => void, recount: (counter: Counter) => void): Counters {
  const informers = new Map<string, Informer<ApiObject> | undefined>();
  const informerOf = (resource: string): Informer<ApiObject> | undefined => {
    if (informers.has(resource)) return informers.get(resource);
    let informer: Informer<ApiObject> | undefined;
    try {
      informer = context.informer<ApiObject>(resource);
      watch(informer, { objects: resource }, replenish, () => false);
    } catch {
      // Not of the built-in kinds.
    }
    informers.set(resource, informer);
    return informer;
  };
  const custom = createCustomCounts(context, (objects, namespace) => replenish(namespace, { objects }), (objects) => recount({ objects }));
  return {
    async count(resource, namespace) {
      try {
        const informer = informerOf(resource);
        if (informer === undefined) return await custom.count(resource, namespace);
        await informer.synced;
        return informer.list(namespace).length;
      } catch (error) {
        context.world.log.warn('objects of a quota cannot be counted', { resource, namespace, error: errorText(error) });
        return undefined;
      }
    },
    run: () => custom.run(),
  };
}

export const resourcequota: Controller = {
  name: 'resourcequota-controller',
  alias: 'resourcequota',
  is: 'Counts what of a ResourceQuota is used.',
  serviceAccount: 'resourcequota-controller',
  reads: ['resourcequotas', 'pods', 'services', 'persistentvolumeclaims', '*'],
  writes: ['resourcequotas/status'],
  setUp,
};
