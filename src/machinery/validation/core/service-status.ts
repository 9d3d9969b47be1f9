// The load balancer part of a Service's or Ingress' status.
import { isIP } from 'node:net';
import type { LoadBalancerStatus } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { checkIp, checkSubdomain } from './fields.ts';

export function checkLoadBalancerStatus(
  status: LoadBalancerStatus | undefined, old: LoadBalancerStatus | undefined, path: string, isLoadBalancer: boolean,
): FieldError[] {
  const ingress = status?.ingress ?? [];
  const at = child(path, 'ingress');
  if (!isLoadBalancer) return ingress.length === 0 ? [] : [forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'")];
  const known = new Set((old?.ingress ?? []).map((entry) => entry.ip ?? '').filter((ip) => ip !== ''));
  return ingress.flatMap((entry, i) => {
    const errors: FieldError[] = [];
    const ip = entry.ip ?? '';
    const modePath = child(index(at, i), 'ipMode');
    const mode = entry.ipMode ?? undefined;
    if (ip !== '') addAll(errors, checkIp(ip, child(index(at, i), 'ip'), known));
    if (mode === undefined) {
      if (ip !== '') errors.push(required(modePath, 'must be specified when `ip` is set'));
    } else if (ip === '') {
      errors.push(forbiddenField(modePath, 'may not be specified when `ip` is not set'));
    } else if (mode !== 'VIP' && mode !== 'Proxy') {
      errors.push(notSupported(modePath, mode, ['Proxy', 'VIP']));
    }
    const hostname = entry.hostname ?? '';
    if (hostname !== '') {
      addAll(errors, checkSubdomain(hostname, child(index(at, i), 'hostname')));
      if (isIP(hostname) !== 0) errors.push(invalidValue(child(index(at, i), 'hostname'), hostname, 'must be a DNS name, not an IP address'));
    }
    return errors;
  });
}
