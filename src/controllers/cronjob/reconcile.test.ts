// CronJob decisions: what is due, what is too late, what is forgotten and found again.
import { describe, expect, test } from 'vitest';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '#api/batch/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { countFinished, jobFor, jobName, nextRunMs, plan, scheduleOf, surplus, unlisted } from './reconcile.ts';

const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`);
const hour = 3_600_000;

function cronJob(spec: Partial<CronJobSpec> = {}, created = '10:00:00', more: CronJob['metadata'] = {}): CronJob {
  return { metadata: { name: 'tick', namespace: 'a', uid: 'cj', creationTimestamp: rfc3339(at(created)), ...more }, spec: { schedule: '0 * * * *', jobTemplate: { spec: { template: {} } }, ...spec } };
}

function job(name: string, end?: string, { started, completed }: { started?: string; completed?: string } = {}): Job {
  return {
    metadata: { name, namespace: 'a', uid: name },
    status: {
      ...(started === undefined ? {} : { startTime: rfc3339(at(started)) }),
      ...(completed === undefined ? {} : { completionTime: rfc3339(at(completed)) }),
      conditions: end === undefined ? [] : [{ type: end, status: 'True' }],
    },
  };
}

const running = (...names: string[]): CronJobStatus => ({ active: names.map((name) => ({ name, namespace: 'a', uid: name })) });

describe('a run', () => {
  test.each<[string, CronJob, CronJobStatus, string, string | undefined, string[]]>([
    ['is not due before its first time', cronJob(), {}, '10:30:00', undefined, []],
    ['is due on time', cronJob(), {}, '11:00:00', '11:00:00', []],
    ['is due a little late', cronJob(), {}, '11:00:09', '11:00:00', []],
    ['is not done again', cronJob(), { lastScheduleTime: rfc3339(at('11:00:00')) }, '11:00:09', undefined, []],
    ['is not done again when only the list knows it', cronJob(), running(jobName(cronJob(), at('11:00:00'))), '11:00:09', undefined, []],
    ['of several missed ones is the last', cronJob(), {}, '14:20:00', '14:00:00', []],
    ['is dropped when later than its deadline', cronJob({ startingDeadlineSeconds: 10 }), {}, '11:00:09', '11:00:00', []],
    ['is dropped when the deadline has passed', cronJob({ startingDeadlineSeconds: 10 }), {}, '11:00:11', undefined, []],
    ['waits while one runs and Forbid', cronJob({ concurrencyPolicy: 'Forbid' }), running('x'), '11:00:00', undefined, ['JobAlreadyActive']],
    ['goes beside a running one with Allow', cronJob({ concurrencyPolicy: 'Allow' }), running('x'), '11:00:00', '11:00:00', []],
    ['takes the place of a running one with Replace', cronJob({ concurrencyPolicy: 'Replace' }), running('x'), '11:00:00', '11:00:00', []],
    ['does not start while suspended', cronJob({ suspend: true }), {}, '11:00:00', undefined, []],
    ['does not start in deletion', cronJob({}, '10:00:00', { deletionTimestamp: rfc3339(at('10:30:00')) }), {}, '11:00:00', undefined, []],
    ['is told when too many were missed', cronJob({ schedule: '* * * * *' }), {}, '11:50:00', '11:50:00', ['TooManyMissedTimes']],
    ['fits few missed within the deadline', cronJob({ schedule: '* * * * *', startingDeadlineSeconds: 600 }), {}, '11:50:00', '11:50:00', []],
    ['of nonsense is refused', cronJob({ schedule: 'nonsense' }), {}, '11:00:00', undefined, ['UnparseableSchedule']],
    ['on a day that never comes is refused', cronJob({ schedule: '0 0 31 2 *' }), {}, '11:00:00', undefined, ['InvalidSchedule']],
    ['in an unknown zone is refused', cronJob({ timeZone: 'Mars/Base' }), {}, '11:00:00', undefined, ['UnknownTimeZone']],
    ['follows its zone', cronJob({ schedule: '30 16 * * *', timeZone: 'Asia/Kolkata' }), {}, '11:00:00', '11:00:00', []],
    ['at an irregular schedule is found exactly', cronJob({ schedule: '30 6-16/4 * * 1-5' }), {}, '15:00:00', '14:30:00', []],
    ['with a zone in its schedule is told about', cronJob({ schedule: 'CRON_TZ=Asia/Kolkata 30 16 * * *' }), {}, '11:00:00', '11:00:00', ['UnsupportedSchedule']],
  ])('%s', (_, subject, status, now, start, reasons) => {
    const result = plan(subject, status, at(now));
    expect(result.start === undefined ? undefined : rfc3339(result.start).slice(11, 19)).toBe(start);
    expect(result.told.map((each) => each.reason)).toEqual(reasons);
  });

  test('is looked for again just after the next time', () => {
    expect(plan(cronJob(), {}, at('10:30:00')).nextMs).toBe(hour / 2 + 100);
    expect(plan(cronJob(), {}, at('11:00:00')).nextMs).toBe(hour + 100);
    expect(plan(cronJob(), { lastScheduleTime: rfc3339(at('11:00:00')) }, at('11:00:09')).nextMs).toBe(hour - 9000 + 100);
    expect(nextRunMs(cronJob({ schedule: '0 0 31 2 *' }), {}, scheduleOf(cronJob({ schedule: '0 0 31 2 *' })), at('11:00:00'))).toBeUndefined();
  });
});

test('finished Jobs leave the list, and the latest success stays known whatever the order', () => {
  const jobs = [job('new', 'Complete', { completed: '11:30:00' }), job('old', 'Complete', { completed: '10:30:00' }), job('bad', 'Failed'), job('on')];
  const { status, told } = countFinished(running('old', 'bad', 'on'), jobs);
  expect(status).toEqual({ ...running('on'), lastSuccessfulTime: rfc3339(at('11:30:00')) });
  expect(told.map((each) => each.message)).toEqual(['Saw completed job: old, condition: Complete', 'Saw completed job: bad, condition: Failed']);
  // Seen again, nothing changes and nothing is told.
  expect(countFinished(status, jobs)).toEqual({ status, told: [] });
});

test('a running Job that the status does not name is noticed', () => {
  expect(unlisted(running('known'), [job('known'), job('stranger'), job('done', 'Complete')]).map((each) => each.metadata?.name)).toEqual(['stranger']);
});

test('history limits keep the newest of each kind', () => {
  const jobs = [job('c3', 'Complete', { started: '12:00:00' }), job('c1', 'Complete', { started: '10:00:00' }), job('c2', 'Complete', { started: '11:00:00' }), job('f1', 'Failed', { started: '10:00:00' }), job('f2', 'Failed'), job('on')];
  const names = (spec: Partial<CronJobSpec>) => surplus(cronJob(spec), jobs).map((each) => each.metadata?.name);
  expect(names({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 })).toEqual(['c1', 'c2', 'f1']);
  expect(names({ successfulJobsHistoryLimit: 0 })).toEqual(['c1', 'c2', 'c3']);
  expect(names({})).toEqual([]);
});

test('a run’s Job is named after its minute and carries its time', () => {
  const subject = cronJob({ timeZone: 'Asia/Kolkata', jobTemplate: { metadata: { labels: { app: 'x' }, annotations: { note: 'y' } }, spec: { template: {}, parallelism: 2 } } });
  const reference = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: 'cj', controller: true };
  expect(jobFor(subject, at('11:00:00'), reference)).toEqual({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `tick-${at('11:00:00') / 60_000}`,
      namespace: 'a',
      labels: { app: 'x' },
      annotations: { note: 'y', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T16:30:00+05:30' },
      ownerReferences: [reference],
    },
    spec: { template: {}, parallelism: 2 },
  });
});
