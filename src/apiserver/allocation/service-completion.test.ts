// Services that a very old server has left, as everybody sees them today.
import { expect, it } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';
import { serviceCompletion } from './service-completion.ts';

const ports = [{ port: 80, protocol: 'TCP', targetPort: 80 }];

it.each([
  ['one address', { clusterIP: '10.96.0.7', type: 'ClusterIP' }, { clusterIPs: ['10.96.0.7'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }],
  ['an IPv6 address', { clusterIP: 'fd00::7', type: 'NodePort' }, { clusterIPs: ['fd00::7'], ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' }],
  ['two addresses', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'] }, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }],
  ['none, with a selector', { clusterIP: 'None', selector: { a: 'b' } }, { clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }],
  ['none, without a selector', { clusterIP: 'None' }, { clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }],
])('a Service with %s gets the rest', (_, spec, added) => {
  const service = { spec: { ...spec } };
  expect(serviceCompletion('10.96.0.0/16,fd00::/112')(service)).toBe(true);
  expect(service.spec).toEqual({ ...spec, ...added });
  expect(serviceCompletion('10.96.0.0/16')(service)).toBe(false);
});

it('a Service that is a name alone has neither addresses nor a traffic policy', () => {
  const service = { spec: { type: 'ExternalName', externalName: 'x.example', internalTrafficPolicy: 'Cluster' } };
  expect(serviceCompletion('10.96.0.0/16')(service)).toBe(true);
  expect(service.spec).toEqual({ type: 'ExternalName', externalName: 'x.example' });
  expect(serviceCompletion('10.96.0.0/16')(service)).toBe(false);
});

it('reads, lists and updates see it complete, and the first update writes it so', async () => {
  const world = testWorld();
  const store = openMemoryStore(world);
  const key = '/registry/services/specs/default/old';
  const old = {
    kind: 'Service', apiVersion: 'v1', metadata: { name: 'old', namespace: 'default', uid: 'u', creationTimestamp: '2020-01-01T00:00:00Z' },
    spec: { ports, clusterIP: '10.96.0.77', type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' }, status: { loadBalancer: {} },
  };
  await store.commit({ conditions: [], writes: [{ put: key, value: Buffer.from(JSON.stringify(old)) }] });
  await using api = await startTestServer(store, {}, world);
  const path = '/api/v1/namespaces/default/services';
  const whole = { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.77'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
  const read = await api.get(`${path}/old`);
  expect(read.body.spec).toMatchObject(whole);
  expect((await api.get(path)).body.items[0].spec).toMatchObject(whole);
  const again = await api.put(`${path}/old`, read.body);
  expect(again).toMatchObject({ status: 200, body: { spec: whole } });
  expect(again.body.metadata.resourceVersion).not.toBe(read.body.metadata.resourceVersion);
  const { kvs: [kept] } = await store.range({ start: key });
  expect(JSON.parse(Buffer.from(kept?.value ?? []).toString()).spec).toMatchObject(whole);
  expect((await api.put(`${path}/old`, again.body)).body.metadata.resourceVersion).toBe(again.body.metadata.resourceVersion);
});
