// A pod as the runtime has it: sandboxes and containers, newest first, read from CRI labels and annotations
// in upstream's form, so that what ran before the agent started is recognised and adopted.
import type { Container as SpecContainer, ContainerPort, LifecycleHandler, Pod } from '#api/core/v1.ts';
import type { ContainerStatus, Mount, PodSandboxStatus } from '#runtime';
import { nameOf, namespaceOf, specOf, uidOf } from './pod.ts';

export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';

const hashKey = 'io.kubernetes.container.hash';
const restartCountKey = 'io.kubernetes.container.restartCount';
const messagePathKey = 'io.kubernetes.container.terminationMessagePath';
const messagePolicyKey = 'io.kubernetes.container.terminationMessagePolicy';
const preStopKey = 'io.kubernetes.container.preStopHandler';
const portsKey = 'io.kubernetes.container.ports';
const deletionGraceKey = 'io.kubernetes.pod.deletionGracePeriod';
const terminationGraceKey = 'io.kubernetes.pod.terminationGracePeriod';

export type ObservedState = 'created' | 'running' | 'exited' | 'unknown';

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: ObservedState;
  readonly image: string;
  readonly imageRef: string;
  readonly hash: string;
  readonly restartCount: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
  readonly mounts: readonly Mount[];
  readonly messagePath: string;
  readonly messagePolicy: string;
  /** What is needed to end it when its pod is no longer known. */
  readonly preStop: LifecycleHandler | undefined;
  readonly ports: readonly ContainerPort[];
  readonly graceSeconds: number | undefined;
}

export interface ObservedSandbox {
  readonly id: string;
  readonly ready: boolean;
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly ips: readonly string[];
}

export interface PodObservation {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
  /** Of the newest sandbox, while it is ready. */
  readonly ips: readonly string[];
}

/** Milliseconds of CRI's nanosecond text; 0 for never. */
export const criTimeMs = (nanoseconds: string): number => (nanoseconds.length > 6 ? Number(nanoseconds.slice(0, -6)) : 0);

/** FNV-1a over the fields whose change makes a container a new one: name and image. */
export function containerHash(container: SpecContainer): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify({ image: container.image ?? '', name: container.name }))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

export function podLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata?.labels, [podNameLabel]: nameOf(pod), [podNamespaceLabel]: namespaceOf(pod), [podUidLabel]: uidOf(pod) };
}

export function containerLabels(pod: Pod, container: SpecContainer): Record<string, string> {
  return { [podNameLabel]: nameOf(pod), [podNamespaceLabel]: namespaceOf(pod), [podUidLabel]: uidOf(pod), [containerNameLabel]: container.name };
}

export function containerAnnotations(pod: Pod, container: SpecContainer, restartCount: number): Record<string, string> {
  const annotations: Record<string, string> = {
    [hashKey]: containerHash(container),
    [restartCountKey]: String(restartCount),
    [messagePathKey]: container.terminationMessagePath ?? '',
    [messagePolicyKey]: container.terminationMessagePolicy ?? '',
  };
  const deletion = pod.metadata?.deletionGracePeriodSeconds;
  const termination = specOf(pod).terminationGracePeriodSeconds;
  if (deletion !== undefined) annotations[deletionGraceKey] = String(deletion);
  if (termination !== undefined) annotations[terminationGraceKey] = String(termination);
  if (container.lifecycle?.preStop !== undefined) annotations[preStopKey] = JSON.stringify(container.lifecycle.preStop);
  if (container.ports !== undefined && container.ports.length > 0) annotations[portsKey] = JSON.stringify(container.ports);
  return annotations;
}

function json<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Annotations written by another agent: what cannot be read is treated as absent.
    return undefined;
  }
}

const states: Readonly<Record<string, ObservedState>> = { CONTAINER_CREATED: 'created', CONTAINER_RUNNING: 'running', CONTAINER_EXITED: 'exited' };

/** A container from its CRI status. `message` gains the termination message elsewhere. */
export function observeContainer(status: ContainerStatus): ObservedContainer {
  const notes = status.annotations;
  const state = states[status.state] ?? 'unknown';
  const grace = notes[deletionGraceKey] ?? notes[terminationGraceKey];
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata.name,
    sandboxId: status.pod_sandbox_id,
    state,
    image: status.image.image,
    imageRef: status.image_ref,
    hash: notes[hashKey] ?? '',
    restartCount: Number(notes[restartCountKey] ?? 0) || 0,
    createdAtMs: criTimeMs(status.created_at),
    startedAtMs: state === 'created' ? 0 : criTimeMs(status.started_at),
    finishedAtMs: state === 'exited' ? criTimeMs(status.finished_at) : 0,
    exitCode: state === 'exited' ? status.exit_code : 0,
    reason: state === 'exited' ? status.reason : '',
    message: state === 'exited' ? status.message : '',
    logPath: status.log_path,
    mounts: status.mounts,
    messagePath: notes[messagePathKey] ?? '',
    messagePolicy: notes[messagePolicyKey] ?? '',
    preStop: json<LifecycleHandler>(notes[preStopKey]),
    ports: json<ContainerPort[]>(notes[portsKey]) ?? [],
    graceSeconds: grace === undefined ? undefined : Number(grace),
  };
}

export function observeSandbox(status: PodSandboxStatus): ObservedSandbox {
  const ips = [status.network.ip, ...status.network.additional_ips.map(({ ip }) => ip)].filter((ip) => ip !== '');
  return { id: status.id, ready: status.state === 'SANDBOX_READY', attempt: status.metadata.attempt, createdAtMs: criTimeMs(status.created_at), ips };
}

/** Nothing of the pod exists in the runtime. */
export const emptyObservation = (pod: Pod): PodObservation => ({
  uid: uidOf(pod), name: nameOf(pod), namespace: namespaceOf(pod), sandboxes: [], containers: [], ips: [],
});

/** The newest container of that name. */
export const latest = (observation: PodObservation, name: string): ObservedContainer | undefined =>
  observation.containers.find((container) => container.name === name);
