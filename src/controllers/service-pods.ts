// Which pods stand behind which Services, as both endpoints controllers see it: what of a pod matters to them,
// whom a change of a pod concerns, and the time of the change for the latency measurements that tools take from
// the annotation endpoints.kubernetes.io/last-change-trigger-time.
import type { Pod, Service, ServicePort } from '#api/core/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { keyOf, type Informer } from '#client';
import { isFinished, isReady, podCondition } from './pod-state.ts';
import { sameValue } from './same-value.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
export const headlessLabel = 'service.kubernetes.io/headless';

/** True for Services whose endpoints are computed: those with a selector that are no external names. */
export function isSelecting(service: Service): boolean {
  return service.spec?.type !== 'ExternalName' && service.spec?.selector !== undefined && Object.keys(service.spec.selector).length > 0;
}

export function selects(service: Service, labels: Readonly<Record<string, string>> | undefined): boolean {
  return isSelecting(service) && Object.entries(service.spec?.selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None' || (service.spec?.clusterIP ?? '') === '';
}

/** Has an address and has not finished. */
export function belongsInEndpoints(pod: Pod, includeTerminating: boolean): boolean {
  if (isFinished(pod) || addressesOf(pod).length === 0) return false;
  return includeTerminating || pod.metadata?.deletionTimestamp === undefined;
}

export function addressesOf(pod: Pod): readonly string[] {
  const many = (pod.status?.podIPs ?? []).map((each) => each.ip);
  if (many.length > 0) return many;
  return pod.status?.podIP === undefined || pod.status.podIP === '' ? [] : [pod.status.podIP];
}

export function isIPv6(address: string): boolean {
  return address.includes(':');
}

/** The hostname under which DNS shows the pod, when it names this Service as its subdomain. */
export function hostnameFor(pod: Pod, service: Service): string | undefined {
  const hostname = pod.spec?.hostname ?? '';
  const own = hostname !== '' && pod.spec?.subdomain === service.metadata?.name && pod.metadata?.namespace === service.metadata?.namespace;
  return own ? hostname : undefined;
}

/** The number behind a Service's target port on this pod; undefined when the pod has no port of that name. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort;
  if (target === undefined) return port.port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((each) => each.name === target && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}

/** What of a pod shows in endpoints. */
function facts(pod: Pod): unknown {
  return [pod.metadata?.labels, pod.metadata?.deletionTimestamp === undefined, isReady(pod), isFinished(pod), addressesOf(pod), pod.spec?.nodeName, pod.spec?.hostname, pod.spec?.subdomain];
}

/** Calls `enqueue` with the key of every Service that a change of a pod concerns. */
export function watchServicePods(pods: Informer<Pod>, services: Informer<Service>, enqueue: (key: string) => void): void {
  const wake = (pod: Pod, old?: Pod): void => {
    for (const service of services.list(pod.metadata?.namespace)) {
      if (selects(service, pod.metadata?.labels) || (old !== undefined && selects(service, old.metadata?.labels))) enqueue(keyOf(service));
    }
  };
  pods.addHandler({
    added: (pod) => wake(pod),
    updated(pod, old) {
      if (!sameValue(facts(pod), facts(old))) wake(pod, old);
    },
    deleted: (pod) => wake(pod),
  });
}

export interface TriggerTimes {
  /** When what is now to be written began; undefined when nothing changed since the last call. */
  of(key: string, service: Service, pods: readonly Pod[]): string | undefined;
  forget(key: string): void;
}

/** Remembers per Service which changes have been accounted for. */
export function createTriggerTimes(): TriggerTimes {
  const known = new Map<string, { readonly pods: ReadonlyMap<string, number>; readonly serviceMs: number }>();
  return {
    of(key, service, pods) {
      const before = known.get(key);
      const times = new Map<string, number>();
      let least = Number.POSITIVE_INFINITY;
      for (const pod of pods) {
        const at = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime);
        if (Number.isNaN(at)) continue;
        times.set(pod.metadata?.name ?? '', at);
        if (at > (before?.pods.get(pod.metadata?.name ?? '') ?? 0)) least = Math.min(least, at);
      }
      const serviceMs = parseTime(service.metadata?.creationTimestamp);
      if (serviceMs > (before?.serviceMs ?? 0)) least = Math.min(least, serviceMs);
      known.set(key, { pods: times, serviceMs });
      const at = before === undefined ? serviceMs : least;
      return Number.isFinite(at) ? rfc3339(at) : undefined;
    },
    forget: (key) => void known.delete(key),
  };
}
