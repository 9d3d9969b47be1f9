// What a Job's pods say about it, and what to do: pods to create and to delete, whether it has succeeded or
// failed, when to look again. Pure; counting pods without losing one is the other half, in tracking.ts.
// Upstream: pkg/controller/job.
import type { Job, JobCondition } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { podsToDelete } from '../deletion-order.ts';
import { isActive, isReady, isTerminating } from '../pod-state.ts';
import { finishedMs, nextRecord, remainingMs, type BackoffRecord } from './backoff.ts';
import { count, firstFree, has, merge, parseIntervals, withIndexes, type Intervals } from './intervals.ts';
import { completionIndex, ignoredIndexFailures, indexFailures, isFailed, isIndexed, isSuspended, isTracked, replacesOnlyFailed, validIndex } from './job-pods.ts';
import { failureMeaning, metSuccessRule } from './policies.ts';

/** Pods created or deleted in one go, at most. */
export const maxPodsPerSync = 500;

export interface Observed {
  readonly job: Job;
  /** Those it controls, finished and terminating ones included. */
  readonly pods: readonly Pod[];
  /** Uids of pods whose finalizer has been taken away, though the cache does not show it yet. */
  readonly released: ReadonlySet<string>;
  /** Nothing created or deleted is still to be seen. */
  readonly settled: boolean;
  readonly backoff: BackoffRecord;
}

export interface Creation {
  readonly index: number | undefined;
  /** The failed pod of the same index that this one stands in for. */
  readonly replaces: Pod | undefined;
}

export interface View {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly previousIndexes: Intervals;
  readonly succeededIndexes: Intervals;
  /** undefined without backoffLimitPerIndex. */
  readonly failedIndexes: Intervals | undefined;
  /** Failed pods kept so that their index's failures are not forgotten. */
  readonly keptPerIndex: ReadonlyMap<number, Pod>;
  readonly backoff: BackoffRecord;
  readonly startTime: string | undefined;
}

export interface Plan {
  readonly view: View;
  /** SuccessCriteriaMet, FailureTarget or Failed: the Job has come to its end. */
  readonly finished: JobCondition | undefined;
  readonly create: readonly Creation[];
  /** `release`: their finalizer goes first, they do not count as failed. */
  readonly remove: { readonly pods: readonly Pod[]; readonly release: boolean };
  /** The number of pods was looked at, so suspension may be told. */
  readonly managed: boolean;
  readonly requeueAfterMs: number | undefined;
}

export function jobCondition(type: string, reason: string, message: string, nowMs: number, status = 'True'): JobCondition {
  const now = rfc3339(nowMs);
  return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
}

export function findCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** What to do now. */
export function reconcile(observed: Observed, nowMs: number): Plan {
  const { job, settled } = observed;
  const view = look(observed, nowMs);
  const end = endOf(observed, view, nowMs);
  const nothing = { view, create: [], managed: false, requeueAfterMs: deadlineMs(job, view, nowMs) };
  if (end !== undefined) return { ...nothing, finished: end, remove: { pods: view.active, release: false }, requeueAfterMs: undefined };
  if (!settled || job.metadata?.deletionTimestamp !== undefined) return { ...nothing, finished: undefined, remove: { pods: [], release: true } };
  return manage(observed, view, nowMs);
}

/** Tracked pods that have not been counted yet and have a valid index. */
function uncounted({ job, pods, released }: Observed, counted: readonly string[]): Pod[] {
  const known = new Set(counted);
  return pods.filter((pod) => {
    const uid = pod.metadata?.uid ?? '';
    return isTracked(pod) && !known.has(uid) && !released.has(uid) && (!isIndexed(job) || validIndex(job, pod) !== undefined);
  });
}

