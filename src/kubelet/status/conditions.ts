// The pod conditions that the kubelet owns: Initialized, ContainersReady, Ready with readiness gates,
// PodReadyToStartContainers, PodScheduled, with upstream's reasons and messages.
import type { ContainerStatus, Pod, PodCondition } from '#api/core/v1.ts';
import { isSidecar, specOf } from '../pod.ts';
import type { Phase } from './phase.ts';

const owned = new Set(['PodScheduled', 'Ready', 'Initialized', 'ContainersReady', 'PodReadyToStartContainers', 'PodResizePending', 'PodResizeInProgress', 'AllContainersRestarting']);

export const ownedByKubelet = (type: string): boolean => owned.has(type);

/** A Go slice of strings as %s prints it. */
const listText = (names: readonly string[]): string => `[${names.join(' ')}]`;

const completed = (type: string): PodCondition => ({ type, status: 'False', reason: 'PodCompleted' });
const failed = (type: string): PodCondition => ({ type, status: 'False', reason: 'PodFailed' });

const find = (statuses: readonly ContainerStatus[], name: string): ContainerStatus | undefined => statuses.find((status) => status.name === name);

/** The condition of a pod that has ended, whatever its containers say at this moment. */
export const terminalCondition = (type: 'Ready' | 'ContainersReady', phase: Phase): PodCondition => (phase === 'Failed' ? failed(type) : completed(type));

export function containersReady(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase): PodCondition {
  const type = 'ContainersReady';
  const unknown: string[] = [];
  const unready: string[] = [];
  const spec = specOf(pod);
  for (const container of [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]) {
    const status = find(statuses, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  if (phase === 'Succeeded' && unknown.length === 0) return completed(type);
  if (phase === 'Failed') return failed(type);
  const messages: string[] = [];
  if (unknown.length > 0) messages.push(`containers with unknown status: ${listText(unknown)}`);
  if (unready.length > 0) messages.push(`containers with unready status: ${listText(unready)}`);
  if (messages.length > 0) return { type, status: 'False', reason: 'ContainersNotReady', message: messages.join(', ') };
  return { type, status: 'True' };
}

/** `others` are the pod's conditions of other owners: readiness gates look there. */
export function podReady(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase, others: readonly PodCondition[]): PodCondition {
  const containers = containersReady(pod, statuses, phase);
  if (containers.status !== 'True') return { ...containers, type: 'Ready' };
  const messages: string[] = [];
  for (const { conditionType } of specOf(pod).readinessGates ?? []) {
    const condition = others.find(({ type }) => type === conditionType);
    if (condition === undefined) messages.push(`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`);
    else if (condition.status !== 'True') messages.push(`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${condition.status}`);
  }
  if (messages.length > 0) return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
  return { type: 'Ready', status: 'True' };
}

export function initialized(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase): PodCondition {
  const type = 'Initialized';
  const spec = specOf(pod);
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of spec.initContainers ?? []) {
    const status = find(statuses, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (isSidecar(container) ? status.started !== true : !status.ready) incomplete.push(container.name);
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { type, status: 'True', reason: 'PodCompleted' };
  const started = spec.containers.some((container) => {
    const status = find(statuses, container.name);
    return status?.state?.running !== undefined || status?.state?.terminated !== undefined;
  });
  if (started) return { type, status: 'True' };
  const messages: string[] = [];
  if (unknown.length > 0) messages.push(`containers with unknown status: ${listText(unknown)}`);
  if (incomplete.length > 0) messages.push(`containers with incomplete status: ${listText(incomplete)}`);
  if (messages.length === 0) return { type, status: 'True' };
  return { type, status: 'False', reason: 'ContainersNotInitialized', message: messages.join(', ') };
}

/** The kubelet's conditions in upstream's order. `sandboxReady`: a sandbox with a network exists. */
export function kubeletConditions(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase, sandboxReady: boolean, others: readonly PodCondition[]): PodCondition[] {
  return [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized(pod, statuses, phase),
    podReady(pod, statuses, phase, others),
    containersReady(pod, statuses, phase),
    { type: 'PodScheduled', status: 'True' },
  ];
}
