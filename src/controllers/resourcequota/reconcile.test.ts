// What counts against a quota.
import { expect, test } from 'vitest';
import type { PersistentVolumeClaim, Pod, PodSpec, ResourceQuota, ResourceQuotaSpec, Service } from '#api/core/v1.ts';
import { reconcile, type Observed } from './reconcile.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const pod = (requests: Record<string, string>, spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}): Pod => ({ metadata: { name: 'p', namespace: 'a' }, spec: { containers: [{ name: 'c', resources: { requests, limits: requests } }], ...spec }, ...more });
const quota = (spec: ResourceQuotaSpec, status?: ResourceQuota['status']): ResourceQuota => ({ metadata: { name: 'q', namespace: 'a' }, spec, status });
const observed = (subject: ResourceQuota, more: Partial<Observed> = {}): Observed => ({ quota: subject, pods: [], services: [], claims: [], objects: () => undefined, ...more });
const used = (spec: ResourceQuotaSpec, more: Partial<Observed>): Record<string, string> | undefined => reconcile(observed(quota(spec), more), now)?.used;

test('only what is limited is told, zero included, and what nobody counts is left out', () => {
  expect(used({ hard: { cpu: '10', 'services.loadbalancers': '1', 'count/deployments.apps': '5', nonsense: '1' } }, { pods: [pod({ cpu: '1', memory: '1Gi' }), pod({ cpu: '500m' })], objects: () => 3 })).toEqual({ cpu: '1500m', 'services.loadbalancers': '0', 'count/deployments.apps': '3' });
});

test('services and claims', () => {
  const service = (type: string, more: object = {}): Service => ({ metadata: { name: type, namespace: 'a' }, spec: { type, ports: [{ port: 1 }, { port: 2, nodePort: 30000 }], ...more } });
  const services = [service('ClusterIP'), service('NodePort'), service('LoadBalancer'), service('LoadBalancer', { allocateLoadBalancerNodePorts: false })];
  expect(used({ hard: { services: '9', 'services.nodeports': '9', 'services.loadbalancers': '9' } }, { services })).toEqual({ services: '4', 'services.nodeports': '5', 'services.loadbalancers': '2' });
  const claim = (storage: string, storageClassName: string, allocated?: string): PersistentVolumeClaim => ({ metadata: { name: 'c', namespace: 'a' }, spec: { storageClassName, resources: { requests: { storage } } }, status: allocated === undefined ? {} : { allocatedResources: { storage: allocated } } });
  const hard = { persistentvolumeclaims: '9', 'requests.storage': '9Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '9Gi' };
  expect(used({ hard }, { claims: [claim('1Gi', 'gold'), claim('2Gi', 'tin'), claim('1Gi', 'gold', '3Gi')] })).toEqual({ persistentvolumeclaims: '3', 'requests.storage': '6Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '4Gi' });
});

test.each<[string, ResourceQuotaSpec, number]>([
  ['BestEffort', { scopes: ['BestEffort'] }, 1],
  ['NotBestEffort', { scopes: ['NotBestEffort'] }, 2],
  ['Terminating', { scopes: ['Terminating'] }, 1],
  ['NotTerminating and NotBestEffort', { scopes: ['NotTerminating', 'NotBestEffort'] }, 1],
  ['a priority class', { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } }, 1],
  ['no priority class', { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'DoesNotExist' }] } }, 2],
])('within the scope %s', (_, spec, number) => {
  const pods = [pod({}), pod({ cpu: '1' }, { activeDeadlineSeconds: 5 }), pod({ cpu: '1' }, { priorityClassName: 'high' })];
  expect(used({ hard: { pods: '9' }, ...spec }, { pods })).toEqual({ pods: String(number) });
});

test('nothing is written when the status says it already, however it is spelt', () => {
  const hard = { cpu: '2' };
  const pods = [pod({ cpu: '1000m' })];
  expect(reconcile(observed(quota({ hard }, { hard, used: { cpu: '1' } }), { pods }), now)).toBeUndefined();
  expect(reconcile(observed(quota({ hard }, { hard: { cpu: '3' }, used: { cpu: '1' } }), { pods }), now)).toEqual({ hard, used: { cpu: '1' } });
  // What cannot be counted now keeps its number.
  const objects = quota({ hard: { secrets: '5' } }, { hard: { secrets: '5' }, used: { secrets: '3' } });
  expect(reconcile(observed(objects), now)).toBeUndefined();
});
