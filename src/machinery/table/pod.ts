// The pod's row: one word for its state, worked out from phase, conditions and container states.
import type { Container, ContainerStatus, Pod, PodCondition } from '#api/core/v1.ts';
import type { TableRowCondition } from '#api/meta/v1.ts';
import { parseTime } from '#base/clock.ts';
import { age, humanDuration, nameOf } from './cell-text.ts';
import { printer, type Printers } from './printer.ts';

interface Progress {
  reason: string;
  ready: number;
  restarts: number;
  /** Milliseconds since the epoch of the last container's end; NaN for none. */
  lastRestart: number;
}

function later(a: number, status: ContainerStatus): number {
  const finished = parseTime(status.lastState?.terminated?.finishedAt);
  return Number.isNaN(finished) || a >= finished ? a : finished;
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function isTrue(conditions: readonly PodCondition[] | undefined, type: string): boolean {
  return conditions?.find((condition) => condition.type === type)?.status === 'True';
}

/** Why an init container still holds the pod up; undefined when it does not. */
function initReason(status: ContainerStatus, at: number, count: number): string | undefined {
  const { terminated, waiting } = status.state ?? {};
  if (terminated) {
    if (terminated.reason) return `Init:${terminated.reason}`;
    return terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode}`;
  }
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${at}/${count}`;
}

/** Walks the init containers up to the first that is not done. True when one holds the pod up. */
function followInit(pod: Pod, all: Progress, sidecars: Progress): boolean {
  const specs = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  for (const [at, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    all.restarts += status.restartCount ?? 0;
    all.lastRestart = later(all.lastRestart, status);
    const sidecar = isSidecar(specs.get(status.name));
    if (sidecar) {
      sidecars.restarts += status.restartCount ?? 0;
      sidecars.lastRestart = later(sidecars.lastRestart, status);
    }
    if (status.state?.terminated?.exitCode === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready) all.ready++;
      continue;
    }
    all.reason = initReason(status, at, pod.spec?.initContainers?.length ?? 0) ?? all.reason;
    return true;
  }
  return false;
}

function terminatedReason(terminated: NonNullable<NonNullable<ContainerStatus['state']>['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function followContainers(pod: Pod, progress: Progress): void {
  let hasRunning = false;
  let failure = '';
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    progress.restarts += status.restartCount ?? 0;
    progress.lastRestart = later(progress.lastRestart, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) progress.reason = waiting.reason;
    else if (terminated) {
      progress.reason = terminatedReason(terminated);
      if (terminated.exitCode !== 0) failure = progress.reason;
    } else if (status.ready && running) {
      hasRunning = true;
      progress.ready++;
    }
  }
  if (progress.reason !== 'Completed') return;
  if (hasRunning && isTrue(pod.status?.conditions, 'Ready')) progress.reason = 'Running';
  else if (failure !== '') progress.reason = failure;
  else if (hasRunning) progress.reason = 'NotReady';
}

function progressOf(pod: Pod): Progress {
  const { status } = pod;
  const all: Progress = { reason: status?.reason || (status?.phase ?? ''), ready: 0, restarts: 0, lastRestart: Number.NEGATIVE_INFINITY };
  if (status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')) all.reason = 'SchedulingGated';
  const sidecars: Progress = { ...all };
  const held = followInit(pod, all, sidecars);
  if (!held || isTrue(status?.conditions, 'Initialized')) {
    all.restarts = sidecars.restarts;
    all.lastRestart = sidecars.lastRestart;
    followContainers(pod, all);
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status?.reason === 'NodeLost') all.reason = 'Unknown';
    else if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') all.reason = 'Terminating';
  }
  return all;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const passed = gates.filter((gate) => isTrue(pod.status?.conditions, gate.conditionType)).length;
  return `${passed}/${gates.length}`;
}

const finished: Readonly<Record<string, TableRowCondition[]>> = {
  Succeeded: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
};

const podPrinter = printer<Pod>('Name=name Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*', (pod, nowMs) => {
  const { reason, ready, restarts, lastRestart } = progressOf(pod);
  const total = (pod.spec?.containers ?? []).length + (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  const ago = restarts !== 0 && Number.isFinite(lastRestart) ? ` (${humanDuration(nowMs - lastRestart)} ago)` : '';
  return [
    nameOf(pod), `${ready}/${total}`, reason, `${restarts}${ago}`, age(pod, nowMs),
    pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>', pod.spec?.nodeName || '<none>', pod.status?.nominatedNodeName || '<none>', readinessGates(pod),
  ];
});

export const printers: Printers = {
  'core.v1.Pod': {
    get columns() {
      return podPrinter.columns;
    },
    cells: podPrinter.cells,
    conditions: (pod) => finished[(pod as Pod).status?.phase ?? ''],
  },
};
