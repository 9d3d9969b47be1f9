// The status of a Job: counters, index lists and conditions that must not contradict each other or go back.
import type { Job, JobStatus } from '#api/batch/v1.ts';
import { parseTime } from '#base/clock.ts';
import { addAll, child, duplicate, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { firstOverlap, indexesError } from './indexes.ts';

/** The value is left out of these messages. */
function contradiction(path: string, detail: string): FieldError {
  return { type: 'Invalid', field: path, badValue: undefined, detail };
}

function isTrue(status: JobStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
}

export function checkJobStatus(job: Job, old: Job): FieldError[] {
  const status: JobStatus = job.status ?? {};
  const errors: FieldError[] = [];
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) addAll(errors, nonNegative(status[field] ?? 0, child('status', field)));
  errors.push(...checkUncounted(status), ...checkConditions(job, status), ...checkFinished(job, status), ...checkIndexes(job, status));
  if ((status.ready ?? 0) > (status.active ?? 0)) errors.push(invalidValue('status.ready', status.ready, 'cannot set more ready pods than active'));
  return [...errors, ...checkProgress(job, old)];
}

function checkUncounted(status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const field of ['succeeded', 'failed'] as const) {
    for (const [i, uid] of (status.uncountedTerminatedPods?.[field] ?? []).entries()) {
      const at = index(child('status', 'uncountedTerminatedPods', field), i);
      if (uid === '') errors.push(invalidValue(at, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    }
  }
  return errors;
}

function checkConditions(job: Job, status: JobStatus): FieldError[] {
  const path = 'status.conditions';
  const errors: FieldError[] = [];
  const complete = isTrue(status, 'Complete');
  const failed = isTrue(status, 'Failed');
  const target = isTrue(status, 'FailureTarget');
  const success = isTrue(status, 'SuccessCriteriaMet');
  if (complete && failed) errors.push(contradiction(path, 'cannot set Complete=True and Failed=true conditions'));
  if (complete && target) errors.push(contradiction(path, 'cannot set Complete=True and FailureTarget=true conditions'));
  const completed = status.completionTime ?? undefined;
  if (completed !== undefined && !complete) errors.push(invalidValue('status.completionTime', completed, 'cannot set completionTime when there is no Complete=True condition'));
  if (completed === undefined && complete) errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (completed !== undefined && parseTime(completed) < parseTime(status.startTime ?? undefined)) {
    errors.push(invalidValue('status.completionTime', completed, 'must be equal to or after `startTime`'));
  }
  if (failed && !target) errors.push(contradiction(path, 'cannot set Failed=True condition without the FailureTarget=true condition'));
  if (complete && !success) errors.push(contradiction(path, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
  if (success && failed) errors.push(contradiction(path, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (success && target) errors.push(contradiction(path, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (job.spec?.successPolicy && !success && complete) {
    errors.push(contradiction(path, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));
  }
  return errors;
}

function checkFinished(job: Job, status: JobStatus): FieldError[] {
  if (!isTrue(status, 'Complete') && !isTrue(status, 'Failed')) return [];
  const errors: FieldError[] = [];
  if ((status.active ?? 0) > 0) errors.push(invalidValue('status.active', status.active, 'active>0 is invalid for finished job'));
  // A suspended Job without completions finishes without ever starting.
  const neverStarts = job.spec?.suspend === true && job.spec.completions === 0;
  if ((status.startTime ?? undefined) === undefined && !neverStarts) errors.push(required('status.startTime', 'startTime is required for finished job'));
  const uncounted = status.uncountedTerminatedPods;
  if ((uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0) {
    errors.push(invalidValue('status.uncountedTerminatedPods', uncounted, 'must be empty for finished job'));
  }
  if ((status.terminating ?? 0) > 0) errors.push(invalidValue('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  return errors;
}

function checkIndexes(job: Job, status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const completions = job.spec?.completions ?? undefined;
  const done = status.completedIndexes ?? '';
  const failed = status.failedIndexes ?? undefined;
  const perIndex = (job.spec?.backoffLimitPerIndex ?? undefined) !== undefined;
  if (completions !== undefined) {
    const problem = indexesError(done, completions);
    if (problem !== undefined) errors.push(invalidValue('status.completedIndexes', done, `error parsing completedIndexes: ${problem}`));
    const failedProblem = perIndex && failed !== undefined ? indexesError(failed, completions) : undefined;
    if (failedProblem !== undefined) errors.push(invalidValue('status.failedIndexes', failed, `error parsing failedIndexes: ${failedProblem}`));
  }
  if (done !== '' && job.spec?.completionMode !== 'Indexed') {
    errors.push(invalidValue('status.completedIndexes', done, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  }
  if (!perIndex && failed !== undefined) {
    errors.push(invalidValue('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  }
  const overlap = completions !== undefined && failed !== undefined ? firstOverlap(done, failed, completions) : undefined;
  if (overlap !== undefined) errors.push(invalidValue('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${overlap}`));
  return errors;
}

/** What may not go back once it is reached. */
function checkProgress(job: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const [status, before] = [job.status ?? {}, old.status ?? {}];
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (isTrue(before, type) && !isTrue(status, type)) errors.push(contradiction('status.conditions', `cannot disable the terminal ${type}=True condition`));
  }
  for (const field of ['failed', 'succeeded'] as const) {
    if ((status[field] ?? 0) < (before[field] ?? 0)) errors.push(invalidValue(child('status', field), status[field] ?? 0, `cannot decrease the ${field} counter`));
  }
  const completed = status.completionTime ?? undefined;
  const wasCompleted = before.completionTime ?? undefined;
  if (completed !== undefined && wasCompleted !== undefined && completed !== wasCompleted) errors.push(invalidValue('status.completionTime', completed, 'field is immutable'));
  const wasStarted = before.startTime ?? undefined;
  if (wasStarted !== undefined && (status.startTime ?? undefined) !== wasStarted && job.spec?.suspend !== true) {
    errors.push(invalidValue('status.startTime', status.startTime, 'field is immutable for unsuspended job once set'));
  }
  if (isTrue(before, 'SuccessCriteriaMet') && !isTrue(status, 'SuccessCriteriaMet')) {
    errors.push(contradiction('status.conditions', 'cannot disable the SuccessCriteriaMet=True condition'));
  }
  if (isTrue(before, 'Complete') && !isTrue(before, 'SuccessCriteriaMet') && isTrue(status, 'SuccessCriteriaMet')) {
    errors.push(contradiction('status.conditions', 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  }
  return errors;
}
