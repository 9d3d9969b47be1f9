// Alpha and beta versions: served when --runtime-config asks, stored as the version that stays.
import { expect, test } from 'vitest';
import { enabledResources } from '#api/resources.ts';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const names = (config: Record<string, string>): string[] => enabledResources(config).map((info) => `${info.group}/${info.version}/${info.plural}`);

test('what is asked for decides, the narrow word over the wide one', () => {
  expect(names({})).not.toContain('resource.k8s.io/v1beta1/resourceslices');
  expect(names({ 'api/all': 'true' })).toContain('internal.apiserver.k8s.io/v1alpha1/storageversions');
  expect(names({ 'api/beta': 'true' })).toContain('resource.k8s.io/v1beta2/resourceslices');
  expect(names({ 'api/beta': 'true' })).not.toContain('certificates.k8s.io/v1alpha1/clustertrustbundles');
  expect(names({ 'api/beta': 'true', 'resource.k8s.io/v1beta1': 'false' })).not.toContain('resource.k8s.io/v1beta1/resourceslices');
  expect(names({ 'certificates.k8s.io/v1beta1/clustertrustbundles': '' }).filter((name) => name.includes('v1beta1'))).toEqual(['certificates.k8s.io/v1beta1/clustertrustbundles']);
  expect(names({ 'apps/v1': 'false' })).not.toContain('apps/v1/deployments');
  expect(() => enabledResources({ 'apps/v1': 'maybe' })).toThrow('invalid value of apps/v1: maybe');
  expect(() => enabledResources({ 'apps/v9': 'true' })).toThrow('group version apps/v9 that has not been registered');
});

test('resource.k8s.io/v1beta1 and v1 tell one object each in its own shape', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { runtimeConfig: { 'api/beta': 'true' } });
  const claim = (version: string): string => `/apis/resource.k8s.io/${version}/namespaces/default/resourceclaims`;
  const request = { name: 'r', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 };
  const created = await api.post(claim('v1beta1'), { apiVersion: 'resource.k8s.io/v1beta1', kind: 'ResourceClaim', metadata: { name: 'a' }, spec: { devices: { requests: [request] } } });
  expect([created.status, created.body.spec.devices.requests]).toEqual([201, [request]]);
  const { name, ...exactly } = request;
  const newer = await api.get(`${claim('v1')}/a`);
  expect([newer.body.apiVersion, newer.body.spec.devices.requests]).toEqual(['resource.k8s.io/v1', [{ name, exactly }]]);
  expect((await api.get(`${claim('v1beta2')}/a`)).body.spec).toEqual(newer.body.spec);

  const slices = '/apis/resource.k8s.io/v1beta1/resourceslices';
  const device = { name: 'd', basic: { attributes: { model: { string: 'x' } }, capacity: { memory: { value: '1Gi' } } } };
  const spec = { driver: 'd.example.com', nodeName: 'n', pool: { generation: 1, name: 'p', resourceSliceCount: 1 }, devices: [device] };
  const slice = await api.post(slices, { apiVersion: 'resource.k8s.io/v1beta1', kind: 'ResourceSlice', metadata: { name: 's' }, spec });
  expect([slice.status, slice.body.spec.devices]).toEqual([201, [device]]);
  expect((await api.get('/apis/resource.k8s.io/v1/resourceslices/s')).body.spec.devices).toEqual([{ name: 'd', ...device.basic }]);
  await store.close();
});

test('versions of one shape differ in apiVersion alone', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { runtimeConfig: { 'api/all': 'true' } });
  const spec = { driverName: 'd.example.com', parameters: { a: 'b' } };
  await api.post('/apis/storage.k8s.io/v1beta1/volumeattributesclasses', { apiVersion: 'storage.k8s.io/v1beta1', kind: 'VolumeAttributesClass', metadata: { name: 'fast' }, ...spec });
  const read = await api.get('/apis/storage.k8s.io/v1/volumeattributesclasses/fast');
  expect(read.body).toMatchObject({ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass', ...spec });
  await store.close();
});
