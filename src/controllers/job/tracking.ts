// Counting finished pods so that none is lost or counted twice, whenever the controller dies (KEP-2307): a pod's
// uid is written into uncountedTerminatedPods before its finalizer is taken away, and moves into the counters
// only afterwards. Pure; each step's result is one status to write.
import type { Job, JobCondition, JobStatus } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { sameValue } from '../same-value.ts';
import { count, formatIntervals, has, withIndexes } from './intervals.ts';
import { completionIndex, isFailed, isIndexed, isSuspended, isTracked, validIndex } from './job-pods.ts';
import { failureMeaning } from './policies.ts';
import { findCondition, jobCondition, type Plan } from './reconcile.ts';

/** More than this many uids are not kept in a status at once. */
export const maxUncounted = 500;

/** The pods as they stand after the plan was carried out. */
export interface Performed {
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  /** The end of the Job, unless not all could be done yet. */
  readonly finished: JobCondition | undefined;
  /** The cache was up to date and the number of pods looked at. */
  readonly managed: boolean;
}

export interface Tracked {
  /** To be written before any finalizer goes. */
  readonly status: JobStatus;
  readonly mustWrite: boolean;
  /** Pods that may lose their finalizer once the status is written. */
  readonly release: readonly Pod[];
  /** Complete or Failed, to be told when everything is counted. */
  readonly finished: JobCondition | undefined;
  readonly moreToCount: boolean;
  readonly suspension: 'Suspended' | 'Resumed' | undefined;
}

interface Uncounted {
  readonly succeeded: string[];
  readonly failed: string[];
}

/** Moves uids of pods that have no finalizer any more into the counters. */
function countReleased(status: JobStatus, tracked: ReadonlySet<string>, indexed: boolean): JobStatus {
  const before = { succeeded: status.uncountedTerminatedPods?.succeeded ?? [], failed: status.uncountedTerminatedPods?.failed ?? [] };
  const left: Uncounted = { succeeded: before.succeeded.filter((uid) => tracked.has(uid)), failed: before.failed.filter((uid) => tracked.has(uid)) };
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + (indexed ? 0 : before.succeeded.length - left.succeeded.length),
    failed: (status.failed ?? 0) + before.failed.length - left.failed.length,
    uncountedTerminatedPods: left,
  };
}

/** First step: what to write, and whom to release then. */
export function track(job: Job, pods: readonly Pod[], released: ReadonlySet<string>, plan: Plan, performed: Performed, nowMs: number): Tracked {
  const indexed = isIndexed(job);
  const stillTracked = pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata?.uid ?? ''));
  let status = countReleased({ ...job.status, startTime: plan.view.startTime }, new Set(stillTracked.map((pod) => pod.metadata?.uid ?? '')), indexed);
  const uncounted: Uncounted = { succeeded: [...(status.uncountedTerminatedPods?.succeeded ?? [])], failed: [...(status.uncountedTerminatedPods?.failed ?? [])] };
  const newIndexes: number[] = [];
  const release: Pod[] = [];
  const ordered = indexed ? [...stillTracked].sort((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1)) : stillTracked;
  let moreToCount = false;
  for (const pod of ordered) {
    if (newIndexes.length + uncounted.succeeded.length + uncounted.failed.length >= maxUncounted) {
      moreToCount = true;
      break;
    }
    if (!mayRelease(job, pod, plan, performed)) continue;
    release.push(pod);
    account(job, pod, plan, performed, uncounted, newIndexes);
  }
  status = { ...status, uncountedTerminatedPods: uncounted, active: performed.active, ready: performed.ready, terminating: performed.terminating };
  if (indexed) {
    const completed = withIndexes(plan.view.previousIndexes, newIndexes);
    const failedIndexes = plan.view.failedIndexes === undefined ? {} : { failedIndexes: formatIntervals(plan.view.failedIndexes) };
    status = { ...status, succeeded: count(completed), completedIndexes: formatIntervals(completed), ...failedIndexes };
  }
  const suspension = performed.managed ? suspensionOf(job) : undefined;
  if (suspension !== undefined) status = withSuspension(status, suspension, nowMs);
  const { conditions, finished } = announce(job, status.conditions ?? [], performed.finished, nowMs);
  status = { ...status, conditions };
  return { status, mustWrite: !sameStatus(job.status, status), release, finished, moreToCount, suspension };
}

