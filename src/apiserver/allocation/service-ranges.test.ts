// Services and the ranges of ServiceCIDR objects, as a client sees it: addresses come from every range that is ready, and
// from none that is not or goes (KEP-1880).
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { createVirtualWorld } from '#testing';
import { startTestServer, testWorld, type Answer, type TestServer } from '../test-server.case.ts';

const services = '/api/v1/namespaces/default/services';
const ranges = '/apis/networking.k8s.io/v1/servicecidrs';

let store: Store;
let api: TestServer;

beforeEach(async () => {
  store = openMemoryStore(testWorld());
  // Two addresses.
  api = await startTestServer(store, { serviceCidr: '10.96.0.0/30' });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

const make = (name: string, spec: object = {}): Promise<Answer> => api.post(services, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const addRange = async (name: string, ...cidrs: string[]): Promise<void> => {
  expect((await api.post(ranges, { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name, finalizers: ['example.com/keep'] }, spec: { cidrs } })).status).toBe(201);
};
const say = async (name: string, status: string): Promise<void> => {
  const conditions = [{ type: 'Ready', status, reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  expect((await api.patch(`${ranges}/${name}/status`, 'merge', { status: { conditions } })).status).toBe(200);
};
const addressOf = ({ body }: Answer): string => body.spec?.clusterIP ?? body.message;
const full = (name: string): string => `Internal error occurred: failed to allocate a serviceIP for Service "${name}": range is full`;
const refused = (name: string, address: string, why: string): string => `Service "${name}" is invalid: spec.clusterIPs: Invalid value: ["${address}"]: failed to allocate IP ${address}: ${why}`;
const mismatch = 'the provided network does not match the current range';

it('a range that is added gives addresses when the first one is full', async () => {
  expect([addressOf(await make('a')), addressOf(await make('b'))].sort()).toEqual(['10.96.0.1', '10.96.0.2']);
  expect(addressOf(await make('c'))).toBe(full('c'));
  await addRange('more', '10.97.0.0/30');
  expect([addressOf(await make('c')), addressOf(await make('d'))].sort()).toEqual(['10.97.0.1', '10.97.0.2']);
  expect(addressOf(await make('e'))).toBe(full('e'));
});

it('an address of a range is given to who asks for it while an object of the range is ready', async () => {
  const wanted = { clusterIP: '10.97.0.9' };
  expect(addressOf(await make('a', wanted))).toBe(refused('a', '10.97.0.9', mismatch));
  await addRange('more', '10.97.0.0/28');
  await addRange('same', '10.97.0.0/28');
  await say('more', 'False');
  expect(addressOf(await make('a', wanted))).toBe('10.97.0.9');
  await say('same', 'False');
  expect(addressOf(await make('b', { clusterIP: '10.97.0.10' }))).toBe(refused('b', '10.97.0.10', mismatch));
  await say('same', 'True');
  expect(addressOf(await make('b', { clusterIP: '10.97.0.9' }))).toBe(refused('b', '10.97.0.9', 'provided IP is already allocated'));
  expect(addressOf(await make('c', { clusterIP: '10.97.0.15' }))).toBe(refused('c', '10.97.0.15', mismatch));
});

it('a range that is being deleted gives nothing, and takes back what it gave', async () => {
  await addRange('more', '10.97.0.0/30');
  expect(addressOf(await make('a', { clusterIP: '10.97.0.1' }))).toBe('10.97.0.1');
  await api.del(`${ranges}/more`);
  expect(addressOf(await make('b', { clusterIP: '10.97.0.2' }))).toBe(refused('b', '10.97.0.2', mismatch));
  await api.del(`${services}/a`);
  expect((await api.get('/apis/networking.k8s.io/v1/ipaddresses/10.97.0.1')).status).toBe(404);
});

it('the default range that is narrowed to another one moves new services there', async () => {
  await addRange('more', '10.97.0.0/30');
  await api.patch(`${ranges}/kubernetes`, 'merge', { metadata: { finalizers: ['example.com/keep'] } });
  await api.del(`${ranges}/kubernetes`);
  expect(addressOf(await make('a'))).toMatch(/^10\.97\.0\.[12]$/);
});

it('a second family of a range serves nobody in a cluster of one family', async () => {
  await addRange('more', '10.97.0.0/30', 'fd00::/112');
  expect(addressOf(await make('a', { clusterIP: 'fd00::1' }))).toBe('Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster');
});

it('a dry run shows the address that is asked for, or that of the network', async () => {
  const dry = (spec: object): Promise<Answer> => api.post(`${services}?dryRun=All`, { metadata: { name: 'dry' }, spec: { ports: [{ port: 80 }], ...spec } });
  expect(addressOf(await dry({}))).toBe('10.96.0.0');
  await make('a', { clusterIP: '10.96.0.2' });
  expect(addressOf(await dry({ clusterIP: '10.96.0.2' }))).toBe('10.96.0.2');
  expect(addressOf(await dry({ clusterIP: '192.0.2.1' }))).toBe(refused('dry', '192.0.2.1', 'the provided IP (192.0.2.1) is not in the valid range. The range of valid IPs is 10.96.0.0/30'));
});

it('what is allocated is counted by range', async () => {
  await make('a');
  await make('b', { clusterIP: '10.97.0.1' });
  await addRange('more', '10.97.0.0/29');
  await make('b', { clusterIP: '10.97.0.1', type: 'NodePort' });
  const { text } = await api.get('/metrics');
  const lines = text.split('\n').filter((line) => /^kube_apiserver_(clusterip|nodeport)_allocator_(allocated|available|allocation_total|allocation_errors)/.test(line));
  const own = (name: string): string => `kube_apiserver_clusterip_allocator_${name}`;
  expect(lines).toEqual([
    `${own('allocated_ips')}{cidr="10.96.0.0/30"} 1`, `${own('allocated_ips')}{cidr="10.97.0.0/29"} 1`,
    `${own('allocation_total')}{cidr="10.96.0.0/30",scope="dynamic"} 1`, `${own('allocation_total')}{cidr="10.97.0.0/29",scope="static"} 1`,
    `${own('available_ips')}{cidr="10.96.0.0/30"} 1`, `${own('available_ips')}{cidr="10.97.0.0/29"} 5`,
    'kube_apiserver_nodeport_allocator_allocated_ports 1', 'kube_apiserver_nodeport_allocator_allocation_total{scope="dynamic"} 1', 'kube_apiserver_nodeport_allocator_available_ports 2767',
  ]);
});

it('an IPAddress that no longer says whose it is is made again when a server starts', async () => {
  const path = '/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1';
  await make('a', { clusterIP: '10.96.0.1' });
  const right = (await api.get(path)).body;
  await api.del(path);
  const { labels, name } = right.metadata;
  const wrong = { ...right, metadata: { name, labels }, spec: { parentRef: { ...right.spec.parentRef, name: 'nobody' } } };
  expect((await api.post('/apis/networking.k8s.io/v1/ipaddresses', wrong)).status).toBe(201);
  await api[Symbol.asyncDispose]();
  api = await startTestServer(store, { serviceCidr: '10.96.0.0/30' });
  await expect.poll(async () => (await api.get(path)).body.spec?.parentRef?.name).toBe('a');
});

it('a service that has an address without mark gets it marked when it changes', async () => {
  const path = '/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1';
  const world = createVirtualWorld({ seed: 6 });
  const other = openMemoryStore(world);
  await using server = await startTestServer(other, { serviceCidr: '10.96.0.0/30' }, world);
  await server.post(services, { metadata: { name: 'a' }, spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] } });
  await server.del(path);
  await server.patch(`${services}/a`, 'merge', { metadata: { labels: { a: 'b' } } });
  await world.clock.advance('2s');
  await world.clock.settle();
  expect((await server.get(path)).body.spec?.parentRef?.name).toBe('a');
  await server.del(`${services}/a`);
  await world.clock.advance('2s');
  await world.clock.settle();
  expect((await server.get(path)).status).toBe(404);
});
