// Claims of servers that knew one spelling of a claim's source alone, as everybody sees them today.
import { expect, it } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const source = { kind: 'PersistentVolumeClaim', name: 'foo' };

it.each([
  ['dataSource', { dataSource: source }],
  ['dataSourceRef', { dataSourceRef: source }],
])('a stored claim with %s alone has both, and can be written back', async (_, sources) => {
  const world = testWorld();
  const store = openMemoryStore(world);
  const old = {
    kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata: { name: 'old', namespace: 'default', uid: 'u', creationTimestamp: '2020-01-01T00:00:00Z' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10G' } }, ...sources }, status: {},
  };
  await store.commit({ conditions: [], writes: [{ put: '/registry/persistentvolumeclaims/default/old', value: Buffer.from(JSON.stringify(old)) }] });
  await using api = await startTestServer(store, {}, world);
  const path = '/api/v1/namespaces/default/persistentvolumeclaims/old';
  const both = { spec: { dataSource: source, dataSourceRef: source } };
  const { body } = await api.get(path);
  expect(body).toMatchObject(both);
  expect(await api.put(`${path}?dryRun=All`, body)).toMatchObject({ status: 200, body: both });
  expect(await api.put(`${path}?dryRun=All`, old)).toMatchObject({ status: 200, body: both });
  expect(await api.patch(`${path}?dryRun=All`, 'merge', {})).toMatchObject({ status: 200, body: both });
});
