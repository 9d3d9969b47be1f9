// What operators read from the process: statusz, flagz, health checks by name and as metrics.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeObject } from '#machinery';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const store = openMemoryStore(testWorld());
let api: TestServer;

beforeAll(async () => {
  api = await startTestServer(store, { flags: { 'secure-port': '6443', 'anonymous-auth': 'true' } });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

test('/statusz and /flagz are text for people', async () => {
  const status = await api.get('/statusz', { accept: '*/*' });
  expect(status.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(status.text).toMatch(/^\napiserver statusz\nWarning: [^\n]+\n\nStarted: {2}\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}\nUp: {2}0 hr 00 min \d\d sec\n/);
  expect(status.text).toContain('Binary version:  1.36.0\nEmulation version:  1.36\n');
  expect((await api.get('/flagz')).text.split('\n').slice(3)).toEqual(['anonymous-auth=true', 'secure-port=6443', '']);
});

test('and objects for those who ask for them by name', async () => {
  const accept = 'application/json;as=Flagz;v=v1alpha1;g=config.k8s.io';
  const flags = await api.get('/flagz', { accept });
  expect(flags.headers['content-type']).toBe('application/json;g=config.k8s.io;v=v1alpha1;as=Flagz');
  expect(flags.body).toEqual({ kind: 'Flagz', apiVersion: 'config.k8s.io/v1alpha1', metadata: { name: 'apiserver' }, flags: { 'anonymous-auth': 'true', 'secure-port': '6443' } });
  expect(flags.headers.warning).toBe('299 - "This version of the flagz endpoint is deprecated. Please use a newer version."');
  const status = await api.get('/statusz', { accept: 'application/json;as=Statusz;v=v1beta1;g=config.k8s.io', 'user-agent': 'curl/8' });
  expect(status.headers.warning).toBeUndefined();
  expect(status.text).toMatch(/^\{\n {2}"kind": "Statusz",\n {2}"apiVersion": "config.k8s.io\/v1beta1",\n/);
  const refused = await api.get('/statusz', { accept: 'application/json' });
  expect([refused.status, refused.body.message]).toEqual([406, 'only the following media types are accepted: application/json, application/yaml, text/plain']);
});

test('and in CBOR where it is spoken', async () => {
  const other = openMemoryStore(testWorld());
  await using spoken = await startTestServer(other, { cbor: true, flags: { a: 'b' } });
  const accept = 'application/cbor;as=Flagz;v=v1beta1;g=config.k8s.io';
  const { headers, bytes } = await spoken.transport.request({ method: 'GET', path: '/flagz', headers: { accept } }).then(async (answer) => ({ headers: answer.headers, bytes: await answer.bytes() }));
  expect(headers['content-type']).toBe('application/cbor;g=config.k8s.io;v=v1beta1;as=Flagz');
  expect(decodeObject(Buffer.from(bytes), { contentType: 'application/cbor', cbor: true }).object).toEqual({ kind: 'Flagz', apiVersion: 'config.k8s.io/v1beta1', metadata: { name: 'apiserver' }, flags: { a: 'b' } });
  expect((await spoken.get('/flagz', { accept: 'application/json' })).body.message).toBe('only the following media types are accepted: application/json, application/yaml, text/plain, application/cbor');
  expect((await api.get('/flagz', { accept })).status).toBe(406);
});

test('every check of upstream answers under its own path, and as a metric', async () => {
  for (const path of ['/livez/ping', '/livez/etcd', '/readyz/informer-sync', '/readyz/shutdown', '/healthz/poststarthook/rbac/bootstrap-roles', '/livez/autoregister-completion', '/readyz/poststarthook/crd-informer-synced']) {
    expect([path, (await api.get(path)).text]).toEqual([path, 'ok']);
  }
  expect((await api.get('/livez/nope')).text).toBe('404 page not found\n');
  expect((await api.get('/metrics/slis')).text).toContain('kubernetes_healthcheck{name="poststarthook/bootstrap-controller",type="readyz"} 1\n');
});

test('the certificate that the server shows itself is a matter of life, not of readiness', async () => {
  const checks = async (name: string): Promise<boolean> => (await api.get(`/${name}?verbose`)).text.includes('[+]loopback-serving-certificate ok');
  expect([await checks('healthz'), await checks('livez'), await checks('readyz')]).toEqual([true, true, false]);
});
