// Rows of networking.k8s.io and discovery.k8s.io.
import type { EndpointSlice } from '#api/discovery/v1.ts';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '#api/networking/v1.ts';
import { age, nameOf, selectorText, withMore } from './cell-text.ts';
import { printer, type Printers } from './printer.ts';

function hostsText(ingress: Ingress): string {
  const rules = ingress.spec?.rules ?? [];
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === 3) more = true;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - 3} more...` : hosts.join(',');
}

function parametersText({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (!parameters) return '<none>';
  return `${parameters.kind}${typeof parameters.apiGroup === 'string' ? `.${parameters.apiGroup}` : ''}/${parameters.name}`;
}

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef;
  if (!parent) return '<none>';
  const resource = `${parent.resource ?? ''}${parent.group ? `.${parent.group}` : ''}`.toLowerCase();
  return [resource, ...(parent.namespace ? [parent.namespace] : []), parent.name ?? ''].join('/');
}

export const printers: Printers = {
  'networking.v1.Ingress': printer<Ingress>('Name=name Class Hosts Address Ports Age', (ingress, nowMs) => {
    const addresses = (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== '');
    const ports = (ingress.spec?.tls ?? []).length > 0 ? '80, 443' : '80';
    return [nameOf(ingress), ingress.spec?.ingressClassName ?? '<none>', hostsText(ingress), [...new Set(addresses)].sort().join(','), ports, age(ingress, nowMs)];
  }),
  'networking.v1.IngressClass': printer<IngressClass>('Name=name Controller Parameters Age', (object, nowMs) => {
    const isDefault = object.metadata?.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
    return [`${nameOf(object)}${isDefault ? ' (default)' : ''}`, object.spec?.controller ?? '', parametersText(object), age(object, nowMs)];
  }),
  'networking.v1.NetworkPolicy': printer<NetworkPolicy>('Name=name Pod-Selector Age', (policy, nowMs) => [
    nameOf(policy), selectorText(policy.spec?.podSelector ?? {}), age(policy, nowMs),
  ]),
  'networking.v1.ServiceCIDR': printer<ServiceCIDR>('Name=name CIDRs Age', (object, nowMs) => [nameOf(object), (object.spec?.cidrs ?? []).join(','), age(object, nowMs)]),
  'networking.v1.IPAddress': printer<IPAddress>('Name=name ParentRef', (object) => [nameOf(object), parentText(object)]),
  'discovery.v1.EndpointSlice': printer<EndpointSlice>('Name=name AddressType Ports Endpoints Age', (slice, nowMs) => [
    nameOf(slice), slice.addressType, withMore((slice.ports ?? []).map(({ port, name }) => (typeof port === 'number' ? String(port) : (name ?? '*')))),
    withMore((slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])), age(slice, nowMs),
  ]),
};
