// Logs from a kubelet whose certificate another authority gave: refused, but when the client says that it does not mind.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiServer, defaultSecurity, type ApiServer } from '#apiserver';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { openMemoryStore, type Store } from '#store';
import { createCa, generateKey, httpTransport, issueCertificate, memoryTransport, serveHttp, type CertifiedKey, type HttpServer, type Transport } from '#wire';
import { createNodeProxy } from './node-proxy.ts';
import { versionInfo } from './version.ts';

const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const life = { notBeforeMs: systemClock.now() - 3_600_000, notAfterMs: systemClock.now() + 3_600_000 };
let store: Store;
let kubelet: HttpServer;
let server: ApiServer;
let transport: Transport;
let proxy: ReturnType<typeof createNodeProxy>;

const get = async (path: string): Promise<[number, string]> => {
  const response = await transport.request({ method: 'GET', path });
  return [response.status, Buffer.from(await response.bytes()).toString()];
};
const send = async (method: string, path: string, object: object): Promise<void> => {
  const response = await transport.request({ method, path, headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }, body: JSON.stringify(object) });
  expect([path, response.status < 300, Buffer.from(await response.bytes()).toString().slice(0, 200)]).toEqual([path, true, expect.anything()]);
};

beforeAll(async () => {
  const [own, stranger] = ['own', 'stranger'].map((commonName) => createCa(systemRandom, { commonName, ...life })) as [CertifiedKey, CertifiedKey];
  const issue = (ca: CertifiedKey, commonName: string): CertifiedKey => issueCertificate(systemRandom, ca, { commonName, organizations: [], ipAddresses: ['127.0.0.1'], usages: ['client auth', 'server auth'], ...life });
  kubelet = await serveHttp(world, { host: '127.0.0.1', port: 0, tls: { ...issue(stranger, 'kubelet'), clientCa: own.cert }, handler: async (exchange) => exchange.send(200, { 'content-type': 'text/plain' }, `for ${exchange.peer.certificate?.commonName}`) });
  store = openMemoryStore(world);
  proxy = createNodeProxy(systemClock, { ca: own.cert, ...issue(own, 'api') });
  server = createApiServer(world, {
    store, serviceCidr: '10.96.0.0/16', serviceNodePortRange: '30000-32767', version: versionInfo, nodeProxy: proxy,
    security: defaultSecurity(world, { serviceAccountKey: generateKey(), issuer: 'https://x', authorizationModes: ['RBAC'], admission: { plugins: { disable: ['ServiceAccount'] } } }),
  });
  await server.start();
  transport = memoryTransport(server.handler, { user: 'admin', groups: ['system:masters', 'system:authenticated'] });
  await send('POST', '/api/v1/nodes', { metadata: { name: 'n' } });
  await send('PATCH', '/api/v1/nodes/n/status', { status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } } });
  await send('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } });
});
afterAll(async () => {
  await transport.close();
  await server.close();
  await proxy.close();
  await kubelet.close({ graceMs: 0 });
  await store.close();
});

test('an unknown kubelet is asked for logs only when the client believes any', async () => {
  const log = '/api/v1/namespaces/default/pods/p/log';
  const [status, text] = await get(log);
  expect([status, JSON.parse(text).message]).toEqual([500, `Get "https://127.0.0.1:${kubelet.port}/containerLogs/default/p/c": tls: failed to verify certificate: x509: certificate signed by unknown authority`]);
  expect(await get(`${log}?insecureSkipTLSVerifyBackend=true`)).toEqual([200, 'for api']);
  expect((await get(log))[0]).toBe(500);
  const lines = (await world.metrics.text()).split('\n').filter((line) => line.startsWith('kube_apiserver_pod_logs_'));
  expect(lines).toEqual([
    'kube_apiserver_pod_logs_backend_tls_failure_total 2', 'kube_apiserver_pod_logs_insecure_backend_total{usage="enforce_tls"} 2', 'kube_apiserver_pod_logs_insecure_backend_total{usage="skip_tls_allowed"} 1',
  ]);
});

test('pages and redirects of pods go through this server again, and pods are told how they are seen', async () => {
  const answers: Readonly<Record<string, [number, Record<string, string>, string]>> = {
    '/page': [200, { 'content-type': 'text/html' }, '<a href="/next">'], '/moved': [302, { location: '/next' }, ''], '/text': [200, { 'content-type': 'text/plain' }, '<a href="/next">'],
  };
  const told: unknown[] = [];
  const pod = await serveHttp(world, {
    host: '127.0.0.1', port: 0, handler: async (exchange) => {
      told.push([exchange.headers['x-forwarded-uri'], exchange.headers['x-forwarded-for'], exchange.headers.authorization]);
      exchange.send(...(answers[exchange.url] ?? [404, {}, '']));
    },
  });
  const place = { kind: 'endpoint', scheme: 'http', address: '127.0.0.1', port: pod.port } as const;
  const prefix = '/api/v1/namespaces/default/pods/p/proxy';
  const front = await serveHttp(world, { host: '127.0.0.1', port: 0, handler: (exchange) => proxy.forward(exchange, place, exchange.url, { prefix }) });
  const client = httpTransport({ url: `http://127.0.0.1:${front.port}`, clock: systemClock });
  const ask = async (path: string): Promise<[number, string | undefined, string]> => {
    const response = await client.request({ method: 'GET', path, headers: { authorization: 'Bearer x', 'x-forwarded-for': '1.2.3.4' } });
    return [response.status, response.headers.location, Buffer.from(await response.bytes()).toString()];
  };
  expect([await ask('/page'), await ask('/moved'), await ask('/text')]).toEqual([[200, undefined, `<a href="${prefix}/next">`], [302, `${prefix}/next`, ''], [200, undefined, '<a href="/next">']]);
  expect(told).toEqual(['/page', '/moved', '/text'].map((path) => [prefix + path, '1.2.3.4, 127.0.0.1', undefined]));
  await client.close();
  await front.close({ graceMs: 0 });
  await pod.close({ graceMs: 0 });
});
