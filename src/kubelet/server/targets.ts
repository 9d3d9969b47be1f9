// From the names in a URL to what they mean on this node: the pod, its container in the runtime, its
// sandbox, its log. Errors carry upstream's texts and codes.
import type { ContainerStatus, Pod, PodStatus } from '#api/core/v1.ts';
import type { KubeletCore } from '../core.ts';
import { latest, type PodObservation } from '../observed.ts';
import { findContainer, nameOf, refOf, uidOf } from '../pod.ts';
import type { PodSet } from '../pods/pod-set.ts';
import { HttpError } from './answers.ts';

export interface Target {
  readonly pod: Pod;
  readonly observed: PodObservation;
}

export async function findPod(core: KubeletCore, pods: PodSet, namespace: string, name: string, uid: string | undefined): Promise<Target> {
  const pod = pods.byName(namespace, name);
  if (pod === undefined || (uid !== undefined && uid !== '' && uidOf(pod) !== uid)) throw new HttpError(404, 'pod does not exist');
  return { pod, observed: await core.observer.observe(refOf(pod)) };
}

/** The running container's id. */
export function runningContainer({ pod, observed }: Target, name: string): string {
  const container = latest(observed, name);
  if (container === undefined) throw new HttpError(500, `container not found ("${name}")`);
  if (container.state !== 'running') throw new HttpError(500, `container ${name} of pod ${nameOf(pod)} is not running`);
  return container.id;
}

const bare = (id: string): string => id.replace(/^[^:]*:\/\//, '');

function statusOf(status: PodStatus, name: string): ContainerStatus | undefined {
  return [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])].find((each) => each.name === name);
}

/** The container whose log is meant, by the status that users see. Throws 400 when there is none. */
export function logContainer(pod: Pod, status: PodStatus, name: string, previous: boolean): string {
  const where = `container "${name}" in pod "${nameOf(pod)}"`;
  const refuse = (text: string): never => {
    throw new HttpError(400, text);
  };
  const found = statusOf(status, name);
  if (found === undefined) return refuse(`${where} is not available`);
  const last = found.lastState?.terminated?.containerID ?? '';
  if (previous) return last === '' ? refuse(`previous terminated ${where} not found`) : bare(last);
  const { running, terminated, waiting } = found.state ?? {};
  if (running !== undefined) return bare(found.containerID ?? '');
  if (terminated !== undefined) {
    const own = terminated.containerID ?? '';
    if (own === '' && last === '') return refuse(`${where} is terminated`);
    return bare(own === '' ? last : own);
  }
  if (found.lastState?.terminated !== undefined) return last === '' ? refuse(`${where} is terminated`) : bare(last);
  if (waiting?.reason === 'ErrImagePull') return refuse(`${where} is waiting to start: image can't be pulled`);
  if (waiting?.reason === 'ImagePullBackOff') return refuse(`${where} is waiting to start: trying and failing to pull image`);
  return refuse(waiting === undefined ? `${where} is waiting to start - no logs yet` : `${where} is waiting to start: ${waiting.reason ?? ''}`);
}

/** Checks that the spec has such a container. */
export function requireContainer(pod: Pod, name: string): void {
  if (findContainer(pod, name) === undefined) throw new HttpError(404, `container "${name}" not found in pod "${nameOf(pod)}"`);
}
