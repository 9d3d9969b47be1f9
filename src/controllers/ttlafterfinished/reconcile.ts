// When a finished Job is to be deleted (KEP-592).
import type { Job } from '#api/batch/v1.ts';
import { parseTime } from '#base/clock.ts';

/** Milliseconds until the Job's time is up, 0 or less when it is; undefined when it has none or is not finished. */
export function timeLeftMs(job: Job | undefined, nowMs: number): number | undefined {
  const ttl = job?.spec?.ttlSecondsAfterFinished;
  if (job === undefined || ttl === undefined || job.metadata?.deletionTimestamp !== undefined) return undefined;
  const end = job.status?.conditions?.find((condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True');
  const at = parseTime(end?.lastTransitionTime);
  return Number.isNaN(at) ? undefined : at + ttl * 1000 - nowMs;
}
