// The zone's view of the cluster, kept by informers with the indexes that DNS questions need.
import type { EndpointSlice } from '#api/discovery/v1.ts';
import type { Namespace, Service } from '#api/core/v1.ts';
import type { InformerFactory } from '#client';
import type { ZoneView } from './zone.ts';

function keyOfService(slice: EndpointSlice): string {
  return `${slice.metadata?.namespace}/${slice.metadata?.labels?.['kubernetes.io/service-name'] ?? ''}`;
}

/** Asks the factory for services, slices and namespaces. Whoever owns the factory starts it. */
export function informerView(factory: InformerFactory): ZoneView {
  const services = factory.informer<Service>('services');
  const slices = factory.informer<EndpointSlice>('endpointslices.discovery.k8s.io');
  const namespaces = factory.informer<Namespace>('namespaces');
  services.addIndex('dns-ip', (service) => (service.spec?.clusterIPs ?? []).filter((ip) => ip !== 'None'));
  slices.addIndex('dns-service', (slice) => [keyOfService(slice)]);
  slices.addIndex('dns-ip', (slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
  return {
    service: (namespace, name) => services.get(namespace, name),
    slices: (namespace, name) => slices.byIndex('dns-service', `${namespace}/${name}`),
    hasNamespace: (name) => namespaces.get('', name) !== undefined,
    servicesWithIp: (ip) => services.byIndex('dns-ip', ip),
    slicesWithIp: (ip) => slices.byIndex('dns-ip', ip),
  };
}
