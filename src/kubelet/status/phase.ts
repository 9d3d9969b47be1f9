// The phase of a pod from its container statuses, as upstream's getPhase counts them: init containers,
// sidecars and regular containers separately, with restart rules per container.
import type { Container, ContainerStatus, Pod } from '#api/core/v1.ts';
import { isSidecar, isStatic, restartsAfter, specOf } from '../pod.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface InitCount {
  pending: number;
  failedForGood: number;
}

function countInit(pod: Pod, find: (name: string) => ContainerStatus | undefined): InitCount {
  const count: InitCount = { pending: 0, failedForGood: 0 };
  const failed = (container: Container, exitCode: number): void => {
    if (exitCode !== 0 && !restartsAfter(pod, container, exitCode)) count.failedForGood++;
  };
  for (const container of specOf(pod).initContainers ?? []) {
    if (isSidecar(container)) continue;
    const status = find(container.name);
    if (status?.state?.terminated !== undefined) failed(container, status.state.terminated.exitCode);
    else if (status?.state?.waiting !== undefined && status.lastState?.terminated !== undefined) failed(container, status.lastState.terminated.exitCode);
    else count.pending++;
  }
  return count;
}

interface RunCount {
  pendingSidecars: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
}

function countSidecars(pod: Pod, find: (name: string) => ContainerStatus | undefined, count: RunCount): void {
  for (const container of specOf(pod).initContainers ?? []) {
    if (!isSidecar(container)) continue;
    const status = find(container.name);
    if (status === undefined) count.unknown++;
    else if (status.state?.running !== undefined) {
      if (status.started !== true) count.pendingSidecars++;
      count.running++;
    } else if (status.state?.waiting !== undefined && status.lastState?.terminated === undefined) {
      count.pendingSidecars++;
      count.waiting++;
    } else if (status.state?.waiting === undefined && status.state?.terminated === undefined) {
      count.pendingSidecars++;
      count.unknown++;
    }
  }
}

function countRegular(pod: Pod, find: (name: string) => ContainerStatus | undefined, count: RunCount): void {
  for (const container of specOf(pod).containers) {
    const status = find(container.name);
    const ended = status?.state?.terminated ?? (status?.state?.waiting !== undefined ? status.lastState?.terminated : undefined);
    if (status === undefined) count.unknown++;
    else if (status.state?.running !== undefined) count.running++;
    else if (ended !== undefined) {
      count.stopped++;
      if (!restartsAfter(pod, container, ended.exitCode)) count.stoppedForGood++;
      if (status.state?.terminated?.exitCode === 0) count.succeeded++;
    } else if (status.state?.waiting !== undefined) count.waiting++;
    else count.unknown++;
  }
}

/**
 * `terminal`: the pod's containers have ended and will not be restarted whatever the policy says.
 * `hasInitialized`: a regular container of the present sandbox has been started.
 */
export function podPhase(pod: Pod, statuses: readonly ContainerStatus[], terminal: boolean, hasInitialized: boolean): Phase {
  const find = (name: string): ContainerStatus | undefined => statuses.find((status) => status.name === name);
  const init = countInit(pod, find);
  const count: RunCount = { pendingSidecars: 0, unknown: 0, running: 0, waiting: 0, stopped: 0, stoppedForGood: 0, succeeded: 0 };
  countSidecars(pod, find, count);
  countRegular(pod, find, count);
  if (init.failedForGood > 0) return 'Failed';
  if (init.pending > 0 || (count.pendingSidecars > 0 && !hasInitialized) || count.waiting > 0) return 'Pending';
  if (count.running > 0 && count.unknown === 0) return 'Running';
  if (count.running === 0 && count.stopped > 0 && count.unknown === 0) {
    const ended = count.stopped === count.succeeded ? 'Succeeded' : 'Failed';
    if (terminal && !isStatic(pod)) return ended;
    return count.stopped === count.stoppedForGood ? ended : 'Running';
  }
  return 'Pending';
}