function mayRelease(job: Job, pod: Pod, plan: Plan, performed: Performed): boolean {
  if (job.metadata?.deletionTimestamp !== undefined || performed.finished !== undefined || pod.status?.phase === 'Succeeded') return true;
  if (!isFailed(job, pod)) return false;
  const index = completionIndex(pod);
  return index === undefined || plan.view.keptPerIndex.get(index)?.metadata?.uid !== pod.metadata?.uid;
}

function account(job: Job, pod: Pod, plan: Plan, performed: Performed, uncounted: Uncounted, newIndexes: number[]): void {
  const uid = pod.metadata?.uid ?? '';
  const counted = uncounted.failed.includes(uid);
  if (pod.status?.phase === 'Succeeded' && !counted) {
    if (!isIndexed(job)) {
      if (!uncounted.succeeded.includes(uid)) uncounted.succeeded.push(uid);
      return;
    }
    const index = validIndex(job, pod);
    if (index !== undefined && !has(plan.view.previousIndexes, index) && !newIndexes.includes(index)) newIndexes.push(index);
    return;
  }
  // Pods deleted because the Job failed count as failed; those deleted because it succeeded do not.
  const lost = performed.finished !== undefined && performed.finished.type !== 'SuccessCriteriaMet';
  if (counted || !(isFailed(job, pod) || lost)) return;
  if (isIndexed(job) && validIndex(job, pod) === undefined) return;
  if (failureMeaning(job.spec, pod).counts) uncounted.failed.push(uid);
}

function suspensionOf(job: Job): 'Suspended' | 'Resumed' | undefined {
  const told = job.status?.conditions?.find((condition) => condition.type === 'Suspended');
  if (isSuspended(job)) return told?.status === 'True' ? undefined : 'Suspended';
  return told?.status === 'True' ? 'Resumed' : undefined;
}

function withSuspension(status: JobStatus, suspension: 'Suspended' | 'Resumed', nowMs: number): JobStatus {
  const others = (status.conditions ?? []).filter((condition) => condition.type !== 'Suspended');
  if (suspension === 'Suspended') {
    const { startTime: _, ...rest } = status;
    return { ...rest, conditions: [...others, jobCondition('Suspended', 'JobSuspended', 'Job suspended', nowMs)] };
  }
  const resumed = jobCondition('Suspended', 'JobResumed', 'Job resumed', nowMs, 'False');
  return { ...status, startTime: resumed.lastTransitionTime, conditions: [...others, resumed] };
}

/** FailureTarget and SuccessCriteriaMet are told at once, Failed and Complete when all pods are gone and counted. */
function announce(job: Job, conditions: readonly JobCondition[], end: JobCondition | undefined, nowMs: number): { conditions: JobCondition[]; finished: JobCondition | undefined } {
  if (end === undefined) return { conditions: [...conditions], finished: undefined };
  const told = findCondition(job, end.type) !== undefined;
  const next = told || end.type === 'Failed' ? [...conditions] : [...conditions, end];
  const type = end.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
  return { conditions: next, finished: jobCondition(type, end.reason ?? '', end.message ?? '', nowMs) };
}

export interface Settled {
  readonly status: JobStatus;
  readonly mustWrite: boolean;
  /** The Job ends with this write. */
  readonly finished: JobCondition | undefined;
}

/** Second step, after finalizers went: the counters, and the end if nothing is left. */
export function settle(job: Job, tracked: Tracked, stillTracked: ReadonlySet<string>): Settled {
  let status = countReleased(tracked.status, stillTracked, isIndexed(job));
  const open = (status.uncountedTerminatedPods?.succeeded ?? []).length + (status.uncountedTerminatedPods?.failed ?? []).length;
  const ends = tracked.finished !== undefined && !tracked.moreToCount && open === 0 && (status.terminating ?? 0) === 0;
  if (ends && tracked.finished !== undefined) {
    const completionTime = tracked.finished.type === 'Complete' ? { completionTime: tracked.finished.lastTransitionTime } : {};
    status = { ...status, conditions: [...(status.conditions ?? []), tracked.finished], ...completionTime };
  }
  return { status, mustWrite: !sameStatus(tracked.status, status), finished: ends ? tracked.finished : undefined };
}

/** Absent counts are zero. */
function sameStatus(a: JobStatus | undefined, b: JobStatus): boolean {
  const full = (status: JobStatus | undefined): object => {
    const { succeeded = [], failed = [] } = status?.uncountedTerminatedPods ?? {};
    return { active: 0, succeeded: 0, failed: 0, ...status, completedIndexes: status?.completedIndexes ?? '', uncountedTerminatedPods: { succeeded, failed } };
  };
  return sameValue(full(a), full(b));
}
