// A Job's pods: their completion index, whether they count as failed, and the finalizer by which none is lost
// from the count (KEP-2307).
import type { Job } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredFailureCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

export function isSuspended(job: Job): boolean {
  return job.spec?.suspend === true;
}

export function isFinishedJob(job: Job): boolean {
  return (job.status?.conditions ?? []).some((condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True');
}

/** Managed by somebody else (KEP-4368). */
export function isForeign(job: Job): boolean {
  return job.spec?.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller';
}

export function isTracked(pod: Pod): boolean {
  return (pod.metadata?.finalizers ?? []).includes(trackingFinalizer);
}

/** undefined when the pod has none that makes sense. */
export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[indexKey];
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** The index when it is one of the Job's. */
export function validIndex(job: Job, pod: Pod): number | undefined {
  const index = completionIndex(pod);
  return index !== undefined && index < (job.spec?.completions ?? 0) ? index : undefined;
}

/** Pods are replaced only once they have really failed, not when they begin to terminate. */
export function replacesOnlyFailed(job: Job): boolean {
  return job.spec?.podReplacementPolicy === 'Failed' || job.spec?.podFailurePolicy !== undefined;
}

export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata?.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

function annotatedCount(pod: Pod, name: string): number {
  const text = pod.metadata?.annotations?.[name] ?? '';
  const value = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return value < 2 ** 31 ? value : 0;
}

/** Failures of the pod's index before it that count against backoffLimitPerIndex. */
export function indexFailures(pod: Pod): number {
  return annotatedCount(pod, failureCountAnnotation);
}

export function ignoredIndexFailures(pod: Pod): number {
  return annotatedCount(pod, ignoredFailureCountAnnotation);
}
