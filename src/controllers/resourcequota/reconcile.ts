// What of a quota is used: for every resource that it limits and that somebody can count, the sum over the objects
// of its namespace within its scopes. Pure. Upstream: pkg/controller/resourcequota, pkg/quota/v1.
import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service } from '#api/core/v1.ts';
import { compareQuantity, parseQuantity, roundUpQuantity, type Quantity } from '#machinery';
import { addInto, count, sameAmounts, toList, type Amounts } from './amounts.ts';
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

export interface Observed {
  readonly quota: ResourceQuota;
  /** Of the quota's namespace. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  /** How many objects of "deployments.apps"; undefined when they cannot be counted now. */
  readonly objects: (resource: string) => number | undefined;
}

/** The status that the quota should have; undefined when it has it. */
export function reconcile({ quota, pods, services, claims, objects }: Observed, nowMs: number): ResourceQuotaStatus | undefined {
  const hard = quota.spec?.hard ?? {};
  const scopes = scopesOf(quota);
  const totals = {
    pods: sum(pods.filter((pod) => scopes.every((scope) => podMatches(pod, scope))).map((pod) => podUsage(pod, nowMs))),
    services: scopes.length > 0 ? new Map<string, Quantity>() : sum(services.map(serviceUsage)),
    persistentvolumeclaims: sum(claims.filter((claim) => scopes.every((scope) => claimMatches(claim, scope))).map(claimUsage)),
  };
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard)) {
    const counter = counterOf(name);
    if (counter === undefined) continue;
    const before = quota.status?.used?.[name];
    if (typeof counter === 'string') Object.assign(used, toList(new Map([[name, totals[counter].get(name) ?? count(0)]])));
    else {
      const number = scopes.length > 0 ? 0 : objects(counter.objects);
      if (number !== undefined) used[name] = String(number);
      else if (before !== undefined) used[name] = before;
    }
  }
  const { status } = quota;
  const same = status?.hard !== undefined && status.used !== undefined && sameAmounts(status.hard, hard) && sameAmounts(status.used, used);
  return same ? undefined : { hard: { ...hard }, used };
}

function sum(usages: readonly Amounts[]): Amounts {
  const total = new Map<string, Quantity>();
  for (const usage of usages) addInto(total, usage);
  return total;
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
