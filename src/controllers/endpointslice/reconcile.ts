// From a Service and its pods to EndpointSlices: one group of slices per address family and set of ports, at
// most 100 endpoints each, changed as little as possible: first what must go or change in place, then what is
// new into slices that are written anyway, then into one with room, then into new ones. Upstream: KEP-752.
import type { Pod, Node, Service } from '#api/core/v1.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1.ts';
import { controllerReference, stableJson } from '#client';
import { podNamePrefix } from '../pod-template.ts';
import { isReady } from '../pod-state.ts';
import { sameValue } from '../same-value.ts';
import { addressesOf, belongsInEndpoints, headlessLabel, hostnameFor, isHeadless, isIPv6, targetPort } from '../service-pods.ts';
import { withHints } from './hints.ts';

export const managedBy = 'endpointslice-controller.k8s.io';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
export const maxEndpointsPerSlice = 100;

export interface Observed {
  readonly service: Service;
  /** Those that the Service selects. */
  readonly pods: readonly Pod[];
  /** The Service's slices that this controller manages, without those being deleted. */
  readonly slices: readonly EndpointSlice[];
  readonly nodeOf: (name: string) => Node | undefined;
}

export interface Actions {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
  /** Nodes that pods name and that are not known: those pods are left out, look again. */
  readonly missingNodes: readonly string[];
}

interface Changes {
  readonly create: EndpointSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

type Family = 'IPv4' | 'IPv6';

/** What to write so that the slices say what the pods are. */
export function reconcile(observed: Observed): Actions {
  const { service, slices } = observed;
  const families = familiesOf(service);
  const all: Changes = { create: [], update: [], remove: slices.filter((slice) => !families.includes(slice.addressType as Family)) };
  const missingNodes = new Set<string>();
  for (const family of families) {
    const existing = slices.filter((slice) => slice.addressType === family);
    const changes = reuse(service, reconcileFamily(observed, family, existing, missingNodes));
    all.create.push(...changes.create);
    all.update.push(...changes.update);
    all.remove.push(...changes.remove);
  }
  // A dying Service gets no new slices: the garbage collector would chase them.
  const dying = service.metadata?.deletionTimestamp !== undefined;
  return { create: dying ? [] : all.create, update: all.update, remove: all.remove, missingNodes: [...missingNodes] };
}

function familiesOf(service: Service): Family[] {
  const families = (service.spec?.ipFamilies ?? []).filter((family): family is Family => family === 'IPv4' || family === 'IPv6');
  if (families.length > 0) return families;
  const ip = service.spec?.clusterIP ?? '';
  return ip !== '' && ip !== 'None' ? [isIPv6(ip) ? 'IPv6' : 'IPv4'] : ['IPv4', 'IPv6'];
}

function portsKey(ports: readonly EndpointPort[] | undefined): string {
  return (ports ?? []).map((port) => stableJson([port.name ?? '', port.protocol ?? 'TCP', port.port ?? null, port.appProtocol ?? null])).sort().join();
}

function reconcileFamily({ service, pods, nodeOf }: Observed, family: Family, existing: readonly EndpointSlice[], missingNodes: Set<string>): Changes {
  const changes: Changes = { create: [], update: [], remove: [] };
  const groups = new Map<string, { ports: readonly EndpointPort[]; slices: EndpointSlice[]; wanted: Map<string, Endpoint> | undefined }>();
  const group = (ports: readonly EndpointPort[]) => {
    const key = portsKey(ports);
    const found = groups.get(key) ?? { ports, slices: [], wanted: undefined };
    groups.set(key, found);
    return found;
  };
  for (const slice of existing) {
    if (isOwned(slice, service)) group(slice.ports ?? []).slices.push(slice);
    else changes.remove.push(slice);
  }
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, true)) continue;
    const own = group(portsOf(service, pod));
    own.wanted ??= new Map();
    const nodeName = pod.spec?.nodeName ?? '';
    const node = nodeOf(nodeName);
    if (node === undefined && service.spec?.publishNotReadyAddresses !== true) {
      missingNodes.add(nodeName);
      continue;
    }
    const endpoint = endpointOf(pod, node, service, family);
    if (endpoint.addresses.length > 0) own.wanted.set(identity(endpoint), endpoint);
  }
  for (const { ports, slices, wanted } of groups.values()) {
    if (wanted === undefined) changes.remove.push(...slices);
    else fill(service, family, ports, slices, wanted, changes);
  }
  keepPlaceholder(service, family, existing, changes);
  return withHints(service, changes, existing);
}

/** A Service without endpoints has one empty slice, so that watchers can tell "none" from "not looked at". */
function keepPlaceholder(service: Service, family: Family, existing: readonly EndpointSlice[], changes: Changes): void {
  if (existing.length !== changes.remove.length || changes.create.length > 0) return;
  const placeholder = emptySlice(service, family, []);
  const only = changes.remove.length === 1 ? changes.remove[0] : undefined;
  const same =
    only !== undefined &&
    (only.endpoints ?? []).length === 0 &&
    (only.ports ?? []).length === 0 &&
    sameValue(only.metadata?.labels, placeholder.metadata?.labels) &&
    sameValue(only.metadata?.ownerReferences, placeholder.metadata?.ownerReferences);
  if (same) changes.remove.length = 0;
  else changes.create.push(placeholder);
}

