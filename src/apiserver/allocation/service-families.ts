// IP families of a Service: which it gets when it does not say, and when it becomes dual-stack or single-stack.
// Neither happens without ipFamilyPolicy saying so: a cluster that gains or loses a family leaves its Services as
// they are (KEP-563). Follows initIPFamilyFields upstream.
import type { Service } from '#api/core/v1.ts';
import { checkServiceIps, invalid, type FieldError } from '#machinery';
import type { Stored } from '../registry/strategy.ts';
import { sameClusterIps } from './assigned-values.ts';

type ServiceObject = Stored<Service>;
type Spec = NonNullable<ServiceObject['spec']>;
export type Family = 'IPv4' | 'IPv6';

const policyField = 'spec.ipFamilyPolicy';

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

export function otherFamily(family: string | undefined): Family {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}

function sameFamilies(spec: Spec, old: Spec): boolean {
  return JSON.stringify(spec.ipFamilies ?? []) === JSON.stringify(old.ipFamilies ?? []);
}

/** A PreferDualStack service that says of its addresses what it said before stays as it is. */
export function staysPreferred(service: ServiceObject, old: ServiceObject | undefined): boolean {
  const { spec } = service;
  if (spec === undefined || old?.spec === undefined || spec.type !== old.spec.type) return false;
  if (spec.type !== 'ClusterIP' && spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return false;
  const prefers = spec.ipFamilyPolicy === 'PreferDualStack' && (old.spec.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack';
  return prefers && sameClusterIps(service, old) && sameFamilies(spec, old.spec);
}

/** Throws Invalid. @param cluster The families of the service ranges, the main one first. */
export function completeFamilies(service: ServiceObject, old: ServiceObject | undefined, cluster: readonly Family[]): void {
  const { spec } = service;
  if (spec === undefined || spec.type === 'ExternalName' || staysPreferred(service, old)) return;
  const openly = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (openly ? 'RequireDualStack' : 'SingleStack');
  refuse(service, checkServiceIps(spec, old?.spec));
  const errors: FieldError[] = old === undefined ? [] : followPolicy(service, old);
  if (spec.ipFamilyPolicy === 'SingleStack') errors.push(...notSingle(spec));
  errors.push(...inferFamilies(spec, cluster));
  refuse(service, errors);
  const single = spec.ipFamilyPolicy === 'SingleStack';
  const families = spec.ipFamilies ?? [];
  const first = families[0] ?? cluster[0] ?? 'IPv4';
  if (openly) {
    // Nobody hands out addresses for it: it may have families that the cluster has not.
    spec.ipFamilies = families.length < 2 && !single ? [first, otherFamily(first)] : families.length === 0 ? [first] : families;
    return;
  }
  refuse(service, notServed(spec, cluster));
  if (families.length < 2) spec.ipFamilies = !single && cluster.length === 2 ? [first, otherFamily(first)] : [first];
}

function refuse(service: ServiceObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', errors);
}

function wrong(field: string, badValue: unknown, detail: string): FieldError {
  return { type: 'Invalid', field, badValue, detail };
}

/** SingleStack alone says that the second one goes; any other policy does not let go of it. */
function followPolicy(service: ServiceObject, old: ServiceObject): FieldError[] {
  const { spec } = service;
  if (spec === undefined || old.spec === undefined) return [];
  const ips = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const [keepIps, keepFamilies] = [sameClusterIps(service, old), sameFamilies(spec, old.spec)];
    if (keepIps && ips.length > 1) spec.clusterIPs = ips.slice(0, 1);
    if (keepFamilies && families.length > 1) spec.ipFamilies = families.slice(0, 1);
    return [];
  }
  const errors: FieldError[] = [];
  const reduced = (now: readonly string[], before: readonly string[] | undefined): boolean => now.length > 0 && now.length < (before?.length ?? 0);
  if (reduced(ips, old.spec.clusterIPs)) errors.push(wrong(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"));
  if (reduced(families, old.spec.ipFamilies)) errors.push(wrong(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"));
  return errors;
}

function notSingle(spec: Spec): FieldError[] {
  const detail = (what: string): string => `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  return [
    ...(spec.clusterIPs?.length === 2 ? [wrong(policyField, spec.ipFamilyPolicy, detail('cluster IPs'))] : []),
    ...(spec.ipFamilies?.length === 2 ? [wrong(policyField, spec.ipFamilyPolicy, detail('IP families'))] : []),
  ];
}

/** An address that the client chose says its family. */
function inferFamilies(spec: Spec, cluster: readonly Family[]): FieldError[] {
  const errors: FieldError[] = [];
  const families = [...(spec.ipFamilies ?? [])];
  for (const [i, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break;
    if (i < families.length) continue;
    const family = familyOf(address);
    if (cluster.includes(family)) families.push(family);
    else errors.push(wrong(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`));
  }
  if (families.length > 0) spec.ipFamilies = families;
  return errors;
}

function notServed(spec: Spec, cluster: readonly Family[]): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && cluster.length < 2) errors.push(wrong(policyField, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (!cluster.some((served) => served === family)) errors.push(wrong(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  }
  return errors;
}
