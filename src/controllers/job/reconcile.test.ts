// Jobs against a model of pods and a controller that may die between any two writes: every pod is counted exactly
// once, the right number runs, and the end is told as upstream tells it.
import { describe, expect, test } from 'vitest';
import type { Job, JobSpec, JobStatus } from '#api/batch/v1.ts';
import type { Pod } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { randomInt, seededRandom, type Random } from '#base/random.ts';
import { noFailures, remainingMs, type BackoffRecord } from './backoff.ts';
import { firstFree, formatIntervals, merge, parseIntervals, withIndexes } from './intervals.ts';
import { completionIndex, failureCountAnnotation, indexFailures, indexKey, isFinishedJob, isTracked, trackingFinalizer } from './job-pods.ts';
import { reconcile, type Plan } from './reconcile.ts';
import { settle, track } from './tracking.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

class Crash extends Error {}

/** One Job, its pods as the server has them, and the controller's memory. */
function model(spec: Partial<JobSpec> = {}) {
  const job: Job = {
    metadata: { name: 'work', namespace: 'a', uid: 'job', generation: 1 },
    spec: { parallelism: 2, completions: 3, backoffLimit: 6, template: { spec: { containers: [], restartPolicy: 'Never' } }, ...spec },
  };
  const state = { job, pods: [] as Pod[], nowMs: start, backoff: noFailures as BackoffRecord, released: new Set<string>(), serial: 0, plan: undefined as Plan | undefined };
  const setPod = (uid: string | undefined, change: (pod: Pod) => Pod | undefined): void => {
    state.pods = state.pods.map((pod) => (pod.metadata?.uid === uid ? change(pod) : pod)).filter((pod) => pod !== undefined);
  };
  const write = (status: JobStatus): void => {
    state.job = { ...state.job, status };
  };
  const untrack = (pod: Pod): Pod | undefined => {
    const finalizers = (pod.metadata?.finalizers ?? []).filter((name) => name !== trackingFinalizer);
    const gone = pod.metadata?.deletionTimestamp !== undefined && pod.status?.phase !== 'Running';
    return gone ? undefined : { ...pod, metadata: { ...pod.metadata, finalizers } };
  };
  const self = {
    state,
    /** One sync; `crash` may end it between two writes. */
    sync(crash: () => void = () => {}) {
      if (isFinishedJob(state.job)) return;
      state.nowMs += 1000;
      const { job: seen, pods } = state;
      const plan = reconcile({ job: seen, pods, released: state.released, settled: true, backoff: state.backoff }, state.nowMs);
      state.plan = plan;
      for (const pod of plan.remove.pods) {
        if (plan.remove.release) setPod(pod.metadata?.uid, untrack);
        setPod(pod.metadata?.uid, (one) => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: rfc3339(state.nowMs) } }));
      }
      for (const { index, replaces } of plan.create) {
        const uid = `p${state.serial++}`;
        const failures = replaces === undefined ? 0 : indexFailures(replaces) + 1;
        const annotations: Record<string, string> = index === undefined ? {} : { [indexKey]: String(index), [failureCountAnnotation]: String(failures) };
        state.pods.push({ metadata: { name: uid, namespace: 'a', uid, finalizers: [trackingFinalizer], annotations, creationTimestamp: rfc3339(state.nowMs) }, status: { phase: 'Running' } });
      }
      crash();
      const active = plan.view.active.length - plan.remove.pods.length + plan.create.length;
      const completions = seen.spec?.completions;
      const done = plan.finished === undefined && active === 0 && (completions === undefined ? plan.view.succeeded > 0 : plan.view.succeeded >= completions);
      const finished = plan.finished ?? (done ? { type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' } : undefined);
      const step = track(seen, pods, state.released, plan, { active, ready: 0, terminating: state.pods.filter((pod) => pod.metadata?.deletionTimestamp !== undefined && pod.status?.phase === 'Running').length, finished, managed: plan.managed && finished === undefined }, state.nowMs);
      if (step.mustWrite) write(step.status);
      state.backoff = plan.view.backoff;
      crash();
      for (const pod of step.release) {
        setPod(pod.metadata?.uid, untrack);
        state.released.add(pod.metadata?.uid ?? '');
        crash();
      }
      const tracked = new Set(pods.filter((pod) => isTracked(pod) && !state.released.has(pod.metadata?.uid ?? '')).map((pod) => pod.metadata?.uid ?? ''));
      const last = settle(seen, step, tracked);
      if (last.mustWrite) write(last.status);
      crash();
      state.released.clear();
    },
    /** The controller starts anew, without its memory. */
    restart() {
      state.backoff = noFailures;
      state.released.clear();
    },
    end(uid: string, phase: 'Succeeded' | 'Failed', exitCode = phase === 'Failed' ? 1 : 0) {
      setPod(uid, (pod) => ({ ...pod, status: { phase, containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, finishedAt: rfc3339(state.nowMs) } } }] } }));
    },
    /** Terminating pods go. */
    reap() {
      for (const pod of state.pods) {
        if (pod.metadata?.deletionTimestamp === undefined) continue;
        setPod(pod.metadata.uid, (one) => (isTracked(one) ? { ...one, status: { ...one.status, phase: 'Failed' } } : undefined));
      }
    },
    running: () => state.pods.filter((pod) => pod.status?.phase === 'Running' && pod.metadata?.deletionTimestamp === undefined).map((pod) => pod.metadata?.uid ?? ''),
    conditions: () => (state.job.status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status} ${condition.reason}`),
  };
  return self;
}

test('three completions, two at a time', () => {
  const work = model();
  work.sync();
  expect(work.running()).toEqual(['p0', 'p1']);
  work.end('p0', 'Succeeded');
  work.sync();
  work.sync();
  expect(work.running()).toEqual(['p1', 'p2']);
  work.end('p1', 'Succeeded');
  work.end('p2', 'Succeeded');
  work.sync();
  work.sync();
  expect(work.state.job.status).toMatchObject({ succeeded: 3, active: 0, uncountedTerminatedPods: { succeeded: [], failed: [] }, completionTime: expect.any(String) });
  expect(work.conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
  expect(work.state.pods.some(isTracked)).toBe(false);
});

test('failures wait longer and longer, and too many of them fail the Job', () => {
  const work = model({ parallelism: 1, completions: 1, backoffLimit: 2 });
  const waits: number[] = [];
  for (let n = 0; n < 3; n++) {
    work.sync();
    work.end(work.running()[0] ?? '', 'Failed');
    work.sync();
    const wait = work.state.plan?.requeueAfterMs ?? 0;
    waits.push(Math.round(wait / 10_000) * 10);
    work.state.nowMs += wait;
  }
  work.sync();
  expect(waits).toEqual([10, 20, 0]);
  expect(work.conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
  expect(work.state.job.status).toMatchObject({ failed: 3, active: 0 });
});

test('the deadline ends what still runs', () => {
  const work = model({ activeDeadlineSeconds: 60 });
  work.sync();
  expect(work.state.plan?.requeueAfterMs).toBe(60_000);
  work.state.nowMs += 60_000;
  work.sync();
  expect(work.running()).toEqual([]);
  expect(work.conditions()).toEqual(['FailureTarget=True DeadlineExceeded']);
  work.reap();
  work.sync();
  expect(work.conditions()).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
  expect(work.state.job.status?.failed).toBe(2);
});

test('suspending takes the pods away without counting them, resuming starts anew', () => {
  const work = model({ suspend: true });
  work.sync();
  expect(work.running()).toEqual([]);
  expect(work.conditions()).toEqual(['Suspended=True JobSuspended']);
  work.state.job = { ...work.state.job, spec: { ...work.state.job.spec, suspend: false, template: {} } };
  work.sync();
  expect(work.running()).toHaveLength(2);
  expect(work.conditions()).toEqual(['Suspended=False JobResumed']);
  work.state.job = { ...work.state.job, spec: { ...work.state.job.spec, suspend: true, template: {} } };
  work.sync();
  work.reap();
  work.sync();
  expect(work.running()).toEqual([]);
  expect(work.state.job.status).toMatchObject({ active: 0 });
  expect(work.state.job.status?.failed ?? 0).toBe(0);
  expect(work.state.job.status?.startTime).toBeUndefined();
});

test('Indexed: every index once, failed ones again, duplicates removed', () => {
  const work = model({ completionMode: 'Indexed', completions: 4, parallelism: 2 });
  const indexes = () => work.state.pods.filter((pod) => work.running().includes(pod.metadata?.uid ?? '')).map(completionIndex);
  work.sync();
  expect(indexes()).toEqual([0, 1]);
  work.end('p0', 'Succeeded');
  work.end('p1', 'Failed');
  work.sync();
  expect(work.state.job.status).toMatchObject({ completedIndexes: '0', succeeded: 1, failed: 1 });
  work.state.nowMs += 10_000;
  work.sync();
  expect(indexes()).toEqual([1, 2]);
  work.state.pods.push({ metadata: { name: 'double', namespace: 'a', uid: 'double', finalizers: [trackingFinalizer], annotations: { [indexKey]: '2' } }, status: { phase: 'Pending' } });
  work.sync();
  expect(work.state.pods.find((pod) => pod.metadata?.uid === 'double')?.metadata?.deletionTimestamp).toBeDefined();
});

test('backoffLimitPerIndex: an index fails for good, the others go on', () => {
  const work = model({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1 });
  work.sync();
  work.end('p0', 'Failed');
  work.sync();
  expect(work.running()).toEqual(['p1']);
  work.state.nowMs += 20_000;
  work.sync();
  expect(work.running()).toEqual(['p1', 'p2']);
  work.sync();
  work.end('p2', 'Failed');
  work.sync();
  work.end('p1', 'Succeeded');
  work.sync();
  work.sync();
  expect(work.state.job.status).toMatchObject({ failedIndexes: '0', completedIndexes: '1', failed: 2, succeeded: 1 });
  expect(work.conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
});

describe('policies', () => {
  test('a success policy ends the Job early', () => {
    const work = model({ completionMode: 'Indexed', completions: 5, parallelism: 5, successPolicy: { rules: [{ succeededIndexes: '1-3', succeededCount: 2 }] } });
    work.sync();
    work.end('p1', 'Succeeded');
    work.end('p3', 'Succeeded');
    work.sync();
    expect(work.running()).toEqual([]);
    work.reap();
    work.sync();
    expect(work.conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
    expect(work.state.job.status).toMatchObject({ completedIndexes: '1,3', succeeded: 2 });
  });

  test('an exit code may fail the Job or not count at all', () => {
    const rules = [
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
      { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
    ];
    const work = model({ parallelism: 1, completions: 1, backoffLimit: 0, podFailurePolicy: { rules } });
    work.sync();
    work.end('p0', 'Failed', 7);
    work.sync();
    expect(work.state.job.status?.failed ?? 0).toBe(0);
    work.state.nowMs += 10_000;
    work.sync();
    work.end('p1', 'Failed', 42);
    work.sync();
    work.sync();
    expect(work.conditions()).toEqual(['FailureTarget=True PodFailurePolicy', 'Failed=True PodFailurePolicy']);
    expect(work.state.job.status?.conditions?.[0]?.message).toBe('Container c for pod a/p1 failed with exit code 42 matching FailJob rule at index 0');
  });
});

test.each(Array.from({ length: 150 }, (_, seed) => seed))('seed %i: crashes between any two writes lose and double nothing', (seed) => {
  const random: Random = seededRandom(seed);
  const completions = 1 + randomInt(random, 8);
  const indexed = randomInt(random, 2) === 0;
  const work = model({ completions, parallelism: 1 + randomInt(random, 5), backoffLimit: 1000, completionMode: indexed ? 'Indexed' : 'NonIndexed' });
  const ended = { Succeeded: 0, Failed: 0 };
  for (let n = 0; n < 2000 && !isFinishedJob(work.state.job); n++) {
    work.state.nowMs += 700_000;
    try {
      work.sync(() => {
        if (randomInt(random, 4) === 0) throw new Crash();
      });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      work.restart();
    }
    for (const uid of work.running()) {
      if (randomInt(random, 3) > 0) continue;
      const phase = randomInt(random, 4) === 0 ? 'Failed' : 'Succeeded';
      ended[phase]++;
      work.end(uid, phase);
    }
    work.reap();
  }
  for (let n = 0; n < 5; n++) work.sync();
  expect(work.conditions()).toContain('Complete=True CompletionsReached');
  // After a crash a pod beyond the wanted number may have run and succeeded too: it is counted, never doubled.
  expect(work.state.job.status?.succeeded).toBe(indexed ? completions : ended.Succeeded);
  expect(work.state.job.status?.failed ?? 0).toBe(ended.Failed);
  expect(work.state.pods.some(isTracked)).toBe(false);
});

test('intervals', () => {
  expect(formatIntervals(parseIntervals('0-2,4,5,9,x,7-8', 9))).toBe('0-2,4,5');
  expect(formatIntervals(withIndexes(parseIntervals('0-2,6', 10), [3, 8, 7]))).toBe('0-3,6-8');
  expect(formatIntervals(merge(parseIntervals('1,3', 9), parseIntervals('2', 9)))).toBe('1-3');
  expect(firstFree(parseIntervals('0,2-3', 9), 3, 6)).toEqual([1, 4, 5]);
  expect(firstFree([], 10, 3)).toEqual([0, 1, 2]);
  expect(remainingMs({ failures: 3, lastFailureMs: 0 }, 15_000)).toBe(25_000);
});
