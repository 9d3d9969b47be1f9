// The Service default/kubernetes and its endpoints, which are the server's unless it is told that somebody else keeps them.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { createVirtualWorld } from '#testing';
import { startTestServer, testWorld } from '../test-server.case.ts';

test.each([[true, [200, 200, 200]], [false, [200, 404, 404]]])('endpoints kept by the server: %s', async (keepsEndpoints, statuses) => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store, { advertise: { address: '192.0.2.1', port: 6443, keepsEndpoints } });
  const paths = ['/api/v1/namespaces/default/services/kubernetes', '/api/v1/namespaces/default/endpoints/kubernetes', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'];
  const answers = await Promise.all(paths.map((path) => api.get(path)));
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  expect(answers[0]?.body.spec.clusterIP).toBe('10.96.0.1');
  if (keepsEndpoints) expect(answers[1]?.body.subsets).toEqual([{ addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }]);
});

test('the Service keeps its address when servers start with other ranges', async () => {
  const store = openMemoryStore(testWorld());
  const path = '/api/v1/namespaces/default/services/kubernetes';
  const started = async (serviceCidr: string, port: number, address = '192.0.2.1'): Promise<unknown> => {
    await using api = await startTestServer(store, { serviceCidr, advertise: { address, port } });
    const { spec } = (await api.get(path)).body;
    return [spec.clusterIP, spec.ports[0].targetPort];
  };
  expect(await started('10.96.0.0/16', 6443)).toEqual(['10.96.0.1', 6443]);
  expect(await started('fd00::/112,10.96.0.0/16', 6444, 'fd00:1::1')).toEqual(['10.96.0.1', 6444]);
  expect(await started('10.97.0.0/16', 6443)).toEqual(['10.96.0.1', 6443]);
});

test('what somebody deletes comes back, in the range of today', async () => {
  const world = createVirtualWorld({ seed: 8 });
  const store = openMemoryStore(world);
  const path = '/api/v1/namespaces/default';
  await using api = await startTestServer(store, { advertise: { address: '192.0.2.1', port: 6443 } }, world);
  for (const kind of ['services', 'endpoints']) await api.del(`${path}/${kind}/kubernetes`);
  await world.clock.advance('10s');
  await world.clock.settle();
  expect((await api.get(`${path}/services/kubernetes`)).body.spec.clusterIP).toBe('10.96.0.1');
  expect((await api.get(`${path}/endpoints/kubernetes`)).body.subsets[0].addresses).toEqual([{ ip: '192.0.2.1' }]);
});