function look(observed: Observed, nowMs: number): View {
  const { job, pods } = observed;
  const status = job.status ?? {};
  const waiting = { succeeded: status.uncountedTerminatedPods?.succeeded ?? [], failed: status.uncountedTerminatedPods?.failed ?? [] };
  const newSucceeded = uncounted(observed, waiting.succeeded).filter((pod) => pod.status?.phase === 'Succeeded');
  const newFailed = uncounted(observed, waiting.failed).filter((pod) => isFailed(job, pod));
  const active = pods.filter(isActive);
  const completions = job.spec?.completions ?? 0;
  const previousIndexes = isIndexed(job) ? parseIntervals(status.completedIndexes, completions) : [];
  const succeededIndexes = isIndexed(job)
    ? withIndexes(previousIndexes, pods.filter((pod) => isTracked(pod) && pod.status?.phase === 'Succeeded').map((pod) => validIndex(job, pod)).filter((index) => index !== undefined))
    : [];
  const failedIndexes = isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined ? failedIndexesOf(job, pods) : undefined;
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded: isIndexed(job) ? count(succeededIndexes) : (status.succeeded ?? 0) + newSucceeded.length + waiting.succeeded.length,
    failed: (status.failed ?? 0) + newFailed.filter((pod) => failureMeaning(job.spec, pod).counts).length + waiting.failed.length,
    previousIndexes,
    succeededIndexes,
    failedIndexes,
    keptPerIndex: failedIndexes === undefined ? new Map() : keptPods(observed, active, succeededIndexes, failedIndexes),
    backoff: nextRecord(observed.backoff, newSucceeded, newFailed),
    startTime: status.startTime ?? (isSuspended(job) ? undefined : rfc3339(nowMs)),
  };
}

function failedIndexesOf(job: Job, pods: readonly Pod[]): Intervals {
  const limit = job.spec?.backoffLimitPerIndex ?? 0;
  const failed = pods.filter((pod) => {
    if (!isTracked(pod) || !isFailed(job, pod)) return false;
    const meaning = failureMeaning(job.spec, pod);
    return meaning.failsIndex || (meaning.counts && indexFailures(pod) >= limit);
  });
  const before = parseIntervals(job.status?.failedIndexes, job.spec?.completions ?? 0);
  return withIndexes(before, failed.map((pod) => validIndex(job, pod)).filter((index) => index !== undefined));
}

/** Per index the latest failed pod that nothing has replaced yet. */
function keptPods(observed: Observed, active: readonly Pod[], succeeded: Intervals, failed: Intervals): Map<number, Pod> {
  const kept = new Map<number, Pod>();
  const running = new Set(active.map(completionIndex));
  const absolute = (pod: Pod): number => indexFailures(pod) + ignoredIndexFailures(pod);
  for (const pod of uncounted(observed, [])) {
    const index = validIndex(observed.job, pod);
    if (index === undefined || !isFailed(observed.job, pod) || has(succeeded, index) || has(failed, index) || running.has(index)) continue;
    const other = kept.get(index);
    if (other === undefined || (absolute(other) <= absolute(pod) && finishedMs(pod) >= finishedMs(other))) kept.set(index, pod);
  }
  return kept;
}