/** A slice to delete and one to create make one to update. */
function reuse(service: Service, changes: Changes): Changes {
  const { create, update, remove } = changes;
  const kept = remove.filter((old) => {
    if (create.length === 0 || !isOwned(old, service)) return true;
    const made = create.pop();
    if (made !== undefined) update.push({ ...made, metadata: { ...old.metadata, labels: made.metadata?.labels, ownerReferences: made.metadata?.ownerReferences } });
    return false;
  });
  return { create, update, remove: kept };
}

function fill(service: Service, family: Family, ports: readonly EndpointPort[], slices: readonly EndpointSlice[], wanted: Map<string, Endpoint>, changes: Changes): void {
  const unchanged: EndpointSlice[] = [];
  const changed: EndpointSlice[] = [];
  for (const slice of slices) {
    const before = slice.endpoints ?? [];
    const kept: Endpoint[] = [];
    let touched = false;
    for (const endpoint of before) {
      const key = identity(endpoint);
      const got = wanted.get(key);
      if (got === undefined) continue;
      wanted.delete(key);
      kept.push({ ...got, hints: endpoint.hints });
      touched ||= !sameBeyondIdentity(got, endpoint);
    }
    const labels = labelsOf(service);
    if (touched || kept.length !== before.length) {
      if (kept.length === 0) changes.remove.push(slice);
      else changed.push({ ...slice, endpoints: kept, metadata: { ...slice.metadata, labels } });
    } else if (!sameValue(slice.metadata?.labels, labels)) changed.push({ ...slice, metadata: { ...slice.metadata, labels } });
    else unchanged.push(slice);
  }
  changed.sort((a, b) => (b.endpoints?.length ?? 0) - (a.endpoints?.length ?? 0));
  const rest = [...wanted.values()];
  for (const [at, slice] of changed.entries()) changed[at] = withMore(slice, rest);
  while (rest.length > 0) {
    const roomy = rest.length < maxEndpointsPerSlice ? fullestWithRoom(unchanged, rest.length) : undefined;
    if (roomy === undefined) changes.create.push(withMore(emptySlice(service, family, ports), rest));
    else {
      unchanged.splice(unchanged.indexOf(roomy), 1);
      changed.push(withMore(roomy, rest));
    }
  }
  changes.update.push(...changed);
}

/** Moves as many of `rest` into the slice as it can hold. */
function withMore(slice: EndpointSlice, rest: Endpoint[]): EndpointSlice {
  const room = maxEndpointsPerSlice - (slice.endpoints?.length ?? 0);
  return rest.length === 0 || room <= 0 ? slice : { ...slice, endpoints: [...(slice.endpoints ?? []), ...rest.splice(0, room)] };
}

/** The slice that is nearest to full once `count` more are in it. */
function fullestWithRoom(slices: readonly EndpointSlice[], count: number): EndpointSlice | undefined {
  let best: EndpointSlice | undefined;
  for (const slice of slices) {
    const left = maxEndpointsPerSlice - (slice.endpoints?.length ?? 0) - count;
    if (left >= 0 && (best === undefined || left < maxEndpointsPerSlice - (best.endpoints?.length ?? 0) - count)) best = slice;
  }
  return best;
}

function identity(endpoint: Endpoint): string {
  return JSON.stringify([[...endpoint.addresses].sort(), endpoint.hostname ?? '', endpoint.targetRef?.namespace ?? '', endpoint.targetRef?.name ?? '']);
}

function sameBeyondIdentity(a: Endpoint, b: Endpoint): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.conditions?.ready === b.conditions?.ready &&
    a.conditions?.serving === b.conditions?.serving &&
    a.conditions?.terminating === b.conditions?.terminating &&
    a.targetRef?.uid === b.targetRef?.uid
  );
}

function endpointOf(pod: Pod, node: Node | undefined, service: Service, family: Family): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const zone = node?.metadata?.labels?.['topology.kubernetes.io/zone'] ?? '';
  const nodeName = pod.spec?.nodeName ?? '';
  const hostname = hostnameFor(pod, service);
  return {
    addresses: addressesOf(pod).filter((address) => isIPv6(address) === (family === 'IPv6')),
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', namespace: pod.metadata?.namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === '' ? {} : { zone }),
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const found: EndpointPort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(pod, port);
    if (number !== undefined) found.push({ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) });
  }
  return found;
}

export function isOwned(slice: EndpointSlice, service: Service): boolean {
  return (slice.metadata?.ownerReferences ?? []).some((owner) => owner.uid === service.metadata?.uid && owner.kind === 'Service' && owner.apiVersion === 'v1');
}

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _h, [serviceNameLabel]: _s, [managedByLabel]: _m, ...inherited } = service.metadata?.labels ?? {};
  return {
    ...inherited,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceNameLabel]: service.metadata?.name ?? '',
    [managedByLabel]: managedBy,
  };
}

function emptySlice(service: Service, family: Family, ports: readonly EndpointPort[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: podNamePrefix(service.metadata?.name ?? ''),
      namespace: service.metadata?.namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service, { group: '', version: 'v1', kind: 'Service' })],
    },
    addressType: family,
    endpoints: [],
    ports: [...ports],
  };
}
