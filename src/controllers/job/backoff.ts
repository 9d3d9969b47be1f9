// How long a Job waits before it replaces a failed pod: 10 s doubling to 10 min with every failure since the last
// success, counted from when the last pod failed.
import type { ContainerStatus, Pod } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { podCondition } from '../pod-state.ts';

const firstWaitMs = 10_000;
const longestWaitMs = 600_000;

export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailureMs: 0 };

/** The record after these pods have finished. */
export function nextRecord(before: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const failures = failed.map(finishedMs).sort((a, b) => a - b);
  if (succeeded.length === 0) return failures.length === 0 ? before : { failures: before.failures + failures.length, lastFailureMs: failures.at(-1) ?? 0 };
  const lastSuccess = Math.max(...succeeded.map(finishedMs));
  const later = failures.filter((at) => at > lastSuccess);
  return later.length === 0 ? noFailures : { failures: later.length, lastFailureMs: later.at(-1) ?? 0 };
}

/** How long to wait still after `failures`, the last one at `lastFailureMs`; 0 when not at all. */
export function remainingMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0) return 0;
  const wait = Math.min(firstWaitMs * 2 ** Math.min(failures - 1, 20), longestWaitMs);
  return Math.max(0, wait - (nowMs - lastFailureMs));
}

/** When the pod ended: its containers' last end, else when it ceased to be ready, was deleted, or was created. */
export function finishedMs(pod: Pod): number {
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').map((container) => container.name));
  const statuses: ContainerStatus[] = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? []).filter((status) => sidecars.has(status.name))];
  const ends = statuses.map((status) => parseTime(status.state?.terminated?.finishedAt));
  if (ends.length > 0 && !ends.some(Number.isNaN)) return Math.max(...ends);
  const ready = podCondition(pod, 'Ready');
  const unreadySince = parseTime(ready?.lastTransitionTime);
  if (ready?.status === 'False' && !Number.isNaN(unreadySince)) return unreadySince;
  const deletedAt = parseTime(pod.metadata?.deletionTimestamp);
  if (!Number.isNaN(deletedAt)) return deletedAt - (pod.metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(pod.metadata?.creationTimestamp) || 0;
}
