// default/kubernetes: the Service by which pods reach the API server, with the Endpoints and EndpointSlice that
// the server itself keeps, because nobody else knows where it is. Several servers add themselves.
import type { Endpoints, Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isAlreadyExists, isConflict, jsonEqual } from '#machinery';
import type { KubeObject, ObjectReader, ObjectWriter, PostStartHook } from '../contract.ts';

export interface KubernetesService {
  /** The first address of the service range. */
  readonly clusterIp: string;
  /** Where this server can be reached from pods. */
  readonly address: string;
  readonly port: number;
  /** False: the Service alone is this server's. */
  readonly keepsEndpoints?: boolean;
}

type Remove = (group: string, plural: string, namespace: string, name: string) => Promise<void>;

const name = 'kubernetes';
const namespace = 'default';
const attempts = 5;

/** Creates or corrects an object. `wanted` makes it from what is there; the same object back means that it is right. */
async function reconcile(writer: ObjectWriter, group: string, resource: string, wanted: (found: KubeObject | undefined) => KubeObject): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await writer.lookup(group, resource, namespace, name);
    const object = wanted(found);
    try {
      if (found === undefined) await writer.create(group, resource, object);
      else if (!jsonEqual(object, found)) await writer.update(group, resource, object);
      return;
    } catch (error) {
      if (attempt === attempts || !(isAlreadyExists(error) || isConflict(error))) throw error;
    }
  }
}

const lookEveryMs = 10_000;

/** Made at the start, and again when somebody has deleted it. */
export function kubernetesServiceHook({ clock, log }: World, reader: ObjectReader, remove: Remove, service: KubernetesService): PostStartHook {
  const all = service.keepsEndpoints === false ? kept.slice(0, 1) : kept;
  return {
    name: 'bootstrap-controller',
    async run(writer, signal) {
      await keep(writer, remove, service);
      void every(clock, lookEveryMs, signal, async () => {
        if (all.every(([group, resource]) => reader.get(group, resource, namespace, name) !== undefined)) return;
        try {
          await keep(writer, remove, service);
        } catch (error) {
          if (!signal.aborted) log.warn('the Service default/kubernetes cannot be kept', { error: errorText(error) });
        }
      });
    },
  };
}

const kept = [['', 'services'], ['', 'endpoints'], ['discovery.k8s.io', 'endpointslices']] as const;

/** Each is the server's own, whatever has become of the others. */
async function keep(writer: ObjectWriter, remove: Remove, { address, port, clusterIp, keepsEndpoints = true }: KubernetesService): Promise<void> {
  await Promise.all([
    reconcile(writer, '', 'services', (found) => {
      const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }];
      // One that is there keeps its address, of whatever range: clients know it.
      if (found !== undefined) return { ...found, spec: { ...(found as KubeObject & Service).spec, ports, type: 'ClusterIP' } };
      const labels = { component: 'apiserver', provider: 'kubernetes' };
      const spec: Service['spec'] = { clusterIP: clusterIp, ports, sessionAffinity: 'None', type: 'ClusterIP' };
      return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels }, spec };
    }),
    ...(keepsEndpoints ? [keepEndpoints(writer, address, port), keepSlice(writer, remove, address, port)] : []),
  ]);
}

function keepEndpoints(writer: ObjectWriter, address: string, port: number): Promise<void> {
  const ports = portsOf(port);
  return reconcile(writer, '', 'endpoints', (found) => {
    const subset = (found as (KubeObject & Endpoints) | undefined)?.subsets?.[0];
    const addresses = merged(subset?.ports?.[0]?.port === port ? (subset.addresses ?? []).map((a) => a.ip) : [], address).map((ip) => ({ ip }));
    const labels = { ...found?.metadata?.labels, 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    return { apiVersion: 'v1', kind: 'Endpoints', ...found, metadata: { ...found?.metadata, name, namespace, labels }, subsets: [{ addresses, ports }] };
  });
}

async function keepSlice(writer: ObjectWriter, remove: Remove, address: string, port: number): Promise<void> {
  const ports = portsOf(port);
  const addressType = address.includes(':') ? 'IPv6' : 'IPv4';
  const before = (await writer.lookup('discovery.k8s.io', 'endpointslices', namespace, name)) as (KubeObject & EndpointSlice) | undefined;
  // A slice never changes its family.
  if (before !== undefined && before.addressType !== addressType) await remove('discovery.k8s.io', 'endpointslices', namespace, name);
  return reconcile(writer, 'discovery.k8s.io', 'endpointslices', (found) => {
    const slice = found as (KubeObject & EndpointSlice) | undefined;
    const known = slice?.ports?.[0]?.port === port ? (slice.endpoints ?? []).flatMap((e) => e.addresses) : [];
    const endpoints = merged(known, address).map((ip) => ({ addresses: [ip], conditions: { ready: true } }));
    const labels = { ...found?.metadata?.labels, 'kubernetes.io/service-name': name };
    return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...found, metadata: { ...found?.metadata, name, namespace, labels }, addressType, endpoints, ports };
  });
}

function portsOf(port: number): { name: string; port: number; protocol: string }[] {
  return [{ name: 'https', port, protocol: 'TCP' }];
}

function merged(known: readonly string[], own: string): string[] {
  return [...new Set([...known, own])].sort();
}
