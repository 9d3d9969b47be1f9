// Cluster addresses and families of a Service: each by itself, against each other, and against what was
// given before (KEP-563).
import { isIPv6 } from 'node:net';
import type { ServiceSpec } from '#api/core/v1.ts';
import { addAll, duplicate, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { checkIp, isDualStack } from './fields.ts';

const ipsPath = 'spec.clusterIPs';
const familiesPath = 'spec.ipFamilies';
const unchangeable = 'may not change once set';

export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
}

export function checkClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const errors: FieldError[] = [];
  const ips = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(ipsPath, ''));
    else if (ips[0] !== spec.clusterIP) errors.push(invalidValue(ipsPath, ips, 'first value must match `clusterIP`'));
  } else if (ips.length > 0) {
    errors.push(invalidValue(ipsPath, ips, 'must be empty when `clusterIP` is not specified'));
  }
  const seen = new Set<string>();
  for (const [i, family] of families.entries()) {
    if (family !== 'IPv4' && family !== 'IPv6') errors.push(notSupported(index(familiesPath, i), family, ['IPv4', 'IPv6']));
    if (seen.has(family)) errors.push(duplicate(index(familiesPath, i), family));
    seen.add(family);
  }
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (spec.ipFamilyPolicy && !policies.includes(spec.ipFamilyPolicy)) errors.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, policies));
  let valid = true;
  const known = new Set(old?.clusterIPs);
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === 'None') {
      if (ips.length === 1) continue;
      valid = false;
      errors.push(invalidValue(ipsPath, ips, "'None' must be the first and only value"));
      continue;
    }
    const found = checkIp(ip, index(ipsPath, i), known);
    if (found.length > 0) valid = false;
    addAll(errors, found);
  }
  if (ips.length > 2) errors.push(invalidValue(ipsPath, ips, 'may only hold up to 2 values'));
  if (!valid) return errors;
  if (ips.length > 1 && !isDualStack(ips)) errors.push(invalidValue(ipsPath, ips, 'may specify no more than one IP for each IP family'));
  if (isHeadless(spec)) return errors;
  for (const [i, ip] of ips.entries()) {
    const family = families[i];
    if (family === 'IPv4' && isIPv6(ip)) errors.push(invalidValue(index(ipsPath, i), ip, `expected an IPv4 value as indicated by \`ipFamilies[${i}]\``));
    if (family === 'IPv6' && !isIPv6(ip)) errors.push(invalidValue(index(ipsPath, i), ip, `expected an IPv6 value as indicated by \`ipFamilies[${i}]\``));
  }
  return errors;
}

/** Addresses stay; only a second one may be added, or released by going single-stack. */
export function checkClusterIpsUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || (isHeadless(spec) && isHeadless(old))) return [];
  const ips = spec.clusterIPs ?? [];
  const before = old.clusterIPs ?? [];
  if (before.length === ips.length) {
    return before.flatMap((ip, i) => (ip === ips[i] ? [] : [invalidValue(index(ipsPath, i), ips, unchangeable)]));
  }
  const errors: FieldError[] = [];
  if (ips.length === 0) errors.push(invalidValue(index(ipsPath, 0), spec.clusterIPs, 'primary clusterIP can not be unset'));
  else if (before.length > 0 && ips[0] !== before[0]) errors.push(invalidValue(index(ipsPath, 0), ips, unchangeable));
  if (before.length > ips.length && ips.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"));
  }
  return errors;
}

export function checkFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || isHeadless(spec) || isHeadless(old)) return [];
  const families = spec.ipFamilies ?? [];
  const before = old.ipFamilies ?? [];
  const ips = spec.clusterIPs ?? [];
  const first = index(familiesPath, 0);
  if (before.length === families.length) {
    return before.flatMap((family, i) => (family === families[i] ? [] : [invalidValue(first, families, unchangeable)]));
  }
  const errors: FieldError[] = [];
  if (before.length > families.length && ips.length === 0) errors.push(invalidValue(first, spec.ipFamilies, 'primary ipFamily can not be unset'));
  if (before.length > 0 && families.length > 0 && families[0] !== before[0]) errors.push(invalidValue(first, ips, unchangeable));
  if (before.length > families.length && families.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"));
  }
  return errors;
}
