// The Leases by which API servers are counted: one's own is kept, and those of servers that are gone are cleared away.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';
import { serverIdentity } from './identity-lease.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const label = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };

test('the name is a hash of host and component', () => {
  expect(serverIdentity('box')).toBe('apiserver-cv3t357sspoikjgjpiemjidab4');
});

test('a server keeps its lease, and removes those that have run out', async () => {
  const store = openMemoryStore(testWorld());
  const lease = (name: string, ageSeconds: number, labels: object = label): object => ({
    apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, labels }, spec: { holderIdentity: 'x', leaseDurationSeconds: 3600, renewTime: new Date(systemClock.now() - ageSeconds * 1000).toISOString().replace('Z', '000Z') },
  });
  const own = serverIdentity('box');
  const namesIn = async (server: TestServer): Promise<string[]> => ((await server.get(path)).body.items as { metadata: { name: string } }[]).map((item) => item.metadata.name);
  let version = '';
  {
    await using before = await startTestServer(store);
    for (const object of [lease('gone', 7200), lease('fresh', 120), lease('anothers', 7200, {}), { ...lease('no-term', 0), spec: {} }]) expect((await before.post(path, object)).status).toBe(201);
    expect(await namesIn(before)).toEqual(['anothers', 'fresh', 'gone', 'no-term']);
    version = (await before.get(path)).body.metadata.resourceVersion as string;
  }
  await using server = await startTestServer(store, { hostname: 'box' });
  const events = await watchEvents(server, `${path}?watch=true&resourceVersion=${version}`, 3);
  expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`).sort()).toEqual([`ADDED ${own}`, 'DELETED gone', 'DELETED no-term']);
  expect(events.find(({ type }) => type === 'ADDED')?.object).toMatchObject({
    metadata: { labels: { ...label, 'kubernetes.io/hostname': 'box' } },
    spec: { leaseDurationSeconds: 3600, holderIdentity: expect.stringMatching(new RegExp(`^${own}_[0-9a-f-]{36}$`)), renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) },
  });
  expect(await namesIn(server)).toEqual(['anothers', own, 'fresh'].sort());
});
