// What a CronJob has to do now: which run is due, how late it may be, what its Jobs mean for its status, and which
// finished Jobs are too many. Pure; the shell in controller.ts asks the server where the cache may be behind.
// Upstream: pkg/controller/cronjob.
import type { CronJob, CronJobStatus, Job } from '#api/batch/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import { errorText } from '#base/errors.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { rfc3339In, timeZone, utc } from './time-zone.ts';

/** Added to the next run's time, against clocks that differ a little. */
const paddingMs = 100;
const manyMissed = 100;

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const warning = (reason: string, message: string): Told => ({ type: 'Warning', reason, message });

/** How a Job ended; undefined while it runs. */
export function endOf(job: Job): 'Complete' | 'Failed' | undefined {
  const end = job.status?.conditions?.find((condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True');
  return end?.type === 'Complete' || end?.type === 'Failed' ? end.type : undefined;
}

export function isListed(status: CronJobStatus | undefined, uid: string | undefined): boolean {
  return status?.active?.some((reference) => reference.uid === uid) === true;
}

export function withoutActive(status: CronJobStatus, uid: string | undefined): CronJobStatus {
  return { ...status, active: (status.active ?? []).filter((reference) => reference.uid !== uid) };
}

export interface Counted {
  readonly status: CronJobStatus;
  readonly told: readonly Told[];
}

/** The status after looking at the CronJob's Jobs: finished ones leave the list, the latest success is kept. */
export function countFinished(before: CronJobStatus, jobs: readonly Job[]): Counted {
  let status = before;
  const told: Told[] = [];
  for (const job of jobs) {
    const end = endOf(job);
    if (end === undefined) continue;
    if (isListed(status, job.metadata?.uid)) {
      status = withoutActive(status, job.metadata?.uid);
      told.push({ type: 'Normal', reason: 'SawCompletedJob', message: `Saw completed job: ${job.metadata?.name}, condition: ${end}` });
    }
    const completed = job.status?.completionTime;
    if (end === 'Complete' && completed !== undefined && !(parseTime(completed) <= parseTime(status.lastSuccessfulTime))) status = { ...status, lastSuccessfulTime: completed };
  }
  return { status, told };
}

/** Running Jobs of the CronJob that its status does not name. */
export function unlisted(status: CronJobStatus | undefined, jobs: readonly Job[]): readonly Job[] {
  return jobs.filter((job) => endOf(job) === undefined && !isListed(status, job.metadata?.uid));
}

/** Finished Jobs beyond the history limits, oldest first. */
export function surplus(cronJob: CronJob, jobs: readonly Job[]): readonly Job[] {
  const beyond = (end: 'Complete' | 'Failed', limit: number | undefined): Job[] => {
    if (limit === undefined) return [];
    const finished = jobs.filter((job) => endOf(job) === end);
    return finished.length <= limit ? [] : finished.sort(byStart).slice(0, finished.length - limit);
  };
  return [...beyond('Complete', cronJob.spec?.successfulJobsHistoryLimit), ...beyond('Failed', cronJob.spec?.failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const start = (job: Job): number => (job.status?.startTime === undefined ? Number.MAX_SAFE_INTEGER : parseTime(job.status.startTime));
  return start(a) - start(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

export interface Plan {
  /** The run to start now, as the time it was meant for. */
  readonly start: number | undefined;
  /** When to look again; undefined leaves it to the next change. */
  readonly nextMs: number | undefined;
  readonly told: readonly Told[];
}

/** Whether a run is due, given the status after `countFinished`. */
export function plan(cronJob: CronJob, status: CronJobStatus, nowMs: number): Plan {
  const idle = (nextMs: number | undefined, ...told: readonly Told[]): Plan => ({ start: undefined, nextMs, told });
  if (cronJob.metadata?.deletionTimestamp !== undefined) return idle(undefined);
  const zoneName = cronJob.spec?.timeZone;
  if (zoneName !== undefined && timeZone(zoneName) === undefined) return idle(undefined, warning('UnknownTimeZone', `invalid timeZone: "${zoneName}": unknown time zone ${zoneName}`));
  if (cronJob.spec?.suspend === true) return idle(undefined);
  const told: Told[] = [];
  const text = cronJob.spec?.schedule ?? '';
  if (text.includes('TZ')) {
    told.push(warning('UnsupportedSchedule', `CRON_TZ or TZ used in schedule "${text}" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`));
  }
  let schedule: Schedule;
  try {
    schedule = scheduleOf(cronJob);
  } catch (error) {
    return idle(undefined, ...told, warning('UnparseableSchedule', `unparseable schedule: "${text}" : ${errorText(error)}`));
  }
  const recent = mostRecent(cronJob, status, schedule, nowMs, true);
  if (recent.kind === 'impossible') return idle(undefined, ...told, warning('InvalidSchedule', `invalid schedule: ${text} : time difference between two schedules is less than 1 second`));
  const nextMs = nextRunMs(cronJob, status, schedule, nowMs);
  if (recent.at === undefined) return idle(nextMs, ...told);
  if (recent.missed > manyMissed) told.push(warning('TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'));
  const deadline = cronJob.spec?.startingDeadlineSeconds;
  if (deadline !== undefined && recent.at + deadline * 1000 < nowMs) return idle(nextMs, ...told, warning('MissSchedule', `Missed scheduled time to start a job: ${rfc1123z(recent.at)}`));
  const name = jobName(cronJob, recent.at);
  const known = status.active?.some((reference) => reference.name === name && reference.namespace === cronJob.metadata?.namespace) === true;
  if (known || parseTime(status.lastScheduleTime) === recent.at) return idle(nextMs, ...told);
  if (cronJob.spec?.concurrencyPolicy === 'Forbid' && (status.active ?? []).length > 0) {
    return idle(nextMs, ...told, { type: 'Normal', reason: 'JobAlreadyActive', message: 'Not starting job because prior execution is running and concurrency policy is Forbid' });
  }
  return { start: recent.at, nextMs, told };
}

/** The schedule in its zone; throws when it cannot be read. */
export function scheduleOf(cronJob: CronJob): Schedule {
  return parseSchedule(cronJob.spec?.schedule ?? '', timeZone(cronJob.spec?.timeZone ?? '') ?? utc);
}

interface Recent {
  readonly kind: 'possible' | 'impossible';
  /** Since when runs were looked for. */
  readonly since: number;
  /** The latest run that should have started by now. */
  readonly at: number | undefined;
  /** About how many should have started since then. */
  readonly missed: number;
}

function mostRecent(cronJob: CronJob, status: CronJobStatus, schedule: Schedule, nowMs: number, heedDeadline: boolean): Recent {
  const deadline = cronJob.spec?.startingDeadlineSeconds;
  let since = parseTime(status.lastScheduleTime ?? cronJob.metadata?.creationTimestamp ?? rfc3339(nowMs));
  if (heedDeadline && deadline !== undefined) since = Math.max(since, nowMs - deadline * 1000);
  const first = schedule.next(since);
  if (first !== undefined && nowMs < first) return { kind: 'possible', since, at: undefined, missed: 0 };
  const second = first === undefined ? undefined : schedule.next(first);
  if (first === undefined || second === undefined) return { kind: 'impossible', since, at: undefined, missed: 0 };
  if (nowMs < second) return { kind: 'possible', since, at: first, missed: 0 };
  // The first two runs' distance serves as the period; one period of slack lets the schedule find the true time.
  const period = Math.round((second - first) / 1000) * 1000;
  const missed = Math.floor((nowMs - first) / period) + 1;
  let at: number | undefined;
  for (let run = schedule.next(first + (missed - 2) * period); run !== undefined && run <= nowMs; run = schedule.next(run)) at = run;
  return { kind: 'possible', since, at, missed };
}

/** Milliseconds until the CronJob is to be looked at for its next run. */
export function nextRunMs(cronJob: CronJob, status: CronJobStatus, schedule: Schedule, nowMs: number): number | undefined {
  const recent = mostRecent(cronJob, status, schedule, nowMs, false);
  const from = recent.kind === 'impossible' ? nowMs : (recent.at ?? (recent.missed === 0 ? recent.since : nowMs));
  const next = schedule.next(from);
  return next === undefined ? undefined : Math.max(0, next + paddingMs - nowMs);
}

/** One name per run, so that no run can start twice. */
export function jobName(cronJob: CronJob, at: number): string {
  return `${cronJob.metadata?.name}-${Math.floor(at / 60_000)}`;
}

export function jobFor(cronJob: CronJob, at: number, reference: OwnerReference): Job {
  const template = cronJob.spec?.jobTemplate;
  const zone = timeZone(cronJob.spec?.timeZone ?? '') ?? utc;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, at),
      namespace: cronJob.metadata?.namespace,
      labels: { ...template?.metadata?.labels },
      annotations: { ...template?.metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': rfc3339In(zone, at) },
      ownerReferences: [reference],
    },
    ...(template?.spec === undefined ? {} : { spec: structuredClone(template.spec) }),
  };
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Thu, 01 Jan 2026 12:00:00 +0000" */
function rfc1123z(at: number): string {
  const date = new Date(at);
  return `${weekdays[date.getUTCDay()]}, ${String(date.getUTCDate()).padStart(2, '0')} ${monthNames[date.getUTCMonth()]} ${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} +0000`;
}
