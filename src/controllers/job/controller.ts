// Jobs: runs pods to completion. Decisions are in reconcile.ts, counting in tracking.ts; here both are performed,
// in the order that makes the count survive a crash at any point. Pods whose Job is gone or has finished lose
// their tracking finalizer through a queue of their own.
import type { Job } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { controllerOf, controllerReference, createExpectations, createWorkQueue, joinKey, keyOf, resourceNamed, runWorkers, splitKey, type Informer } from '#client';
import { isNotFound, selectorFromObject } from '#machinery';
import { claim, performClaim } from '../claim.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { indexByController, orphanPods, podsOf, watchPods } from '../owned-pods.ts';
import { noFailures, type BackoffRecord } from './backoff.ts';
import { isFinishedJob, isForeign, isTracked, trackingFinalizer } from './job-pods.ts';
import { createPerformer } from './perform.ts';
import { reconcile } from './reconcile.ts';
import { settle, track } from './tracking.ts';

const workers = 5;
const orphanWorkers = 2;
/** Changes of a Job's pods within this time are looked at together. */
const batchMs = 100;

/** Between taking a finalizer away and the cache showing it. */
interface Releases {
  of(key: string): Set<string>;
  forget(key: string): void;
}

function createReleases(): Releases {
  const byKey = new Map<string, Set<string>>();
  return {
    of(key) {
      const found = byKey.get(key) ?? new Set<string>();
      byKey.set(key, found);
      return found;
    },
    forget: (key) => void byKey.delete(key),
  };
}

function setUp(context: ControllerContext): Run {
  const { world, client, signal } = context;
  const jobs = context.informer<Job>('jobs.batch');
  const pods = context.informer<Pod>('pods');
  const queue = createWorkQueue(world, { baseDelayMs: 1000, maxDelayMs: 60_000 });
  const orphans = createWorkQueue(world);
  const expectations = createExpectations(world.clock);
  const releases = createReleases();
  const backoffs = new Map<string, BackoffRecord>();
  /** Jobs that have been written as finished though the cache may still show them running. */
  const finished = new Set<string>();
  indexByController(pods);
  const forget = (key: string): void => {
    expectations.forget(key);
    releases.forget(key);
    backoffs.delete(key);
  };
  const releaseAll = (job: Job): void => {
    for (const pod of podsOf(pods, job)) if (isTracked(pod)) orphans.add(keyOf(pod));
  };
  jobs.addHandler({
    added: (job) => queue.add(keyOf(job)),
    updated(job) {
      queue.add(keyOf(job));
      if (isFinishedJob(job)) releaseAll(job);
    },
    deleted(job) {
      forget(keyOf(job));
      finished.delete(job.metadata?.uid ?? '');
      releaseAll(job);
    },
  });
  watchPods(pods, {
    kind: 'Job',
    owners: jobs,
    matching: (pod) => jobs.list(pod.metadata?.namespace).filter((job) => selectorFromObject(job.spec?.selector).matches(pod.metadata?.labels ?? {})),
    created: (key) => expectations.creationObserved(key),
    deleted(key, pod) {
      expectations.deletionObserved(key, keyOf(pod));
    },
    changed(key, pod) {
      if (!isTracked(pod)) releases.of(key).delete(pod.metadata?.uid ?? '');
    },
    enqueue: (key) => queue.addAfter(key, batchMs),
  });
  const wakeOrphan = (pod: Pod): void => {
    const reference = controllerOf(pod);
    if (!isTracked(pod) || (reference !== undefined && reference.kind !== 'Job')) return;
    const job = reference === undefined ? undefined : jobs.byKey(joinKey(pod.metadata?.namespace ?? '', reference.name));
    if (job === undefined || job.metadata?.uid !== reference?.uid || isFinishedJob(job)) orphans.add(keyOf(pod));
  };
  pods.addHandler({
    added: wakeOrphan,
    updated: wakeOrphan,
    deleted(pod) {
      const reference = controllerOf(pod);
      if (reference?.kind === 'Job') releases.of(joinKey(pod.metadata?.namespace ?? '', reference.name)).delete(pod.metadata?.uid ?? '');
    },
  });
  const info = resourceNamed('jobs.batch');
  const performer = createPerformer(context, expectations);

  const sync = async (key: string): Promise<{ requeueAfterMs: number } | void> => {
    const job = jobs.byKey(key);
    if (job === undefined) {
      forget(key);
      return;
    }
    if (isForeign(job) || isFinishedJob(job) || finished.has(job.metadata?.uid ?? '')) {
      if (isFinishedJob(job)) forget(key);
      return;
    }
    const settled = expectations.satisfied(key);
    const { namespace, name } = splitKey(key);
    const owned = await performClaim(job, claim(job, selectorFromObject(job.spec?.selector), [...podsOf(pods, job), ...orphanPods(pods, namespace)]), {
      objects: client.resource<Pod>('pods'),
      freshOwner: () => client.resource<Job>('jobs.batch').in(namespace).get(name),
      reference: controllerReference(job, info),
      finalizers: [trackingFinalizer],
    });
    const released = releases.of(key);
    const plan = reconcile({ job, pods: owned, released, settled, backoff: backoffs.get(key) ?? noFailures }, world.clock.now());
    const { performed, error } = await performer.carryOut(job, key, plan, settled);
    const step = track(job, owned, released, plan, performed, world.clock.now());
    const first = step.mustWrite ? await performer.writeStatus(job, step.status) : job;
    if (step.mustWrite) backoffs.set(key, plan.view.backoff);
    if (step.suspension !== undefined) context.recorder.event(job, 'Normal', step.suspension, step.suspension === 'Suspended' ? 'Job suspended' : 'Job resumed');
    const release = await performer.release(step.release, released);
    const tracked = new Set(owned.filter((pod) => isTracked(pod) && !released.has(pod.metadata?.uid ?? '')).map((pod) => pod.metadata?.uid ?? ''));
    const last = settle(job, step, tracked);
    if (last.mustWrite) {
      await performer.writeStatus(first, last.status);
      if (last.finished !== undefined) {
        finished.add(job.metadata?.uid ?? '');
        performer.tellFinished(job, last.status, last.finished);
      }
    }
    if (release.error !== undefined) throw release.error;
    if (error !== undefined) throw error;
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: Math.max(plan.requeueAfterMs, 1) };
  };

  const releaseOrphan = async (key: string): Promise<void> => {
    const pod = pods.byKey(key);
    if (pod === undefined || !isTracked(pod)) return;
    const reference = controllerOf(pod);
    const job = reference === undefined ? undefined : ownerOf(jobs, pod);
    if (job !== undefined && (isForeign(job) || !isFinishedJob(job))) return;
    await performer.releaseOne(pod).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  };
  return async () => {
    await Promise.all([runWorkers(world, queue, workers, signal, sync), runWorkers(world, orphans, orphanWorkers, signal, releaseOrphan)]);
  };
}

function ownerOf(jobs: Informer<Job>, pod: Pod): Job | undefined {
  const reference = controllerOf(pod);
  const job = reference === undefined ? undefined : jobs.byKey(joinKey(pod.metadata?.namespace ?? '', reference.name));
  return job?.metadata?.uid === reference?.uid ? job : undefined;
}

export const job: Controller = {
  name: 'job-controller',
  alias: 'job',
  is: 'Runs pods to completion, counting each exactly once.',
  serviceAccount: 'job-controller',
  reads: ['jobs.batch', 'pods'],
  writes: ['pods', 'jobs.batch/status'],
  setUp,
};
