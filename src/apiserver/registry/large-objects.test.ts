// Objects near what etcd takes in one request (1.5 MiB): ownership is what is given up first, but not by an apply.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const data = Object.fromEntries(Array.from({ length: 9_999 }, (_, i) => [`this-key-is-very-long-so-that-the-set-of-its-fields-is-very-large-as-well-${i}`, 'A']));

test('a large object is stored without managedFields where these make it too large', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const created = await api.post(maps, { metadata: { name: 'created' }, data });
  expect([created.status, created.body.metadata.managedFields]).toEqual([201, undefined]);
  const small = (await api.post(maps, { metadata: { name: 'updated' } })).body;
  const updated = await api.put(`${maps}/updated`, { ...small, data });
  expect([updated.status, updated.body.metadata.managedFields]).toEqual([200, undefined]);
});

test('an apply that makes an object too large is refused', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await api.post(maps, { metadata: { name: 'a' }, data });
  const answer = await api.patch(`${maps}/a?fieldManager=m`, 'apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  expect([answer.status, answer.body.message]).toEqual([500, 'etcdserver: request is too large']);
});