/** The condition under which the Job has ended, if it has. */
function endOf({ job, pods }: Observed, view: View, nowMs: number): JobCondition | undefined {
  const spec = job.spec;
  const met = findCondition(job, 'SuccessCriteriaMet');
  if (met !== undefined) return met;
  const target = findCondition(job, 'FailureTarget');
  if (target !== undefined) return jobCondition('Failed', target.reason ?? '', target.message ?? '', nowMs);
  const failing = (reason: string, message: string): JobCondition => jobCondition('FailureTarget', reason, message, nowMs);
  for (const pod of pods) {
    const why = isFailed(job, pod) ? failureMeaning(spec, pod).failsJob : undefined;
    if (why !== undefined) return failing('PodFailurePolicy', why);
  }
  if (view.failed > (spec?.backoffLimit ?? 6) || tooManyRestarts(job, pods)) return failing('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (deadlineMs(job, view, nowMs) === 0) return failing('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (!isIndexed(job)) return undefined;
  if (view.failedIndexes !== undefined) {
    const lost = count(view.failedIndexes);
    if (spec?.maxFailedIndexes !== undefined && lost > spec.maxFailedIndexes) return failing('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    if (lost > 0 && lost + view.succeeded >= (spec?.completions ?? 0)) return failing('FailedIndexes', 'Job has failed indexes');
  }
  const rule = metSuccessRule(spec, view.succeededIndexes);
  return rule === undefined ? undefined : jobCondition('SuccessCriteriaMet', 'SuccessPolicy', rule, nowMs);
}

/** With restartPolicy OnFailure restarts of containers count against the limit. */
function tooManyRestarts(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const pod of pods) {
    if (pod.status?.phase !== 'Running' && pod.status?.phase !== 'Pending') continue;
    for (const status of [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]) restarts += status.restartCount;
  }
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Time left until activeDeadlineSeconds, 0 when past; undefined when there is no deadline running. */
function deadlineMs(job: Job, view: View, nowMs: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  const started = parseTime(view.startTime);
  if (seconds === undefined || isSuspended(job) || Number.isNaN(started)) return undefined;
  return Math.max(0, started + seconds * 1000 - nowMs);
}

/** The number of pods. */
function manage(observed: Observed, view: View, nowMs: number): Plan {
  const { job } = observed;
  const { active } = view;
  const deadline = deadlineMs(job, view, nowMs);
  const idle = { view, finished: undefined, create: [], remove: { pods: [], release: true }, managed: true, requeueAfterMs: deadline };
  const wanted = wantedActive(job, view);
  const surplus = removable(job, active, Math.max(0, active.length - wanted), nowMs);
  const removed = isSuspended(job) ? surplus : surplus.slice(0, maxPodsPerSync);
  if (isSuspended(job) || removed.length > 0) return { ...idle, remove: { pods: removed, release: true } };
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? view.terminating : 0);
  if (missing <= 0) return idle;
  const perIndex = isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined;
  const wait = perIndex ? 0 : remainingMs(view.backoff, nowMs);
  if (wait > 0) return { ...idle, requeueAfterMs: soonest(deadline, wait) };
  const number = Math.min(missing, maxPodsPerSync);
  if (!isIndexed(job)) return { ...idle, create: Array.from({ length: number }, () => ({ index: undefined, replaces: undefined })) };
  const indexes = pendingIndexes(observed, view, number);
  const waits = indexes.map((index) => indexWaitMs(view.keptPerIndex.get(index), nowMs));
  const ready = indexes.filter((_, at) => waits[at] === 0);
  const create = ready.map((index) => ({ index, replaces: view.keptPerIndex.get(index) }));
  const next = waits.filter((each) => each > 0);
  return { ...idle, create, requeueAfterMs: create.length > 0 || next.length === 0 ? deadline : soonest(deadline, Math.min(...next)) };
}

function soonest(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}

function wantedActive(job: Job, view: View): number {
  if (isSuspended(job)) return 0;
  const parallelism = job.spec?.parallelism ?? 1;
  const completions = job.spec?.completions;
  // A work queue without a number of completions: once one pod has succeeded no new ones are started.
  if (completions === undefined) return view.succeeded > 0 ? view.active.length : parallelism;
  return Math.max(0, Math.min(completions - view.succeeded, parallelism));
}

/** At least `least` pods to delete: for Indexed Jobs also duplicates and those without a valid index. */
function removable(job: Job, active: readonly Pod[], least: number, nowMs: number): Pod[] {
  if (!isIndexed(job)) return podsToDelete(active, least, { related: [], nowMs });
  const byIndex = new Map<number, Pod[]>();
  const removed: Pod[] = [];
  for (const pod of active) {
    const index = validIndex(job, pod);
    if (index === undefined) removed.push(pod);
    else byIndex.set(index, [...(byIndex.get(index) ?? []), pod]);
  }
  const left: Pod[] = [];
  for (const same of byIndex.values()) {
    const extra = podsToDelete(same, same.length - 1, { related: [], nowMs });
    removed.push(...extra);
    left.push(...same.filter((pod) => !extra.includes(pod)));
  }
  if (removed.length < least) removed.push(...podsToDelete(left, least - removed.length, { related: [], nowMs }));
  return removed;
}

function pendingIndexes({ job, pods }: Observed, view: View, wanted: number): number[] {
  const indexes = (list: readonly Pod[]): number[] => list.map(completionIndex).filter((index) => index !== undefined);
  let taken = withIndexes(view.succeededIndexes, indexes(view.active));
  if (replacesOnlyFailed(job)) taken = withIndexes(taken, indexes(pods.filter(isTerminating)));
  if (view.failedIndexes !== undefined) taken = merge(taken, view.failedIndexes);
  return firstFree(taken, wanted, job.spec?.completions ?? 0);
}

function indexWaitMs(last: Pod | undefined, nowMs: number): number {
  if (last === undefined) return 0;
  return remainingMs({ failures: indexFailures(last) + ignoredIndexFailures(last) + 1, lastFailureMs: finishedMs(last) }, nowMs);
}
