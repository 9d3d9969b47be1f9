// Devices and claims to them over REST: since when taints count, and what becomes of what drivers told of devices.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

test('a taint without a time counts from when it was written', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), { runtimeConfig: { 'api/all': 'true' } });
  const slices = '/apis/resource.k8s.io/v1/resourceslices';
  const earlier = '2026-01-01T00:00:00Z';
  const device = (name: string, more: object = {}): object => ({ name, taints: [{ key: 'k', effect: 'NoExecute', ...more }] });
  const spec = { driver: 'd.example.com', pool: { name: 'p', resourceSliceCount: 1 }, allNodes: true, devices: [device('a'), device('b', { timeAdded: earlier })] };
  const taintsOf = (body: { spec: { devices: { taints: object[] }[] } }): object[] => body.spec.devices.flatMap(({ taints }) => taints);
  const made = await api.post(slices, { metadata: { name: 's' }, spec });
  expect([made.status, taintsOf(made.body)]).toEqual([201, [{ key: 'k', effect: 'NoExecute', timeAdded: time }, { key: 'k', effect: 'NoExecute', timeAdded: earlier }]]);
  const changed = await api.patch(`${slices}/s`, 'merge', { spec: { pool: { generation: 2 }, devices: [device('c', { effect: 'NoSchedule' })] } });
  expect(taintsOf(changed.body)).toEqual([{ key: 'k', effect: 'NoSchedule', timeAdded: time }]);
  const rules = '/apis/resource.k8s.io/v1beta2/devicetaintrules';
  const rule = await api.post(rules, { metadata: { name: 'r' }, spec: { taint: { key: 'k', effect: 'None' } } });
  expect([rule.status, rule.body.spec.taint]).toEqual([201, { key: 'k', effect: 'None', timeAdded: time }]);
});

test('a device that is taken away from a claim takes its status with it', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await api.post('/api/v1/namespaces', { metadata: { name: 'default' } });
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
  await api.post(claims, { metadata: { name: 'c' }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'x.example.com', count: 2, allocationMode: 'ExactCount' } }] } } });
  const [one, two] = ['one', 'two'].map((device) => ({ driver: 'd.example.com', pool: 'p', device })) as [object, object];
  const status = (change: object): Promise<{ status: number; body: { status?: { devices?: object[] }; message?: string } }> => api.patch(`${claims}/c/status`, 'merge', { status: change });
  const allocation = (...devices: object[]): object => ({ allocation: { devices: { results: devices.map((device) => ({ request: 'r', ...device })) } } });
  expect((await status({ ...allocation(one, two), devices: [one, two] })).status).toBe(200);
  expect(await status({ allocation: null })).toMatchObject({ status: 200, body: { status: {} } });
  expect((await api.get(`${claims}/c`)).body.status.devices).toBeUndefined();
  expect((await status({ ...allocation(one), devices: [one] })).body.status?.devices).toMatchObject([one]);
  // What was never allocated is still wrong.
  expect((await status({ devices: [one, two] })).body.message).toContain('must be an allocated device in the claim');
});
