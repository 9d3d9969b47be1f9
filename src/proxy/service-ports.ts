// Services and EndpointSlices as the proxy needs them: one entry per Service port and address family, with the
// endpoints that each traffic policy picks. Pure. Upstream: kube-proxy's service and endpoint change trackers,
// KEP-2086 (internalTrafficPolicy), KEP-1672 (terminating endpoints), KEP-4444 (trafficDistribution).
import type { Service, ServicePort } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';
export type Family = 'ip' | 'ip6';

export interface EndpointTarget {
  readonly ip: string;
  readonly port: number;
  readonly local: boolean;
}

export interface ServicePortEntry {
  /** "namespace/name:port" */
  readonly id: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly clusterIp: string;
  readonly port: number;
  /** 0 for none. */
  readonly nodePort: number;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  readonly loadBalancerSourceRanges: readonly string[];
  /** Seconds that a client stays with its endpoint; 0 for no affinity. */
  readonly affinitySeconds: number;
  /** Where traffic from within the cluster goes. */
  readonly clusterEndpoints: readonly EndpointTarget[];
  /** Where traffic from outside goes; equal to `clusterEndpoints` with policy Cluster. */
  readonly externalEndpoints: readonly EndpointTarget[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** There are endpoints somewhere, though a Local policy may leave none here. */
  readonly hasAnyEndpoint: boolean;
  /** Port of the health check that load balancers ask; 0 for none. */
  readonly healthCheckNodePort: number;
  /** Ready endpoints on this node, for that health check. */
  readonly localReady: number;
}

export interface Here {
  readonly nodeName: string;
  readonly zone: string;
}

interface Candidate extends EndpointTarget {
  readonly ready: boolean;
  /** Still answering though it is going away. */
  readonly lingering: boolean;
  readonly nodes: readonly string[];
  readonly zones: readonly string[];
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip';
}

function protocolOf(port: { readonly protocol?: string }): Protocol {
  const name = (port.protocol ?? 'TCP').toLowerCase();
  return name === 'udp' || name === 'sctp' ? name : 'tcp';
}

function candidates(slices: readonly EndpointSlice[], family: Family, port: ServicePort, here: Here): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== (family === 'ip' ? 'IPv4' : 'IPv6')) continue;
    const match = (slice.ports ?? []).find((p) => (p.name ?? '') === (port.name ?? '') && protocolOf(p) === protocolOf(port));
    if (match?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined) continue;
      const ready = endpoint.conditions?.ready !== false;
      found.set(`${ip} ${match.port}`, {
        ip,
        port: match.port,
        local: endpoint.nodeName === here.nodeName,
        ready,
        lingering: !ready && endpoint.conditions?.serving === true && endpoint.conditions.terminating === true,
        nodes: (endpoint.hints?.forNodes ?? []).map((n) => n.name),
        zones: (endpoint.hints?.forZones ?? []).map((z) => z.name),
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.port - b.port));
}

/** Ready endpoints; when there is none, those that are going away and still answer. */
function serving(list: readonly Candidate[]): Candidate[] {
  const ready = list.filter((c) => c.ready);
  return ready.length > 0 ? ready : list.filter((c) => c.lingering);
}

/** Follows topology hints when every ready endpoint has them and some are for here. */
function hinted(list: readonly Candidate[], here: Here): readonly Candidate[] {
  const pick = (wanted: string, hints: (c: Candidate) => readonly string[]): readonly Candidate[] | undefined => {
    if (wanted === '' || list.length === 0 || list.some((c) => hints(c).length === 0)) return undefined;
    const chosen = list.filter((c) => hints(c).includes(wanted));
    return chosen.length > 0 ? chosen : undefined;
  };
  return pick(here.nodeName, (c) => c.nodes) ?? pick(here.zone, (c) => c.zones) ?? list;
}

function plain(list: readonly Candidate[]): EndpointTarget[] {
  return list.map(({ ip, port, local }) => ({ ip, port, local }));
}

/** Nothing for headless and ExternalName services, and for those that another proxy serves. */
export function servicePorts(service: Service, slices: readonly EndpointSlice[], here: Here): ServicePortEntry[] {
  const spec = service.spec;
  const { namespace = '', name = '', labels } = service.metadata ?? {};
  if (spec === undefined || spec.type === 'ExternalName' || spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None') return [];
  if (labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return [];
  const clusterIps = spec.clusterIPs ?? [spec.clusterIP];
  const externalLocal = spec.externalTrafficPolicy === 'Local';
  const internalLocal = spec.internalTrafficPolicy === 'Local';
  const ingress = (service.status?.loadBalancer?.ingress ?? []).filter((i) => i.ip !== undefined && i.ipMode !== 'Proxy').map((i) => i.ip ?? '');
  return clusterIps.flatMap((clusterIp) => {
    const family = familyOf(clusterIp);
    const ours = (ip: string): boolean => familyOf(ip) === family;
    return (spec.ports ?? []).map((port): ServicePortEntry => {
      const all = candidates(slices, family, port, here);
      const cluster = hinted(serving(all), here);
      const local = serving(all.filter((c) => c.local));
      return {
        id: `${namespace}/${name}${port.name === undefined || port.name === '' ? '' : `:${port.name}`}`,
        family,
        protocol: protocolOf(port),
        clusterIp,
        port: port.port,
        nodePort: port.nodePort ?? 0,
        externalIps: (spec.externalIPs ?? []).filter(ours),
        loadBalancerIps: ingress.filter(ours),
        loadBalancerSourceRanges: (spec.loadBalancerSourceRanges ?? []).filter(ours),
        affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
        clusterEndpoints: plain(internalLocal ? local : cluster),
        externalEndpoints: plain(externalLocal ? local : cluster),
        internalLocal,
        externalLocal,
        hasAnyEndpoint: serving(all).length > 0,
        healthCheckNodePort: externalLocal && spec.type === 'LoadBalancer' ? (spec.healthCheckNodePort ?? 0) : 0,
        localReady: all.filter((c) => c.local && c.ready).length,
      };
    });
  });
}
