// Kinds of alpha and beta versions over REST: which fields of unsupported features are dropped, and what counts.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const served = { runtimeConfig: { 'api/all': 'true' } };

test('groups of pods lose what is not supported, and their status is its own', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), served);
  const apiVersion = 'scheduling.k8s.io/v1alpha2';
  const path = `/apis/${apiVersion}/namespaces/default`;
  await api.post('/api/v1/namespaces', { metadata: { name: 'default' } });
  const template = { name: 'a', schedulingPolicy: { gang: { minCount: 2 } } };
  const made = await api.post(`${path}/workloads`, { apiVersion, kind: 'Workload', metadata: { name: 'w' }, spec: { podGroupTemplates: [{ ...template, priority: 5, schedulingConstraints: { topology: [{ key: 'zone' }] } }] } });
  expect([made.status, made.body.spec.podGroupTemplates]).toEqual([201, [{ ...template, schedulingConstraints: null }]]);
  const group = await api.post(`${path}/podgroups`, { apiVersion, kind: 'PodGroup', metadata: { name: 'g' }, spec: { schedulingPolicy: { basic: {} }, priority: 5, disruptionMode: 'PodGroup' }, status: { conditions: [{ type: 'X' }] } });
  expect([group.status, group.body.spec, group.body.status]).toEqual([201, { podGroupTemplateRef: null, schedulingPolicy: { basic: {} }, disruptionMode: 'Pod' }, {}]);
  const conditions = [{ type: 'PodGroupScheduled', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const told = await api.put(`${path}/podgroups/g/status`, { ...group.body, spec: { schedulingPolicy: {} }, status: { conditions, resourceClaimStatuses: [{ name: 'x' }] } });
  expect([told.status, told.body.spec.schedulingPolicy, told.body.status]).toEqual([200, { basic: {} }, { conditions }]);
  const changed = await api.put(`${path}/podgroups/g`, { ...told.body, spec: { ...told.body.spec, disruptionMode: 'PodGroup' } });
  expect(changed.body.message).toBe('PodGroup.scheduling.k8s.io "g" is invalid: spec.disruptionMode: Forbidden');
});

test('a rule of taints counts its changes and when the effect came', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), served);
  const apiVersion = 'resource.k8s.io/v1beta2';
  const path = `/apis/${apiVersion}/devicetaintrules`;
  const taint = { key: 'a', effect: 'NoSchedule', timeAdded: '2026-01-01T00:00:00Z' };
  const made = await api.post(path, { apiVersion, kind: 'DeviceTaintRule', metadata: { name: 'r' }, spec: { taint } });
  expect([made.status, made.body.metadata.generation]).toEqual([201, 1]);
  const changed = await api.put(`${path}/r`, { ...made.body, spec: { taint: { ...taint, effect: 'NoExecute' } } });
  expect([changed.status, changed.body.metadata.generation, changed.body.spec.taint.timeAdded === taint.timeAdded]).toEqual([200, 2, false]);
});

test('a candidate may be made with a PUT, a storage version not', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), served);
  await api.post('/api/v1/namespaces', { metadata: { name: 'default' } });
  const spec = { leaseName: 'l', binaryVersion: '1.36.0', emulationVersion: '1.36.0', strategy: 'OldestEmulationVersion' };
  const candidate = await api.put('/apis/coordination.k8s.io/v1beta1/namespaces/default/leasecandidates/c', { apiVersion: 'coordination.k8s.io/v1beta1', kind: 'LeaseCandidate', metadata: { name: 'c', namespace: 'default' }, spec });
  expect(candidate.status).toBe(201);
  const version = { apiVersion: 'internal.apiserver.k8s.io/v1alpha1', kind: 'StorageVersion', metadata: { name: 'apps.deployments' }, spec: {}, status: { commonEncodingVersion: 'v1' } };
  const path = '/apis/internal.apiserver.k8s.io/v1alpha1/storageversions';
  expect((await api.put(`${path}/apps.deployments`, version)).status).toBe(404);
  const made = await api.post(path, version);
  expect([made.status, made.body.status]).toEqual([201, {}]);
});
