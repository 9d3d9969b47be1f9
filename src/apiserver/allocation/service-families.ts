// IP families of a Service, and what an update that leaves them out keeps from before.
import type { Service } from '#api/core/v1.ts';
import { invalid } from '#machinery';
import type { Stored } from '../registry/strategy.ts';
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from '../strategies/services.ts';

type ServiceObject = Stored<Service>;
type Family = 'IPv4' | 'IPv6';

/** A client that sends a service without what the server assigned does not mean to take it away. */
export function keepAssigned(service: ServiceObject, old: ServiceObject): void {
  const { spec } = service;
  if (spec === undefined || old.spec === undefined) return;
  if (needsClusterIp(service) && needsClusterIp(old)) {
    if ((spec.clusterIP ?? '') === '' && old.spec.clusterIP !== undefined) spec.clusterIP = old.spec.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === old.spec.clusterIP && old.spec.clusterIPs !== undefined) spec.clusterIPs = [...old.spec.clusterIPs];
    if (spec.ipFamilies === undefined && old.spec.ipFamilies !== undefined) spec.ipFamilies = [...old.spec.ipFamilies];
    if (spec.ipFamilyPolicy === undefined && old.spec.ipFamilyPolicy !== undefined) spec.ipFamilyPolicy = old.spec.ipFamilyPolicy;
  }
  if (needsNodePort(service) && needsNodePort(old)) {
    const used = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
    const before = new Map((old.spec.ports ?? []).map((port) => [`${port.protocol ?? 'TCP'}/${port.port}`, port.nodePort ?? 0]));
    for (const port of spec.ports ?? []) {
      const known = before.get(`${port.protocol ?? 'TCP'}/${port.port}`) ?? 0;
      if ((port.nodePort ?? 0) === 0 && known !== 0 && !used.has(known)) port.nodePort = known;
    }
  }
  if (needsHealthCheckPort(service) && needsHealthCheckPort(old) && (spec.healthCheckNodePort ?? 0) === 0 && old.spec.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Fills in ipFamilyPolicy, ipFamilies and the pair clusterIP/clusterIPs. `cluster`: the families of the service ranges, the main one first. */
export function completeFamilies(service: ServiceObject, old: ServiceObject | undefined, cluster: readonly Family[]): void {
  const { spec } = service;
  if (spec === undefined) return;
  if (!needsClusterIp(service)) return;
  normalizeClusterIps(service, old);
  const [main = 'IPv4'] = cluster;
  const other: Family = main === 'IPv4' ? 'IPv6' : 'IPv4';
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  const chosen = (spec.clusterIPs ?? []).filter((address) => address !== '' && address !== 'None').map(familyOf);
  if (headless && selectorless) {
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    const [first = main] = (spec.ipFamilies ?? []) as Family[];
    if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = spec.ipFamilyPolicy === 'SingleStack' ? [main] : [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    return;
  }
  const dual = (spec.ipFamilies ?? []).length === 2 || chosen.length === 2;
  spec.ipFamilyPolicy ??= dual ? 'RequireDualStack' : 'SingleStack';
  if (spec.ipFamilyPolicy === 'RequireDualStack' && cluster.length < 2) {
    throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', [
      { type: 'Invalid', field: 'spec.ipFamilyPolicy', badValue: spec.ipFamilyPolicy, detail: 'this cluster is not configured for dual-stack services' },
    ]);
  }
  const families = [...((spec.ipFamilies ?? []) as Family[])];
  if (families.length === 0) families.push(...(chosen.length > 0 ? chosen : [main]));
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && cluster.length === 2) families.push(families[0] === main ? other : main);
  const unserved = families.find((family) => !cluster.includes(family));
  if (unserved !== undefined) {
    throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', [
      { type: 'Invalid', field: `spec.ipFamilies[${families.indexOf(unserved)}]`, badValue: unserved, detail: 'not configured on this cluster' },
    ]);
  }
  spec.ipFamilies = families;
}

/** clusterIP is the first of clusterIPs; old clients know only the former. */
function normalizeClusterIps(service: ServiceObject, old: ServiceObject | undefined): void {
  const { spec } = service;
  if (spec === undefined) return;
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const oldIp = old.spec?.clusterIP ?? '';
  const sameList = JSON.stringify(old.spec?.clusterIPs ?? []) === JSON.stringify(clusterIPs);
  if (oldIp !== '' && clusterIP === '' && sameList) delete spec.clusterIPs;
  if (oldIp === '' && clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
  if (oldIp !== '' && clusterIP !== '' && oldIp !== clusterIP && sameList) spec.clusterIPs = [clusterIP];
}
