// Questions about a pod's spec that many parts ask: identity, container kinds, restart rules, QoS class.
// Pure; upstream's pkg/api/v1/pod, pkg/apis/core/v1/helper/qos and pkg/kubelet/types.
import { compareQuantity, parseQuantity } from '#machinery';
import type { Container, Pod, PodSpec, PodStatus } from '#api/core/v1.ts';

export interface PodRef {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

export const sourceAnnotation = 'kubernetes.io/config.source';
export const mirrorAnnotation = 'kubernetes.io/config.mirror';
export const hashAnnotation = 'kubernetes.io/config.hash';
export const seenAnnotation = 'kubernetes.io/config.seen';

export const uidOf = (pod: Pod): string => pod.metadata?.uid ?? '';
export const nameOf = (pod: Pod): string => pod.metadata?.name ?? '';
export const namespaceOf = (pod: Pod): string => pod.metadata?.namespace ?? '';
export const fullName = (pod: Pod): string => `${nameOf(pod)}_${namespaceOf(pod)}`;
export const refOf = (pod: Pod): PodRef => ({ uid: uidOf(pod), namespace: namespaceOf(pod), name: nameOf(pod) });

/** "web_default(1234-…)": how messages name a pod. */
export const podText = (pod: Pod): string => `${nameOf(pod)}_${namespaceOf(pod)}(${uidOf(pod)})`;

export const specOf = (pod: Pod): PodSpec => pod.spec ?? { containers: [] };
export const isMirror = (pod: Pod): boolean => pod.metadata?.annotations?.[mirrorAnnotation] !== undefined;

/** From a file: its source annotation is neither absent nor "api". */
export function isStatic(pod: Pod): boolean {
  const source = pod.metadata?.annotations?.[sourceAnnotation];
  return source !== undefined && source !== 'api';
}

/** Mirror pods carry the hash of the static pod's manifest, which is the static pod's uid. */
export const isDeleting = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
export const isTerminalPhase = (status: PodStatus | undefined): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';
export const restartPolicyOf = (pod: Pod): string => specOf(pod).restartPolicy ?? 'Always';

/** Sidecars are init containers with restartPolicy Always; for regular ones `restartPolicy` is a rule of its own. */
export const isInitSidecar = (pod: Pod, container: Container): boolean =>
  isSidecar(container) && (specOf(pod).initContainers ?? []).some((init) => init.name === container.name);

/** Every container of the spec, of all three kinds. */
export function allContainers(pod: Pod): Container[] {
  const spec = specOf(pod);
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

export const findContainer = (pod: Pod, name: string): Container | undefined => allContainers(pod).find((container) => container.name === name);

/** The part of the pod that a container's events are about. */
export function containerFieldPath(pod: Pod, name: string): string {
  const spec = specOf(pod);
  if ((spec.initContainers ?? []).some((c) => c.name === name)) return `spec.initContainers{${name}}`;
  if ((spec.ephemeralContainers ?? []).some((c) => c.name === name)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}

/** Whether a container that ended with `exitCode` is started again: its own rules, its own policy, the pod's policy. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    const rule = (container.restartPolicyRules ?? []).find(({ exitCodes }) => {
      if (exitCodes === undefined) return false;
      const listed = (exitCodes.values ?? []).includes(exitCode);
      return exitCodes.operator === 'In' ? listed : exitCodes.operator === 'NotIn' && !listed;
    });
    if (rule?.action === 'Restart') return true;
    if (container.restartPolicy === 'Always') return true;
    if (container.restartPolicy === 'OnFailure') return exitCode !== 0;
    if (container.restartPolicy === 'Never') return false;
  }
  const policy = restartPolicyOf(pod);
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

function positive(list: Record<string, string> | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const zero = parseQuantity('0');
  for (const name of counted) {
    const text = list?.[name];
    if (text !== undefined && compareQuantity(parseQuantity(text), zero) > 0) found.set(name, text);
  }
  return found;
}

/** QoS class by requests and limits of cpu and memory; the one in status wins, as it never changes. */
export function qosClass(pod: Pod): QosClass {
  const told = pod.status?.qosClass;
  if (told === 'Guaranteed' || told === 'Burstable' || told === 'BestEffort') return told;
  const spec = specOf(pod);
  const level = spec.resources;
  if (level?.requests !== undefined || level?.limits !== undefined) return classOf([level]);
  return classOf([...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.resources));
}

function classOf(all: readonly PodSpec['resources'][]): QosClass {
  let any = false;
  let guaranteed = true;
  for (const resources of all) {
    const requests = positive(resources?.requests);
    const limits = positive(resources?.limits);
    if (requests.size > 0 || limits.size > 0) any = true;
    for (const name of counted) {
      const limit = limits.get(name);
      const request = requests.get(name) ?? limit;
      if (limit === undefined || request === undefined || compareQuantity(parseQuantity(limit), parseQuantity(request)) !== 0) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Static pods, mirror pods and pods of system priority: never evicted, never refused for want of room. */
export function isCritical(pod: Pod): boolean {
  return isStatic(pod) || isMirror(pod) || (specOf(pod).priority ?? 0) >= 2_000_000_000;
}

/** Grace in seconds for ending the pod: what the deletion says, else the spec; at least 1. */
export function graceSeconds(pod: Pod, override?: number): number {
  const grace = override ?? pod.metadata?.deletionGracePeriodSeconds ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
  return Math.max(1, grace);
}
