// Who counts what against ResourceQuotas: pods, services and claims by their own rules, all else as objects. The
// controller adds up with it, admission charges with it. Pure. Upstream: pkg/quota/v1/evaluator/core.
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '#api/core/v1.ts';
import type { KubeObject } from '../object.ts';
import { compareQuantity, parseQuantity, roundUpQuantity } from '../quantity.ts';
import { count, type Amounts } from './amounts.ts';
import { isExtended, podUsage } from './pod-usage.ts';
import { claimMatches, podMatches, scopesOf } from './scopes.ts';

const countPrefix = 'count/';
const classSuffix = '.storageclass.storage.k8s.io/';
const podNames: ReadonlySet<string> = new Set([
  'count/pods', 'pods', 'cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage',
]);
const serviceNames: ReadonlySet<string> = new Set(['count/services', 'services', 'services.nodeports', 'services.loadbalancers']);
const claimNames: ReadonlySet<string> = new Set(['count/persistentvolumeclaims', 'persistentvolumeclaims', 'requests.storage']);
/** Counted by their plain names too. */
const plainNames: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

/** Who counts: one of the three by heart, or plain objects of "deployments.apps". */
export type Counter = 'pods' | 'services' | 'persistentvolumeclaims' | { readonly objects: string };

/** Who counts a resource name: one of the three by heart, or plain objects of "deployments.apps"; undefined is nobody. */
export function counterOf(name: string): Counter | undefined {
  if (podNames.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')) return 'pods';
  if (name.startsWith('requests.') && isExtended(name.slice('requests.'.length))) return 'pods';
  if (serviceNames.has(name)) return 'services';
  if (claimNames.has(name) || name.endsWith(`${classSuffix}requests.storage`) || name.endsWith(`${classSuffix}persistentvolumeclaims`)) return 'persistentvolumeclaims';
  if (name.startsWith(countPrefix)) return { objects: name.slice(countPrefix.length) };
  return plainNames.has(name) ? { objects: name } : undefined;
}

/** Who counts objects of a resource. */
export function counterFor(group: string, plural: string): Counter {
  if (group === '' && (plural === 'pods' || plural === 'services' || plural === 'persistentvolumeclaims')) return plural;
  return { objects: group === '' ? plural : `${plural}.${group}` };
}

/** Of `names` those that `counter` counts. */
export function countedBy(counter: Counter, names: readonly string[]): string[] {
  return names.filter((name) => {
    const own = counterOf(name);
    return typeof own === 'object' && typeof counter === 'object' ? own.objects === counter.objects : own === counter;
  });
}

/** What one object counts, by resource name. */
export function quotaUsage(counter: Counter, object: KubeObject, nowMs: number): Amounts {
  if (counter === 'pods') return podUsage(object as Pod, nowMs);
  if (counter === 'services') return serviceUsage(object as Service);
  if (counter === 'persistentvolumeclaims') return claimUsage(object as PersistentVolumeClaim);
  const names = [`${countPrefix}${counter.objects}`, ...(plainNames.has(counter.objects) ? [counter.objects] : [])];
  return new Map(names.map((name) => [name, count(1)]));
}

/** All scopes of the quota take the object in; a quota without scopes takes every one. */
export function isInScopes(quota: ResourceQuota, counter: Counter, object: KubeObject): boolean {
  return scopesOf(quota).every((scope) => (counter === 'pods' ? podMatches(object as Pod, scope) : counter === 'persistentvolumeclaims' && claimMatches(object as PersistentVolumeClaim, scope)));
}

function serviceUsage(service: Service): Amounts {
  const ports = service.spec?.ports ?? [];
  const type = service.spec?.type;
  const allocated = type === 'LoadBalancer' && service.spec?.allocateLoadBalancerNodePorts === false ? ports.filter((port) => (port.nodePort ?? 0) !== 0) : ports;
  return new Map([
    ['count/services', count(1)],
    ['services', count(1)],
    ['services.nodeports', count(type === 'NodePort' || type === 'LoadBalancer' ? allocated.length : 0)],
    ['services.loadbalancers', count(type === 'LoadBalancer' ? 1 : 0)],
  ]);
}

function claimUsage(claim: PersistentVolumeClaim): Amounts {
  const usage = new Map([['count/persistentvolumeclaims', count(1)], ['persistentvolumeclaims', count(1)]]);
  const storageClass = claim.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName ?? '';
  if (storageClass !== '') usage.set(`${storageClass}${classSuffix}persistentvolumeclaims`, count(1));
  const text = claim.spec?.resources?.requests?.storage;
  if (text === undefined) return usage;
  // While an expansion is being taken back, what was allocated still counts.
  const sizes = [text, claim.status?.allocatedResources?.storage].filter((size) => size !== undefined).map((size) => roundUpQuantity(parseQuantity(size), 0));
  const most = sizes.reduce((a, b) => (compareQuantity(a, b) >= 0 ? a : b));
  usage.set('requests.storage', most);
  if (storageClass !== '') usage.set(`${storageClass}${classSuffix}requests.storage`, most);
  return usage;
}
