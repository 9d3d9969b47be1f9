// Requests for what is going away: the warning, the audit annotations' source and the metric by which administrators find
// whoever still asks.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

async function requested(api: TestServer): Promise<string[]> {
  const { text } = await api.get('/metrics');
  return text.split('\n').filter((line) => line.startsWith('apiserver_requested_deprecated_apis{')).map((line) => line.slice('apiserver_requested_deprecated_apis'.length));
}

test('whoever asks for a deprecated version is warned and remembered, with the release that has it no more', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { runtimeConfig: { 'api/beta': 'true' } });
  expect(await requested(api)).toEqual([]);
  await api.get('/api/v1/pods');
  expect((await api.get('/apis/resource.k8s.io/v1beta1/deviceclasses')).headers.warning).toBe('299 - "resource.k8s.io/v1beta1 DeviceClass is deprecated in v1.35+, unavailable in v1.38+"');
  expect((await api.get('/apis/storage.k8s.io/v1beta1/volumeattributesclasses')).headers.warning).toBe(
    '299 - "storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in v1.37+; use storage.k8s.io/v1 VolumeAttributesClass"',
  );
  expect((await api.get('/apis/networking.k8s.io/v1/servicecidrs')).headers.warning).toBeUndefined();
  await api.get('/apis/networking.k8s.io/v1beta1/servicecidrs/kubernetes/status');
  await api.get('/api/v1/namespaces/default/endpoints/x/made-up');
  expect(await requested(api)).toEqual([
    '{group="resource.k8s.io",removed_release="1.38",resource="deviceclasses",subresource="",version="v1beta1"} 1',
    '{group="storage.k8s.io",removed_release="1.37",resource="volumeattributesclasses",subresource="",version="v1beta1"} 1',
    '{group="networking.k8s.io",removed_release="1.37",resource="servicecidrs",subresource="status",version="v1beta1"} 1',
    '{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1',
  ]);
  await store.close();
});

test('a deprecated version of a custom resource is remembered without a release; rules that were compiled and asked are timed', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } }, 'x-kubernetes-validations': [{ rule: 'self.size < 5' }] } } } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }, { name: 'v1beta1', served: true, storage: false, deprecated: true, schema }];
  await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'lamps.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'lamps', kind: 'Lamp' }, versions },
  });
  const lamps = '/apis/example.com/v1/namespaces/default/lamps';
  await expect.poll(async () => (await api.get(lamps)).status).toBe(200);
  expect(await requested(api)).toEqual([]);
  const small = { apiVersion: 'example.com/v1', kind: 'Lamp', metadata: { name: 'a' }, spec: { size: 1 } };
  expect((await api.post(lamps, small)).status).toBe(201);
  expect((await api.post(lamps, { ...small, metadata: { name: 'b' }, spec: { size: 9 } })).status).toBe(422);
  expect((await api.get('/apis/example.com/v1beta1/namespaces/default/lamps')).headers.warning).toContain('deprecated');
  expect(await requested(api)).toEqual(['{group="example.com",removed_release="",resource="lamps",subresource="",version="v1beta1"} 1']);
  const { text } = await api.get('/metrics');
  expect([/^apiserver_cel_compilation_duration_seconds_count 1$/m.test(text), /^apiserver_cel_evaluation_duration_seconds_count 2$/m.test(text)]).toEqual([true, true]);
  await store.close();
});
