// What an update that leaves out assigned values keeps from before, and how clusterIP and clusterIPs follow each
// other: old clients know only the former. Follows patchAllocatedValues and normalizeClusterIPs upstream
// (KEP-563).
import type { Service } from '#api/core/v1.ts';
import type { Stored } from '../registry/strategy.ts';
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from '../strategies/services.ts';

type ServiceObject = Stored<Service>;
type Spec = NonNullable<ServiceObject['spec']>;

/** A client that sends a service without what the server assigned does not mean to take it away. */
export function keepAssigned(service: ServiceObject, old: ServiceObject): void {
  const { spec } = service;
  if (spec === undefined || old.spec === undefined) return;
  if (needsClusterIp(service) && needsClusterIp(old)) {
    if ((spec.clusterIP ?? '') === '' && old.spec.clusterIP !== undefined) spec.clusterIP = old.spec.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && (old.spec.clusterIPs ?? []).length > 0) spec.clusterIPs = [...(old.spec.clusterIPs ?? [])];
  }
  if (needsNodePort(service) && needsNodePort(old)) keepNodePorts(spec, old.spec);
  if (needsHealthCheckPort(service) && needsHealthCheckPort(old) && (spec.healthCheckNodePort ?? 0) === 0 && old.spec.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

/** A port is known by its name, whatever else of it changes. */
function keepNodePorts(spec: Spec, old: Spec): void {
  const given = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
  const before = new Map((old.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
  for (const port of spec.ports ?? []) {
    const known = before.get(port.name ?? '') ?? 0;
    if ((port.nodePort ?? 0) === 0 && known !== 0 && !given.has(known)) port.nodePort = known;
  }
}

export function sameClusterIps(a: ServiceObject, b: ServiceObject): boolean {
  return JSON.stringify(a.spec?.clusterIPs ?? []) === JSON.stringify(b.spec?.clusterIPs ?? []);
}

/** Makes the list follow the single address where only the latter was given or changed. */
export function alignClusterIps(service: ServiceObject, old: ServiceObject | undefined): void {
  const { spec } = service;
  if (spec === undefined) return;
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const before = old.spec?.clusterIP ?? '';
  const listBefore = old.spec?.clusterIPs ?? [];
  if (before === clusterIP) {
    if (clusterIPs.length === 0 && listBefore.length > 0) spec.clusterIPs = [...listBefore];
    return;
  }
  if (!sameClusterIps(service, old)) return;
  if (clusterIP === '') delete spec.clusterIPs;
  else spec.clusterIPs = [clusterIP];
}
