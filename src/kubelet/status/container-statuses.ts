// Container statuses of a pod from what the runtime has, what the API was told last, and why the last start
// failed: upstream's convertToAPIContainerStatuses, rule for rule. Pure.
import type { Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, VolumeMountStatus } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { anyRegularCreated, shouldStart } from '../compute-actions.ts';
import { latest, type ObservedContainer, type PodObservation } from '../observed.ts';
import { isDeleting, isSidecar, specOf } from '../pod.ts';

/** Why the last attempt to start a container failed: "CrashLoopBackOff" and its message. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly observed: PodObservation;
  readonly failure: (containerName: string) => StartFailure | undefined;
  readonly nowMs: number;
}

/**
 * The end of a container that nobody has seen end. Its times are the last start that was told and the moment its
 * absence is noticed: without times clients would show the year 1.
 */
export function lostState(message: string, last: ContainerState | undefined, nowMs: number): ContainerState {
  const now = rfc3339(nowMs);
  return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message, startedAt: last?.running?.startedAt ?? now, finishedAt: now } };
}

const terminatedState = (container: ObservedContainer): ContainerStateTerminated => ({
  exitCode: container.exitCode,
  ...(container.reason !== '' ? { reason: container.reason } : {}),
  ...(container.message !== '' ? { message: container.message } : {}),
  startedAt: rfc3339(container.startedAtMs),
  finishedAt: rfc3339(container.finishedAtMs),
  containerID: `containerd://${container.id}`,
});

function mountStatuses(container: Container): VolumeMountStatus[] | undefined {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return undefined;
  return mounts.map((mount) => ({
    name: mount.name,
    mountPath: mount.mountPath,
    ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
  }));
}

/** Only what exists is told. */
function withResources(spec: Container | undefined, status: ContainerStatus): ContainerStatus {
  const resources = spec?.resources;
  if (resources === undefined) return { ...status, resources: {} };
  const { limits, requests } = resources;
  return {
    ...status,
    resources: { ...(limits !== undefined ? { limits } : {}), ...(requests !== undefined ? { requests } : {}) },
    ...(requests !== undefined ? { allocatedResources: requests } : {}),
  };
}

function convert(container: ObservedContainer, spec: Container | undefined, old: ContainerStatus | undefined, nowMs: number): ContainerStatus {
  const id = `containerd://${container.id}`;
  const volumeMounts = old?.volumeMounts ?? (spec === undefined ? undefined : mountStatuses(spec));
  const status: ContainerStatus = {
    name: container.name,
    state: {},
    lastState: {},
    ready: false,
    restartCount: Math.max(container.restartCount, old?.restartCount ?? 0),
    image: container.image,
    imageID: container.imageRef,
    containerID: id,
    ...(volumeMounts !== undefined ? { volumeMounts } : {}),
  };
  if (old !== undefined && old.containerID !== id && old.state?.terminated !== undefined) status.lastState = { terminated: old.state.terminated };
  else if (old?.lastState?.terminated !== undefined) status.lastState = { terminated: old.lastState.terminated };
  if (container.state === 'running') {
    status.state = { running: { startedAt: rfc3339(container.startedAtMs) } };
    if (old?.started !== undefined) status.started = old.started;
  } else if (container.state === 'exited') status.state = { terminated: terminatedState(container) };
  else if (container.state === 'unknown' && old?.state?.running !== undefined) {
    status.state = lostState('The container could not be located when the pod was terminated', old.state, nowMs);
    status.restartCount = old.restartCount + 1;
  } else status.state = { waiting: {} };
  return withResources(spec, status);
}

function initial(container: Container, waiting: ContainerState, old: ContainerStatus | undefined): ContainerStatus {
  if (old?.state?.terminated !== undefined) return { ...old };
  const volumeMounts = mountStatuses(container);
  return {
    name: container.name,
    state: waiting,
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
    ...(volumeMounts !== undefined ? { volumeMounts } : {}),
  };
}

/** A container that ran by the API's account and that the runtime knows nothing of has ended, how is not known. */
function missing(input: StatusInput, status: ContainerStatus, old: ContainerStatus | undefined): ContainerStatus {
  if (old?.state?.running === undefined || status.lastState?.terminated !== undefined) return status;
  return {
    ...status,
    lastState: lostState('The container could not be located when the pod was deleted.  The container used to be Running', old.state, input.nowMs),
    restartCount: status.restartCount + (isDeleting(input.pod) ? 0 : 1),
  };
}

/** A container about to be started is waiting, with the reason of the last failure. */
function startPending(input: StatusInput, container: Container, status: ContainerStatus, init: boolean): ContainerStatus {
  const seen = latest(input.observed, container.name);
  if (init) {
    if (seen?.state === 'exited' && seen.exitCode === 0 && !isSidecar(container)) return status;
    if (seen === undefined && !isSidecar(container) && anyRegularCreated(input.pod, input.observed) && status.state?.waiting !== undefined) {
      const message = 'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally';
      return { ...status, state: { terminated: { exitCode: 0, reason: 'Completed', message } } };
    }
  }
  if (!shouldStart(input.pod, container, input.observed)) return status;
  const failure = input.failure(container.name);
  if (failure === undefined) return status;
  return {
    ...status,
    ...(status.state?.terminated !== undefined ? { lastState: { terminated: status.state.terminated } } : {}),
    state: { waiting: { reason: failure.reason, ...(failure.message !== '' ? { message: failure.message } : {}) } },
  };
}

/** Statuses of `containers` (one of the three kinds), in upstream's order: init as in the spec, others by name. */
export function containerStatuses(input: StatusInput, containers: readonly Container[], previous: readonly ContainerStatus[], kind: 'init' | 'regular' | 'ephemeral'): ContainerStatus[] {
  const hasInit = (specOf(input.pod).initContainers ?? []).length > 0;
  const waiting: ContainerState = { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } };
  const result = containers.map((container) => {
    const old = previous.find((status) => status.name === container.name);
    const history = input.observed.containers.filter((seen) => seen.name === container.name);
    const [newest, before] = history;
    let status = initial(container, waiting, old);
    if (newest === undefined) {
      if (old?.state?.terminated === undefined) status = missing(input, status, old);
    } else {
      status = convert(newest, container, old, input.nowMs);
      if (before !== undefined) status.lastState = convert(before, container, old, input.nowMs).state ?? {};
    }
    return kind === 'ephemeral' && newest !== undefined ? status : startPending(input, container, status, kind === 'init');
  });
  return kind === 'init' ? result : result.sort((a, b) => (a.name < b.name ? -1 : 1));
}
