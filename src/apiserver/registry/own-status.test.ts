// What the server itself writes into the status of definitions and APIServices is owned by it there, as upstream's
// controllers own it.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

interface Owner {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly fieldsV1: Record<string, Record<string, Record<string, unknown>>>;
}

test('a definition and an APIService name the server as the owner of their status', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const names = { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  await api.call('POST', `${definitions}?fieldManager=me`, { metadata: { name: 'foos.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] } });
  const statusOwners = async (path: string): Promise<Owner[]> => {
    const { body } = await api.get(path);
    return (body.metadata.managedFields as Owner[]).filter(({ subresource }) => subresource === 'status');
  };
  await expect.poll(async () => (await statusOwners(`${definitions}/foos.example.com`)).map(({ fieldsV1, ...owner }) => [owner, Object.keys(fieldsV1['f:status']?.['f:conditions'] ?? {})])).toEqual([[
    { manager: 'kube-apiserver', operation: 'Update', apiVersion: 'apiextensions.k8s.io/v1', subresource: 'status', time: expect.any(String) as string, fieldsType: 'FieldsV1' },
    ['k:{"type":"Established"}', 'k:{"type":"NamesAccepted"}'],
  ]]);
  const all = (await api.get(`${definitions}/foos.example.com`)).body.metadata.managedFields as Owner[];
  expect(all.map(({ manager, subresource }) => [manager, subresource])).toEqual(expect.arrayContaining([['me', undefined], ['kube-apiserver', 'status']]));

  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  await api.post(services, { metadata: { name: 'v1.wardle.example.com' }, spec: { group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, service: { namespace: 'no', name: 'where' } } });
  await expect.poll(async () => (await statusOwners(`${services}/v1.wardle.example.com`)).map(({ manager, fieldsV1 }) => [manager, Object.keys(fieldsV1['f:status']?.['f:conditions'] ?? {})])).toEqual([['kube-apiserver', ['.', 'k:{"type":"Available"}']]]);
});
