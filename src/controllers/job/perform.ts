// Carries a Job's plan out: pods created in doubling batches and deleted, finalizers taken away, status written.
// A pod that is deleted to shrink the Job loses its finalizer first, so that it does not count as failed.
import type { Job, JobCondition, JobStatus } from '#api/batch/v1.ts';
import type { Container, Pod, PodTemplateSpec } from '#api/core/v1.ts';
import { controllerReference, keyOf, resourceNamed, type Expectations } from '#client';
import { isNotFound } from '#machinery';
import type { ControllerContext } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { isReady } from '../pod-state.ts';
import { createPodWriter } from '../pod-writer.ts';
import { slowStart } from '../slow-start.ts';
import { failureCountAnnotation, ignoredFailureCountAnnotation, ignoredIndexFailures, indexFailures, indexKey, isIndexed, isTracked, trackingFinalizer } from './job-pods.ts';
import { failureMeaning } from './policies.ts';
import { jobCondition, type Creation, type Plan } from './reconcile.ts';
import type { Performed } from './tracking.ts';

const longestGenerateName = 58;

export interface Performer {
  carryOut(job: Job, key: string, plan: Plan, settled: boolean): Promise<{ performed: Performed; error: unknown }>;
  writeStatus(job: Job, status: JobStatus): Promise<Job>;
  /** Takes finalizers away; uids of the released are added to `released`. */
  release(pods: readonly Pod[], released: Set<string>): Promise<{ error: unknown }>;
  releaseOne(pod: Pod): Promise<void>;
  tellFinished(job: Job, status: JobStatus, end: JobCondition): void;
}

export function createPerformer(context: ControllerContext, expectations: Expectations): Performer {
  const { client, recorder, world } = context;
  const writer = createPodWriter(client, recorder);
  const pods = client.resource<Pod>('pods');
  const reference = (job: Job) => controllerReference(job, resourceNamed('jobs.batch'));

  const releaseOne = async (pod: Pod): Promise<void> => {
    await pods.in(pod.metadata?.namespace ?? '').patch(pod.metadata?.name ?? '', 'strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } });
  };

  /** How many pods are gone, how many of them were ready, and the first failure. */
  const removeAll = async (job: Job, key: string, plan: Plan): Promise<{ removed: number; ready: number; error: unknown }> => {
    const { pods: doomed, release } = plan.remove;
    if (release) expectations.expectDeletions(key, doomed.map(keyOf));
    const results = await Promise.allSettled(
      doomed.map(async (pod) => {
        try {
          if (release && isTracked(pod)) await releaseOne(pod);
          await writer.delete(job, pod);
        } catch (error) {
          if (release) expectations.deletionObserved(key, keyOf(pod));
          if (!isNotFound(error)) throw error;
        }
        return isReady(pod);
      }),
    );
    const done = results.filter((result) => result.status === 'fulfilled');
    return { removed: done.length, ready: done.filter((result) => result.value).length, error: results.find((result) => result.status === 'rejected')?.reason };
  };

  const createAll = async (job: Job, key: string, creations: readonly Creation[]): Promise<{ created: number; error: unknown }> => {
    expectations.expectCreations(key, creations.length);
    const template = templateFor(job);
    const { succeeded, error } = await slowStart(creations.length, async (at) => {
      try {
        await writer.create(job, template, reference(job), (pod) => complete(job, pod, creations[at]));
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let n = succeeded; n < creations.length; n++) expectations.creationObserved(key);
    return { created: succeeded, error };
  };

  return {
    async carryOut(job, key, plan, settled) {
      const { view } = plan;
      const { removed, ready, error } = await removeAll(job, key, plan);
      const creating = plan.create.length > 0 ? await createAll(job, key, plan.create) : { created: 0, error: undefined };
      const active = view.active.length - removed + creating.created;
      // The end is told only when it is certain that no pod is left running.
      let finished = plan.finished !== undefined && settled && removed === view.active.length ? plan.finished : undefined;
      if (plan.finished === undefined && isComplete(job, view.succeeded, active)) {
        finished = jobCondition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods', world.clock.now());
      }
      const performed = { active, ready: view.ready - ready, terminating: view.terminating + removed, finished, managed: plan.managed && finished === undefined };
      return { performed, error: error ?? creating.error };
    },
    writeStatus: (job, status) => client.resource<Job>('jobs.batch').updateStatus({ ...job, status }),
    async release(list, released) {
      for (const pod of list) released.add(pod.metadata?.uid ?? '');
      const results = await Promise.allSettled(
        list.map(async (pod) => {
          try {
            await releaseOne(pod);
          } catch (error) {
            if (isNotFound(error)) return;
            released.delete(pod.metadata?.uid ?? '');
            throw error;
          }
        }),
      );
      return { error: results.find((result) => result.status === 'rejected')?.reason };
    },
    releaseOne,
    tellFinished(job, status, end) {
      if (end.type !== 'Complete') {
        recorder.event(job, 'Warning', end.reason ?? '', end.message ?? '');
        return;
      }
      if (job.spec?.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions) {
        recorder.event(job, 'Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
      }
      recorder.event(job, 'Normal', 'Completed', 'Job completed');
    },
  };
}

function isComplete(job: Job, succeeded: number, active: number): boolean {
  const completions = job.spec?.completions;
  return active === 0 && (completions === undefined ? succeeded > 0 : succeeded >= completions);
}

/** The Job's template; containers of Indexed Jobs learn their index from the environment. */
function templateFor(job: Job): PodTemplateSpec {
  const template = job.spec?.template ?? {};
  if (!isIndexed(job) || template.spec === undefined) return template;
  const informed = (container: Container): Container => {
    if ((container.env ?? []).some((variable) => variable.name === 'JOB_COMPLETION_INDEX')) return container;
    const variable = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } } };
    return { ...container, env: [...(container.env ?? []), variable] };
  };
  const { initContainers, containers } = template.spec;
  return { ...template, spec: { ...template.spec, containers: containers.map(informed), ...(initContainers === undefined ? {} : { initContainers: initContainers.map(informed) }) } };
}

/** Finalizer, and for Indexed Jobs name, host name, index and the count of its failures. */
function complete(job: Job, pod: Pod, creation: Creation | undefined): void {
  const metadata = pod.metadata ?? {};
  pod.metadata = metadata;
  if (!isTracked(pod)) metadata.finalizers = [...(metadata.finalizers ?? []), trackingFinalizer];
  const index = creation?.index;
  if (index === undefined) return;
  const name = job.metadata?.name ?? '';
  const suffix = `-${index}-`;
  metadata.generateName = `${name.slice(0, longestGenerateName - suffix.length)}${suffix}`;
  metadata.annotations = { ...metadata.annotations, [indexKey]: String(index) };
  metadata.labels = { ...metadata.labels, [indexKey]: String(index) };
  if (pod.spec !== undefined) pod.spec.hostname = `${name}-${index}`;
  if (job.spec?.backoffLimitPerIndex === undefined) return;
  const last = creation?.replaces;
  const counts = last !== undefined && failureMeaning(job.spec, last).counts;
  const failures = last === undefined ? 0 : indexFailures(last) + (counts ? 1 : 0);
  const ignored = last === undefined ? 0 : ignoredIndexFailures(last) + (counts ? 0 : 1);
  metadata.annotations[failureCountAnnotation] = String(failures);
  if (ignored > 0) metadata.annotations[ignoredFailureCountAnnotation] = String(ignored);
}
