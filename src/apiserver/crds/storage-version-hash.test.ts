// Discovery tells of every version of a custom resource under which version its objects are stored: storage migrators wait
// for it.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

test('all versions tell the stored one, also when another one becomes it', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const version = (name: string, storage: boolean): object => ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object' } } });
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const spec = (stored: string): object => ({ group: 'example.com', scope: 'Namespaced', names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' }, versions: ['v1', 'v2'].map((name) => version(name, name === stored)) });
  const hash = (stored: string): string => createHash('sha256').update(`example.com/${stored}/Foo`).digest().subarray(0, 8).toString('base64');
  const told = async (): Promise<unknown[]> => Promise.all(['v1', 'v2'].map(async (name) => (await api.get(`/apis/example.com/${name}`)).body.resources?.find((each: { name: string }) => each.name === 'foos')?.storageVersionHash));
  await api.post(path, { metadata: { name: 'foos.example.com' }, spec: spec('v1') });
  await expect.poll(told).toEqual([hash('v1'), hash('v1')]);
  await api.patch(`${path}/foos.example.com`, 'merge', { spec: spec('v2') });
  await expect.poll(told).toEqual([hash('v2'), hash('v2')]);
});
