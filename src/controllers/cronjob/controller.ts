// Starts Jobs at the times of a CronJob and keeps book of them. A run's Job is named after its minute, so that a
// restart between creating it and writing the status finds it again and does not run it twice.
import type { CronJob, CronJobStatus, Job } from '#api/batch/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { controllerOf, controllerReference, createWorkQueue, isControlledBy, joinKey, keyOf, resourceNamed, runWorkers, splitKey, type HandleResult, type ResourceClient } from '#client';
import { isAlreadyExists, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { sameValue } from '../same-value.ts';
import { countFinished, isListed, jobFor, jobName, nextRunMs, plan, scheduleOf, surplus, unlisted, withoutActive, type Told } from './reconcile.ts';

const workers = 5;
const ownerIndex = 'cronJobUid';

function setUp(context: ControllerContext): Run {
  const { world, recorder, signal } = context;
  const cronJobs = context.informer<CronJob>('cronjobs.batch');
  const jobs = context.informer<Job>('jobs.batch');
  const queue = createWorkQueue(world);
  jobs.addIndex(ownerIndex, (job) => {
    const owner = controllerOf(job);
    return owner?.kind === 'CronJob' ? [owner.uid] : [];
  });
  cronJobs.addHandler({
    added: (cronJob) => queue.add(keyOf(cronJob)),
    updated(cronJob, old) {
      if (cronJob.spec?.schedule === old.spec?.schedule && cronJob.spec?.timeZone === old.spec?.timeZone) {
        queue.add(keyOf(cronJob));
        return;
      }
      try {
        const next = nextRunMs(cronJob, cronJob.status ?? {}, scheduleOf(cronJob), world.clock.now());
        if (next !== undefined) queue.addAfter(keyOf(cronJob), next);
      } catch {
        recorder.event(cronJob, 'Warning', 'UnParseableCronJobSchedule', `unparseable schedule for cronjob: ${cronJob.spec?.schedule}`);
      }
    },
    deleted: (cronJob) => queue.add(keyOf(cronJob)),
  });
  const wakeOwner = (job: Job): void => {
    const owner = controllerOf(job);
    if (owner?.kind !== 'CronJob') return;
    const key = joinKey(job.metadata?.namespace ?? '', owner.name);
    if (cronJobs.byKey(key)?.metadata?.uid === owner.uid) queue.add(key);
  };
  jobs.addHandler({
    added: wakeOwner,
    updated(job, old) {
      if (controllerOf(old)?.uid !== controllerOf(job)?.uid) wakeOwner(old);
      wakeOwner(job);
    },
    deleted: wakeOwner,
  });
  return () =>
    runWorkers(world, queue, workers, signal, async (key) => {
      const cronJob = cronJobs.byKey(key);
      if (cronJob !== undefined) return sync(context, cronJob, jobs.byIndex(ownerIndex, cronJob.metadata?.uid ?? ''));
    });
}

/** The CronJob in hand, its status as it is to be written. */
interface Session {
  readonly context: ControllerContext;
  readonly jobs: ResourceClient<Job>;
  cronJob: CronJob;
  status: CronJobStatus;
  tell(about: readonly Told[]): void;
}

async function sync(context: ControllerContext, cronJob: CronJob, jobs: readonly Job[]): Promise<HandleResult | void> {
  const { namespace } = splitKey(keyOf(cronJob));
  const session: Session = {
    context,
    jobs: context.client.resource<Job>('jobs.batch').in(namespace),
    cronJob,
    status: cronJob.status ?? {},
    tell(about) {
      for (const { type, reason, message } of about) context.recorder.event(session.cronJob, type, reason, message);
    },
  };
  for (const job of surplus(cronJob, jobs)) await deleteJob(session, job);
  let failure: unknown;
  let nextMs: number | undefined;
  try {
    nextMs = await run(session, jobs);
  } catch (error) {
    failure = error;
  }
  if (!sameValue(session.status, session.cronJob.status ?? {})) {
    await context.client.resource<CronJob>('cronjobs.batch').in(namespace).updateStatus({ ...session.cronJob, status: session.status });
  }
  if (failure !== undefined) throw failure;
  return nextMs === undefined ? undefined : { requeueAfterMs: nextMs };
}

/** Brings the status up to date and starts the run that is due; gives the time until the next. */
async function run(session: Session, jobs: readonly Job[]): Promise<number | undefined> {
  await checkUnlisted(session, jobs);
  const counted = countFinished(session.status, jobs);
  session.status = counted.status;
  session.tell(counted.told);
  await dropMissing(session, jobs);
  const { start, nextMs, told } = plan(session.cronJob, session.status, session.context.world.clock.now());
  session.tell(told);
  if (start === undefined) return nextMs;
  if (session.cronJob.spec?.concurrencyPolicy === 'Replace') await replaceRunning(session);
  return (await startJob(session, start)) ? nextMs : undefined;
}

/** A running Job that the status does not name: perhaps only this copy of the CronJob is old. */
async function checkUnlisted(session: Session, jobs: readonly Job[]): Promise<void> {
  const strangers = unlisted(session.status, jobs);
  if (strangers.length === 0) return;
  const { metadata } = session.cronJob;
  const fresh = await session.context.client.resource<CronJob>('cronjobs.batch').in(metadata?.namespace ?? '').get(metadata?.name ?? '');
  if (fresh.metadata?.uid !== metadata?.uid) return;
  if (strangers.some((job) => isListed(fresh.status, job.metadata?.uid))) {
    session.cronJob = fresh;
    session.status = fresh.status ?? {};
  }
  for (const job of unlisted(fresh.status, strangers)) {
    session.tell([{ type: 'Warning', reason: 'UnexpectedJob', message: `Saw a job that the controller did not create or forgot: ${job.metadata?.name}` }]);
  }
}

/** Jobs that the status names and that are no more leave it. */
async function dropMissing(session: Session, jobs: readonly Job[]): Promise<void> {
  const known = new Set(jobs.map((job) => job.metadata?.uid));
  for (const reference of session.status.active ?? []) {
    if (known.has(reference.uid)) continue;
    try {
      await session.jobs.get(reference.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
      session.tell([{ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${reference.name}` }]);
      session.status = withoutActive(session.status, reference.uid);
    }
  }
}

async function replaceRunning(session: Session): Promise<void> {
  for (const reference of session.status.active ?? []) {
    let job: Job;
    try {
      job = await session.jobs.get(reference.name ?? '');
    } catch (error) {
      session.tell([{ type: 'Warning', reason: 'FailedGet', message: `Get job: ${errorText(error)}` }]);
      throw error;
    }
    if (!(await deleteJob(session, job))) throw new Error(`could not replace job ${keyOf(job)}`);
  }
}

async function deleteJob(session: Session, job: Job): Promise<boolean> {
  try {
    await session.jobs.delete(job.metadata?.name ?? '', { propagationPolicy: 'Background' });
  } catch (error) {
    session.tell([{ type: 'Warning', reason: 'FailedDelete', message: `Deleted job: ${errorText(error)}` }]);
    return false;
  }
  session.status = withoutActive(session.status, job.metadata?.uid);
  session.tell([{ type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${job.metadata?.name}` }]);
  return true;
}

/** False when somebody else's Job has the name, or the status knows the run already. */
async function startJob(session: Session, at: number): Promise<boolean> {
  const { cronJob } = session;
  let job: Job;
  try {
    job = await session.jobs.create(jobFor(cronJob, at, controllerReference(cronJob, resourceNamed('cronjobs.batch'))));
    session.tell([{ type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${job.metadata?.name}` }]);
  } catch (error) {
    if (!isAlreadyExists(error)) {
      if (!isNamespaceTerminating(error)) session.tell([{ type: 'Warning', reason: 'FailedCreate', message: `Error creating job: ${errorText(error)}` }]);
      throw error;
    }
    // Created before a restart, its entry in the status lost: it is entered now.
    job = await session.jobs.get(jobName(cronJob, at));
    if (!isControlledBy(job, cronJob) || isListed(session.status, job.metadata?.uid)) return false;
  }
  const { name, namespace, uid, resourceVersion } = job.metadata ?? {};
  const reference = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion };
  session.status = { ...session.status, active: [...(session.status.active ?? []), reference], lastScheduleTime: rfc3339(at) };
  return true;
}

export const cronjob: Controller = {
  name: 'cronjob-controller',
  alias: 'cronjob',
  is: 'Starts Jobs by the clock.',
  serviceAccount: 'cronjob-controller',
  reads: ['cronjobs.batch', 'jobs.batch'],
  writes: ['jobs.batch', 'cronjobs.batch/status'],
  setUp,
};
