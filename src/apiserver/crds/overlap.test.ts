// A definition that names what the server has of its own: built-in objects are served, watched and kept as before.
import { expect, it } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, watchEvents } from '../test-server.case.ts';
import { definitions, until } from './crd.case.ts';

const schema = { openAPIV3Schema: { type: 'object', required: ['foo'], properties: { foo: { type: 'string' }, bar: { type: 'string', default: 'x' } } } };

it.each([
  ['networking.k8s.io', 'ipaddresses', 'IPAddress', { kind: 'IPAddress', apiVersion: 'networking.k8s.io/v1', metadata: { name: '10.96.9.9' }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'x' } } }],
  ['apiregistration.k8s.io', 'apiservices', 'APIService', { kind: 'APIService', apiVersion: 'apiregistration.k8s.io/v1', metadata: { name: 'v1.example.com' }, spec: { group: 'example.com', version: 'v1', versionPriority: 100, groupPriorityMinimum: 100 } }],
])('%s/%s stays what it is', async (group, plural, kind, object) => {
  const world = testWorld();
  await using api = await startTestServer(openMemoryStore(world), {}, world);
  const path = `/apis/${group}/v1/${plural}`;
  const before = (await api.get(path)).body.items.length as number;
  const name = `${plural}.${group}`;
  const names = { plural, singular: 'custom', kind: `Custom${kind}`, listKind: `Custom${kind}List` };
  const made = await api.post(definitions, {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name, annotations: { 'api-approved.kubernetes.io': 'unapproved, testing only' } },
    spec: { group, scope: 'Cluster', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  });
  expect(made.status).toBe(201);
  await until(() => api.get(`${definitions}/${name}`), ({ body }) => body.status?.conditions?.some((one: { type: string; status: string }) => one.type === 'Established' && one.status === 'True') === true);
  const { body: list } = await api.get(path);
  const seen = watchEvents(api, `${path}?watch=1&resourceVersion=${list.metadata.resourceVersion}`, 2);
  expect([list.kind, list.items.length]).toEqual([`${kind}List`, before]);
  expect((await api.post(path, object)).status).toBe(201);
  expect((await api.get(`${path}/${object.metadata.name}`)).body).toMatchObject({ kind, spec: object.spec });
  expect((await api.get(path)).body.items).toHaveLength(before + 1);
  expect((await api.del(`${definitions}/${name}`)).status).toBe(200);
  await until(() => api.get(`${definitions}/${name}`), ({ status }) => status === 404);
  expect((await api.get(path)).body.items).toHaveLength(before + 1);
  expect((await api.post(path, object)).status).toBe(409);
  expect((await api.del(`${path}/${object.metadata.name}`)).status).toBe(200);
  expect((await seen).map(({ type, object: { kind: told } }) => [type, told])).toEqual([['ADDED', kind], ['DELETED', kind]]);
});
