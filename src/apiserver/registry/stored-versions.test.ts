// What an older server, or upstream, left in the store, as it is read today.
import { expect, it, vi } from 'vitest';
import { encodeProtobuf } from '#machinery';
import { openMemoryStore } from '#store';
import { kindHead, parseServed, serveStored } from '../cache/stored-form.ts';
import { startTestServer, testWorld } from '../test-server.case.ts';

const metadata = { name: 'x' };
const read = (kind: string, apiVersion: string, stored: object): unknown => parseServed(serveStored(kindHead(kind, apiVersion), Buffer.from(JSON.stringify(stored)), 7));

it('is converted from a version that is served', () => {
  const scaler = { kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v1', metadata, spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, targetCPUUtilizationPercentage: 60 } };
  const expected = { apiVersion: 'autoscaling/v2', spec: { metrics: [{ resource: { target: { averageUtilization: 60 } } }] } };
  expect(read('HorizontalPodAutoscaler', 'autoscaling/v2', scaler)).toMatchObject(expected);
  const bytes = encodeProtobuf('autoscaling.v1.HorizontalPodAutoscaler', scaler);
  expect(parseServed(serveStored(kindHead('HorizontalPodAutoscaler', 'autoscaling/v2'), bytes, 7))).toMatchObject(expected);
});

it('is converted from a version of old', () => {
  expect(read('PodDisruptionBudget', 'policy/v1', { kind: 'PodDisruptionBudget', apiVersion: 'policy/v1beta1', metadata, spec: { selector: {} } })).toMatchObject({
    apiVersion: 'policy/v1', spec: { selector: { matchExpressions: [{ key: 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match', operator: 'Exists' }] } },
  });
  expect(read('Ingress', 'networking.k8s.io/v1', { kind: 'Ingress', apiVersion: 'networking.k8s.io/v1beta1', metadata, spec: { backend: { serviceName: 's', servicePort: 'http' } } })).toMatchObject({
    spec: { defaultBackend: { service: { name: 's', port: { name: 'http' } } } },
  });
});

it('is a definition as upstream keeps it', () => {
  const spec = {
    group: 'g.io', version: 'v1', names: { plural: 'as', kind: 'A' }, scope: 'Cluster', preserveUnknownFields: false, validation: { openAPIV3Schema: { type: 'object' } },
    additionalPrinterColumns: [{ name: 'n', type: 'string', JSONPath: '.n' }], conversion: { strategy: 'None', conversionReviewVersions: [] },
  };
  expect(read('CustomResourceDefinition', 'apiextensions.k8s.io/v1', { kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1beta1', metadata, spec })).toMatchObject({
    apiVersion: 'apiextensions.k8s.io/v1',
    spec: {
      group: 'g.io', scope: 'Cluster', conversion: { strategy: 'None' }, names: { plural: 'as', kind: 'A', singular: 'a', listKind: 'AList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, additionalPrinterColumns: [{ name: 'n', type: 'string', jsonPath: '.n' }] }],
    },
    status: { storedVersions: ['v1'] },
  });
});

it('is refused where its version means nothing any more', () => {
  expect(() => read('HorizontalPodAutoscaler', 'autoscaling/v2', { kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2beta2', metadata })).toThrow('no kind "HorizontalPodAutoscaler" is registered for version "autoscaling/v2beta2" in scheme');
});

it('serves what upstream defined, and keeps it in its own version after a write', async () => {
  const world = testWorld();
  const store = openMemoryStore(world);
  const key = '/registry/apiextensions.k8s.io/customresourcedefinitions/shelves.example.com';
  const spec = {
    group: 'example.com', version: 'v1', versions: [{ name: 'v1', served: true, storage: true }], names: { plural: 'shelves', singular: 'shelf', kind: 'Shelf', listKind: 'ShelfList' }, scope: 'Namespaced',
    preserveUnknownFields: false, validation: { openAPIV3Schema: { type: 'object', properties: { boards: { type: 'integer' } } } }, conversion: { strategy: 'None' },
  };
  const status = {
    acceptedNames: spec.names, storedVersions: ['v1'],
    conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'r', message: 'm' })),
  };
  const theirs = { kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1beta1', metadata: { name: 'shelves.example.com', uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, spec, status };
  await store.commit({ conditions: [], writes: [{ put: key, value: Buffer.from(JSON.stringify(theirs)) }] });
  await using api = await startTestServer(store, {}, world);
  const shelves = '/apis/example.com/v1/namespaces/default/shelves';
  expect(await api.post(shelves, { apiVersion: 'example.com/v1', kind: 'Shelf', metadata: { name: 'a' }, boards: 3, other: 1 })).toMatchObject({ status: 201, body: { boards: 3 } });
  expect((await api.get(`${shelves}/a`)).body.other).toBeUndefined();
  const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shelves.example.com';
  expect((await api.patch(definition, 'merge', { metadata: { labels: { a: 'b' } } })).body).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1', spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object' } } }] } });
  const { kvs: [kept] } = await store.range({ start: key });
  expect(Buffer.from(kept?.value ?? []).toString()).toMatch(/^\{"kind":"CustomResourceDefinition","apiVersion":"apiextensions\.k8s\.io\/v1",/);
});

it('comes into today\'s form with a write that changes nothing, and only then', async () => {
  const world = testWorld();
  const store = openMemoryStore(world);
  const key = '/registry/horizontalpodautoscalers/default/h';
  const old = {
    kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v1', metadata: { name: 'h', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }, minReplicas: 1, maxReplicas: 3 }, status: { currentReplicas: 0, desiredReplicas: 0 },
  };
  await store.commit({ conditions: [], writes: [{ put: key, value: Buffer.from(JSON.stringify(old)) }] });
  await using api = await startTestServer(store, {}, world);
  const stored = async (): Promise<{ apiVersion: string }> => JSON.parse(Buffer.from((await store.range({ start: key })).kvs[0]?.value ?? []).toString()) as { apiVersion: string };
  const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h';
  const before = (await api.get(path)).body;
  await api.call('PATCH', `${path}?dryRun=All`, {}, { 'content-type': 'application/merge-patch+json' });
  expect((await stored()).apiVersion).toBe('autoscaling/v1');
  const patched = await api.patch(path, 'merge', {});
  expect(patched.status).toBe(200);
  expect((await stored()).apiVersion).toBe('autoscaling/v2');
  expect(patched.body.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
  expect((await api.patch(path, 'merge', {})).body.metadata.resourceVersion).toBe(patched.body.metadata.resourceVersion);
});

it('comes out of the binary form in the same way', async () => {
  const world = testWorld();
  const store = openMemoryStore(world);
  const key = '/registry/configmaps/default/c';
  const old = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { a: 'b' } };
  await store.commit({ conditions: [], writes: [{ put: key, value: encodeProtobuf('core.v1.ConfigMap', old) }] });
  await using api = await startTestServer(store, {}, world);
  const path = '/api/v1/namespaces/default/configmaps/c';
  expect((await api.put(path, (await api.get(path)).body)).status).toBe(200);
  expect(Buffer.from((await store.range({ start: key })).kvs[0]?.value ?? []).toString()).toMatch(/^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{/);
});

it('gets the defaults of today, whoever left them out', async () => {
  expect(read('ConfigMap', 'v1', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } })).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', resourceVersion: '7' }, data: { a: 'b' } });
  const job = { kind: 'Job', apiVersion: 'batch/v1', metadata, spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } } } };
  const bytes = encodeProtobuf('batch.v1.Job', job);
  expect(parseServed(serveStored(kindHead('Job', 'batch/v1'), bytes, 7))).toMatchObject({ spec: { completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed', template: { spec: { dnsPolicy: 'ClusterFirst' } } } });
});

it('serves, and deletes, a definition that came into the store past the server', async () => {
  const world = testWorld();
  const store = openMemoryStore(world);
  await using api = await startTestServer(store, {}, world);
  const schema = { openAPIV3Schema: { type: 'object' } };
  // No server takes a bundle of blanks; one that holds such a definition lets it go all the same.
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com', caBundle: Buffer.from(' \n ').toString('base64') } } };
  const bare = {
    kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1', metadata: { name: 'shelves.example.com', creationTimestamp: null },
    spec: { group: 'example.com', names: { plural: 'shelves', kind: 'Shelf' }, scope: 'Cluster', conversion, versions: [{ name: 'v1', served: true, storage: true, schema }] }, status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
  };
  await store.commit({ conditions: [], writes: [{ put: '/registry/apiextensions.k8s.io/customresourcedefinitions/shelves.example.com', value: Buffer.from(JSON.stringify(bare)) }] });
  const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shelves.example.com';
  await vi.waitFor(async () => expect((await api.get('/apis/example.com/v1/shelves')).status).toBe(200));
  expect((await api.get(definition)).body).toMatchObject({ spec: { names: { listKind: 'ShelfList' } }, status: { storedVersions: ['v1'] } });
  expect((await api.del(definition)).status).toBe(200);
  await vi.waitFor(async () => expect((await api.get(definition)).status).toBe(404));
});
