// What one object counts against a quota, and who counts which resource name.
import { describe, expect, test } from 'vitest';
import type { Pod, PodSpec } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { toList } from './amounts.ts';
import { countedBy, counterFor, counterOf, quotaUsage } from './counters.ts';
import { missingOf, podUsage } from './pod-usage.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const pod = (requests: Record<string, string>, spec: Partial<PodSpec> = {}, more: Partial<Pod> = {}): Pod => ({ metadata: { name: 'p', namespace: 'a' }, spec: { containers: [{ name: 'c', resources: { requests, limits: requests } }], ...spec }, ...more });

describe('a pod counts', () => {
  test('its containers together', () => {
    const subject = pod({}, { containers: [{ name: 'a', resources: { requests: { cpu: '100m', memory: '1Gi', 'example.com/gpu': '1' }, limits: { cpu: '1' } } }, { name: 'b', resources: { requests: { cpu: '200m' } } }] });
    expect(toList(podUsage(subject, now))).toEqual({ 'count/pods': '1', pods: '1', cpu: '300m', 'requests.cpu': '300m', memory: '1Gi', 'requests.memory': '1Gi', 'requests.example.com/gpu': '1', 'limits.cpu': '1' });
  });
  test('an init container beside the sidecars before it, when that is more', () => {
    const init = (name: string, cpu: string, sidecar = false) => ({ name, resources: { requests: { cpu } }, ...(sidecar ? { restartPolicy: 'Always' } : {}) });
    const subject = pod({ cpu: '1' }, { initContainers: [init('s', '1', true), init('i', '3'), init('t', '1', true)], overhead: { cpu: '250m' } });
    expect(toList(podUsage(subject, now))).toMatchObject({ 'requests.cpu': '4250m', 'limits.cpu': '1250m' });
  });
  test('what the pod as a whole asks for, and what it holds while it shrinks', () => {
    expect(toList(podUsage(pod({ cpu: '1' }, { resources: { requests: { cpu: '5' } } }), now))['requests.cpu']).toBe('5');
    const shrinking = pod({ cpu: '1' }, {}, { status: { containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: '', imageID: '', resources: { requests: { cpu: '2' } } }] } });
    expect(toList(podUsage(shrinking, now))['requests.cpu']).toBe('2');
  });
  test.each<[string, Partial<Pod>]>([
    ['finished', { status: { phase: 'Succeeded' } }],
    ['past its grace', { metadata: { name: 'p', deletionTimestamp: rfc3339(now - 60_000), deletionGracePeriodSeconds: 30 } }],
  ])('as an object only when it is %s', (_, more) => expect(toList(podUsage(pod({ cpu: '1' }, {}, more), now))).toEqual({ 'count/pods': '1' }));
});

test.each([
  ['pods', 'pods'],
  ['requests.example.com/gpu', 'pods'],
  ['requests.hugepages-2Mi', 'pods'],
  ['services.nodeports', 'services'],
  ['gold.storageclass.storage.k8s.io/requests.storage', 'persistentvolumeclaims'],
  ['count/deployments.apps', { objects: 'deployments.apps' }],
  ['secrets', { objects: 'secrets' }],
  ['example.com/gpu', undefined],
  ['nonsense', undefined],
])('%s is counted', (name, counter) => expect(counterOf(name)).toEqual(counter));

test('objects of any kind are counted, some under a plain name too', () => {
  expect(toList(quotaUsage(counterFor('apps', 'deployments'), {}, now))).toEqual({ 'count/deployments.apps': '1' });
  expect(toList(quotaUsage(counterFor('', 'secrets'), {}, now))).toEqual({ 'count/secrets': '1', secrets: '1' });
  expect(countedBy(counterFor('', 'secrets'), ['secrets', 'count/secrets', 'pods', 'configmaps'])).toEqual(['secrets', 'count/secrets']);
});

test('who limits processor time or memory obliges every container to ask', () => {
  const two = pod({}, { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }, { name: 'b' }] });
  expect(missingOf(two, ['requests.cpu', 'limits.memory', 'pods', 'requests.ephemeral-storage'])).toBe('must specify limits.memory for: a,b; requests.cpu for: b');
  expect(missingOf(pod({}, { resources: { requests: { cpu: '1' } } }), ['cpu'])).toBeUndefined();
  expect(missingOf(pod({ cpu: '1' }), ['cpu'])).toBeUndefined();
});
