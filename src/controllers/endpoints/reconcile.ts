// From a Service and its pods to the older Endpoints object: addresses grouped by the ports they serve, ready
// and not ready apart, in a canonical order, at most 1,000.
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Pod, Service } from '#api/core/v1.ts';
import { stableJson } from '#client';
import { isReady } from '../pod-state.ts';
import { sameValue } from '../same-value.ts';
import { addressesOf, belongsInEndpoints, headlessLabel, hostnameFor, isHeadless, isIPv6, targetPort, triggerTimeAnnotation } from '../service-pods.ts';

export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const managedBy = 'endpoint-controller';
export const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
export const maxCapacity = 1000;

interface Entry {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly ports: EndpointPort[];
}

export interface Observed {
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly existing: Endpoints | undefined;
  readonly triggerTime: string | undefined;
}

/** The object to write; undefined when what exists says it already. */
export function reconcile({ service, pods, existing, triggerTime }: Observed): Endpoints | undefined {
  const full = subsetsOf(service, pods);
  const { subsets, truncated } = truncate(full);
  const labels: Record<string, string> = { ...service.metadata?.labels };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = '';
  labels[managedByLabel] = managedBy;
  const before = existing?.metadata?.annotations ?? {};
  const same = existing !== undefined && sameValue(existing.subsets, subsets) && sameValue(existing.metadata?.labels, labels) && (overCapacityAnnotation in before) === truncated;
  if (same) return undefined;
  const { [triggerTimeAnnotation]: _t, [overCapacityAnnotation]: _o, ...annotations } = before;
  if (triggerTime !== undefined) annotations[triggerTimeAnnotation] = triggerTime;
  if (truncated) annotations[overCapacityAnnotation] = 'truncated';
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...existing?.metadata, name: service.metadata?.name, namespace: service.metadata?.namespace, labels, annotations },
    subsets,
  };
}

function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const entries: Entry[] = [];
  const notReadyToo = service.spec?.publishNotReadyAddresses === true;
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, notReadyToo)) continue;
    const address = addressOf(service, pod);
    if (address === undefined) continue;
    const ports: EndpointPort[] = [];
    for (const port of service.spec?.ports ?? []) {
      const number = targetPort(pod, port);
      if (number !== undefined) ports.push({ ...(port.name === undefined ? {} : { name: port.name }), port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) });
    }
    // Only a headless Service may do without ports.
    if (ports.length > 0 || ((service.spec?.ports ?? []).length === 0 && service.spec?.clusterIP === 'None')) {
      entries.push({ address, ready: notReadyToo || isReady(pod), ports });
    }
  }
  return pack(entries);
}

function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const families = service.spec?.ipFamilies ?? [];
  const clusterIp = service.spec?.clusterIP ?? '';
  const wantIPv6 = families.length > 0 ? families[0] === 'IPv6' : isIPv6(clusterIp !== '' && clusterIp !== 'None' ? clusterIp : (pod.status?.podIP ?? ''));
  const ip = addressesOf(pod).find((each) => isIPv6(each) === wantIPv6);
  if (ip === undefined) return undefined;
  const hostname = hostnameFor(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    nodeName: pod.spec?.nodeName,
    targetRef: { kind: 'Pod', namespace: pod.metadata?.namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
  };
}

/** Groups ports by the very set of addresses that serve them. */
function pack(entries: readonly Entry[]): EndpointSubset[] {
  const byPort = new Map<string, { port: EndpointPort | undefined; addresses: Map<string, Entry> }>();
  for (const entry of entries) {
    for (const port of entry.ports.length === 0 ? [undefined] : entry.ports) {
      const key = port === undefined ? '' : stableJson(port);
      const group = byPort.get(key) ?? { port, addresses: new Map<string, Entry>() };
      byPort.set(key, group);
      const id = `${entry.address.ip} ${entry.address.targetRef?.uid ?? ''}`;
      // Not ready outweighs ready.
      if (group.addresses.get(id)?.ready !== false) group.addresses.set(id, entry);
    }
  }
  const bySet = new Map<string, { ports: EndpointPort[]; entries: Entry[] }>();
  for (const { port, addresses } of byPort.values()) {
    const ids = [...addresses.keys()].sort();
    const key = ids.map((id) => `${id} ${addresses.get(id)?.ready === true ? 'ready' : ''}`).join('\n');
    const set = bySet.get(key) ?? { ports: [], entries: ids.map((id) => addresses.get(id)).filter((entry) => entry !== undefined) };
    bySet.set(key, set);
    if (port !== undefined) set.ports.push(port);
  }
  const byText = (a: unknown, b: unknown): number => (stableJson(a) < stableJson(b) ? -1 : 1);
  return [...bySet.values()]
    .map((set) => {
      const ready = set.entries.filter((entry) => entry.ready).map((entry) => entry.address);
      const notReady = set.entries.filter((entry) => !entry.ready).map((entry) => entry.address);
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(set.ports.length > 0 ? { ports: set.ports.sort(byText) } : {}),
      };
    })
    .sort(byText);
}

/** Beyond 1,000 addresses ready ones go first, each subset in proportion to its size. */
function truncate(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const ready = subsets.reduce((sum, subset) => sum + (subset.addresses?.length ?? 0), 0);
  const notReady = subsets.reduce((sum, subset) => sum + (subset.notReadyAddresses?.length ?? 0), 0);
  if (ready + notReady <= maxCapacity) return { subsets, truncated: false };
  const cutReady = ready > maxCapacity;
  const room = cutReady ? maxCapacity : maxCapacity - ready;
  const total = cutReady ? ready : notReady;
  let left = room;
  const cut = (addresses: EndpointAddress[] | undefined): EndpointAddress[] => {
    const list = addresses ?? [];
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * room)));
    left -= kept.length;
    return kept;
  };
  const shorter = subsets.map((subset) => (cutReady ? { ...subset, addresses: cut(subset.addresses), notReadyAddresses: [] } : { ...subset, notReadyAddresses: cut(subset.notReadyAddresses) }));
  return { subsets: shorter, truncated: true };
}
