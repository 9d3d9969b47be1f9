// Writes that change nothing write nothing: the resourceVersion stays, and no watcher is woken.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { openMemoryStore } from '#store';
import { definition, establish, tab, version } from './crds/crd.case.ts';
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

test('what is written again later, without admission that looks, is no change', async () => {
  let later = 0;
  const world = testWorld();
  await using api = await startTestServer(openMemoryStore(world), {}, { ...world, clock: { ...systemClock, now: () => systemClock.now() + later } });
  const reference = { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { name: { type: 'string' }, namespace: { type: 'string', default: 'd' } } };
  await establish(api, definition([version('v1', {}, { reference })]));
  const versions = async (write: () => Promise<{ body: { metadata: { resourceVersion: string } } }>): Promise<string[]> => {
    const one = (await write()).body.metadata.resourceVersion;
    later += 2_000;
    return [one, (await write()).body.metadata.resourceVersion];
  };
  const custom = await versions(() => api.patch('/apis/stable.example.com/v1/namespaces/default/crontabs/a?fieldManager=m', 'apply', tab('a', { reference: { name: 'n' } })));
  expect(custom[1]).toBe(custom[0]);
  await api.post(maps, { metadata: { name: 'b' }, data: { x: '1' } });
  const map = await versions(() => api.put(`${maps}/b`, { metadata: { name: 'b', generation: 3 }, data: { x: '2' } }));
  expect(map[1]).toBe(map[0]);
});
