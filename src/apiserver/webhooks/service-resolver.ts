// From a Service to an address that a connection of this process can go to. Upstream knows two ways and so does
// this: a ready endpoint (--enable-aggregator-routing), or the cluster IP, which needs a service proxy on the
// machine. Ready endpoints are Skiff's default: the caches know them the moment they are written, where rules of
// a proxy follow later, and a server without a node agent beside it reaches webhooks all the same.
import type { Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { goQuote, notFound, serviceUnavailable } from '#machinery';
import { randomInt, type Random } from '#base/random.ts';
import type { SocketAddress } from '#wire';
import type { KubeObject, ObjectReader } from '../contract.ts';

/** Throws what upstream's resolver would say. */
export type ServiceResolver = (namespace: string, name: string, port: number) => SocketAddress;

function serviceOf(reader: ObjectReader, namespace: string, name: string): KubeObject & Service {
  const service = reader.get('', 'services', namespace, name) as (KubeObject & Service) | undefined;
  if (service === undefined) throw notFound({ group: '', resource: 'service' }, name);
  return service;
}

function portOf(service: KubeObject & Service, port: number): { readonly name: string } {
  const found = service.spec?.ports?.find((p) => p.port === port);
  if (found === undefined) throw serviceUnavailable(`no service port ${port} found for service ${goQuote(service.metadata?.name ?? '')}`);
  return { name: found.name ?? '' };
}

function typeOf(service: KubeObject & Service): string {
  return service.spec?.type ?? 'ClusterIP';
}

/** The cluster IP, for a process with a service proxy under it. */
export function clusterIpResolver(reader: ObjectReader): ServiceResolver {
  return (namespace, name, port) => {
    const service = serviceOf(reader, namespace, name);
    const type = typeOf(service);
    if (type === 'ExternalName') return { host: service.spec?.externalName ?? '', port };
    if (type === 'ClusterIP' && service.spec?.clusterIP === 'None') throw new Error('cannot route to service with ClusterIP "None"');
    if (!['ClusterIP', 'NodePort', 'LoadBalancer'].includes(type)) throw new Error(`unsupported service type ${goQuote(type)}`);
    portOf(service, port);
    return { host: service.spec?.clusterIP ?? '', port };
  };
}

/** A ready endpoint, of the Service's first address family when it has any; names outside the cluster as they are. */
export function endpointResolver(reader: ObjectReader, random: Random): ServiceResolver {
  return (namespace, name, port) => {
    const service = serviceOf(reader, namespace, name);
    const type = typeOf(service);
    if (type === 'ExternalName') return { host: service.spec?.externalName ?? '', port };
    if (!['ClusterIP', 'NodePort', 'LoadBalancer'].includes(type)) throw new Error(`unsupported service type ${goQuote(type)}`);
    const wanted = portOf(service, port);
    const family = service.spec?.ipFamilies?.[0];
    const slices = slicesOf(reader, namespace, name);
    const ready = slices.flatMap((slice) => readyOf(slice, wanted.name));
    const preferred = ready.filter((endpoint) => endpoint.family === family);
    const choice = preferred.length > 0 ? preferred : ready;
    const chosen = choice[randomInt(random, Math.max(1, choice.length))];
    if (chosen === undefined) throw serviceUnavailable(`no endpoints available for service ${goQuote(name)}`);
    return { host: chosen.host, port: chosen.port };
  };
}

/** The EndpointSlices of a Service. */
export function slicesOf(reader: ObjectReader, namespace: string, name: string): (KubeObject & EndpointSlice)[] {
  const slices = reader.list('discovery.k8s.io', 'endpointslices', namespace) as readonly (KubeObject & EndpointSlice)[];
  return slices.filter((slice) => slice.metadata?.labels?.['kubernetes.io/service-name'] === name);
}

function readyOf(slice: KubeObject & EndpointSlice, portName: string): { host: string; port: number; family: string }[] {
  const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const host = endpoint.addresses?.[0];
    return host === undefined || endpoint.conditions?.ready === false ? [] : [{ host, port, family: slice.addressType ?? '' }];
  });
}
