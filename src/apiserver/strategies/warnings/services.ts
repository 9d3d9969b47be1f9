// Warnings about services: fields that are ignored, deprecated, or written in odd forms.
import type { Service } from '#api/core/v1.ts';
import { cidrWarnings, goQuote, ipWarnings } from '#machinery';

export function serviceWarnings(service: Service): string[] {
  const spec = service.spec ?? {};
  const warnings: string[] = [];
  if (service.metadata?.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined) {
    warnings.push('annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead');
  }
  const clusterIp = spec.clusterIP ?? '';
  if (clusterIp !== '' && clusterIp !== 'None' && spec.type !== 'ExternalName') {
    for (const [i, ip] of (spec.clusterIPs ?? []).entries()) warnings.push(...ipWarnings(ip, `spec.clusterIPs[${i}]`));
  }
  const headless = spec.type === 'ClusterIP' && clusterIp === 'None';
  const external = spec.externalIPs ?? [];
  if (headless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (external.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  for (const [i, ip] of external.entries()) warnings.push(...ipWarnings(ip, `spec.externalIPs[${i}]`));
  if (external.length > 0 && !headless && spec.type !== 'ExternalName') warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec.loadBalancerIP) warnings.push(...ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'));
  for (const [i, cidr] of (spec.loadBalancerSourceRanges ?? []).entries()) warnings.push(...cidrWarnings(cidr, `spec.loadBalancerSourceRanges[${i}]`));
  if (spec.type === 'ExternalName' && external.length > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose') warnings.push(`spec.trafficDistribution: ${goQuote('PreferClose')} is deprecated; use ${goQuote('PreferSameZone')}`);
  return warnings;
}
