// Writes that change nothing write nothing: the resourceVersion stays, and no watcher is woken.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from './test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('the same object with its members in another order is no change', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const created = await api.post(maps, { metadata: { name: 'a', labels: { a: '1', c: '2', b: '3' } }, data: { y: '1', x: '2' } });
  const sorted = await api.put(`${maps}/a`, { metadata: { name: 'a', labels: { a: '1', b: '3', c: '2' } }, data: { x: '2', y: '1' } });
  expect(sorted.body.metadata.resourceVersion).toBe(created.body.metadata.resourceVersion);
  const changed = await api.put(`${maps}/a`, { metadata: { name: 'a', labels: { a: '1', b: '2', c: '3' } }, data: { x: '2', y: '1' } });
  expect(changed.body.metadata).toMatchObject({ labels: { b: '2', c: '3' } });
  expect(changed.body.metadata.resourceVersion).not.toBe(created.body.metadata.resourceVersion);
});

test('an empty list of managedFields stops the tracking', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await api.post(maps, { metadata: { name: 'a' }, data: { x: '1' } });
  expect((await api.put(`${maps}/a`, { metadata: { name: 'a', managedFields: [] }, data: { x: '2' } })).body.metadata.managedFields).toBeUndefined();
  expect((await api.patch(`${maps}/a`, 'merge', { data: { x: '3' } })).body.metadata.managedFields).toBeUndefined();
});
