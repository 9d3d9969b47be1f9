// What clients get wrong or try: each answer has upstream's code and reason, none takes long, and the server
// serves on.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { openMemoryStore } from '#store';
import { memoryTransport } from '#wire';
import { defaultSecurity } from './default-security.ts';
import { startTestServer, testWorld, type TestServer } from './test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

describe('bad input', () => {
  const store = openMemoryStore(testWorld());
  let api: TestServer;

  beforeAll(async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const settings = { serviceAccountKey: key, issuer: 'https://kubernetes.default.svc', authorizationModes: ['RBAC' as const] };
    api = await startTestServer(store, { security: defaultSecurity(testWorld(), settings) });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await store.close();
  });

  const cases: readonly (readonly [string, () => Promise<{ status: number; body: { reason?: string; message?: string } }>, number, string, RegExp])[] = [
    ['a role with an endless name', () => api.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'x'.repeat(2000) } }), 422, 'Invalid', /metadata\.name: Invalid value: .* may not be more than 1001 bytes/],
    ['a service without a name', () => api.post('/api/v1/namespaces/default/services', { spec: { ports: [{ port: 80 }] } }), 422, 'Invalid', /spec\.clusterIPs: Invalid value: .*failed to allocate IP: .*spec\.parentRef\.name: Required value/],
    ['a definition without versions', () => api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: 'x' }, spec: { versions: null } }), 422, 'Invalid', /spec\.versions/],
    ['an apply whose list key is a list', () => api.patch(`${pods}/x?fieldManager=m`, 'apply', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: [null, '1Gi'], image: 'i' }] } }), 500, '', /failed to create typed patch object \(\/x; \/v1, Kind=Pod\): \.spec\.containers\[name=.*\]\.name: expected string, got/],
    ['an apply whose apiVersion is a map', () => api.patch(`${pods}/x?fieldManager=m`, 'apply', { apiVersion: { a: {} }, kind: 'Pod', metadata: { name: 'x' } }), 400, 'BadRequest', /invalid object type: \/, Kind=Pod/],
    ['malformed JSON', () => api.post(maps, '{"metadata":'), 400, 'BadRequest', /json parse error/],
    ['no JSON at all', () => api.post(maps, 'nope'), 400, 'BadRequest', /json parse error/],
    ['an array', () => api.post(maps, '[]'), 400, 'BadRequest', /cannot unmarshal array/],
    ['malformed YAML', () => api.call('POST', maps, 'a: [', { 'content-type': 'application/yaml' }), 400, 'BadRequest', /yaml/],
    ['an unknown content type', () => api.call('POST', maps, '{}', { 'content-type': 'text/csv' }), 415, 'UnsupportedMediaType', /unknown format/],
    ['a body over 3 MiB', () => api.post(maps, { metadata: { name: 'x' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } }), 413, 'RequestEntityTooLarge', /limit is 3145728/],
    ['nesting 100,000 deep', () => api.post(maps, `{"metadata":{"name":"x"},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 400, 'BadRequest', /depth|deep/],
    ['another kind', () => api.post(pods, { kind: 'Service', apiVersion: 'v1', metadata: { name: 'x' } }), 400, 'BadRequest', /cannot be handled as a Pod/],
    ['a wrong type of value', () => api.post(maps, { metadata: { name: 'x' }, data: { a: 1 } }), 400, 'BadRequest', /cannot unmarshal number/],
    ['an unknown field, strictly', () => api.post(`${maps}?fieldValidation=Strict`, { metadata: { name: 'x' }, foo: 1 }), 400, 'BadRequest', /strict decoding error: unknown field "foo"/],
    ['a bad option', () => api.post(`${maps}?dryRun=Some`, { metadata: { name: 'x' } }), 422, 'Invalid', /dryRun/],
    ['a name with a slash', () => api.post(maps, { metadata: { name: 'a/b' } }), 422, 'Invalid', /metadata.name/],
    ['no name', () => api.post(maps, { metadata: {} }), 422, 'Invalid', /name or generateName is required/],
    ['a name with dots in the URL', () => api.get(`${maps}/%2e%2e`), 400, 'BadRequest', /Name parameter invalid: "..": may not be '..'/],
    ['a broken escape in the URL', () => api.get(`${maps}/%zz`), 400, 'BadRequest', /invalid URL escape/],
    ['an unknown resource', () => api.get('/api/v1/nothings'), 404, 'NotFound', /could not find the requested resource/],
    ['a verb that means nothing', () => api.call('POST', `${maps}/x`, {}), 405, 'MethodNotAllowed', /does not allow this method/],
    ['a bad selector', () => api.get(`${maps}?labelSelector=%3D%3D`), 400, 'BadRequest', /unable to parse|found/],
    ['a bad limit', () => api.get(`${maps}?limit=x`), 400, 'BadRequest', /invalid syntax/],
    ['a bad continue token', () => api.get(`${maps}?continue=xxxx`), 400, 'BadRequest', /continue key is not valid/],
    ['a patch of no known kind', () => api.call('PATCH', `${maps}/x`, '{}', { 'content-type': 'application/json' }), 415, 'UnsupportedMediaType', /415: Unsupported Media Type/],
    ['apply without a manager', () => api.patch(`${maps}/x`, 'apply', '{}'), 422, 'Invalid', /fieldManager: Required value/],
  ];

  it.each(cases)('%s', async (_name, ask, status, reason, message) => {
    const started = systemClock.monotonic();
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.body.reason ?? '').toBe(reason);
    expect(answer.body.message).toMatch(message);
    expect(systemClock.monotonic() - started).toBeLessThan(1000);
  });

  it('an alias bomb costs nothing', async () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 12; i++) lines.push(`${'bcdefghijklm'.charAt(i)}: &${'bcdefghijklm'.charAt(i)} [${Array.from({ length: 9 }, () => `*${'abcdefghijkl'.charAt(i)}`).join(',')}]`);
    const started = systemClock.monotonic();
    const answer = await api.call('POST', maps, lines.join('\n'), { 'content-type': 'application/yaml' });
    expect(answer.status).toBe(400);
    expect(systemClock.monotonic() - started).toBeLessThan(1000);
  });

  it('__proto__ is a key like any other', async () => {
    const { status, text } = await api.post(maps, '{"metadata":{"name":"proto"},"data":{"__proto__":"x","constructor":"y"}}');
    expect(status).toBe(201);
    expect(text).toContain('"__proto__":"x"');
    expect((await api.get(`${maps}/proto`)).text).toContain('"constructor":"y"');
  });

  it('duplicate fields become warnings', async () => {
    const { headers } = await api.post(maps, '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}');
    expect(headers.warning).toBe('299 - "duplicate field \\"data.a\\""');
  });

  it('strangers are refused before anything else', async () => {
    const anonymous = memoryTransport((exchange) => {
      Object.defineProperty(exchange, 'peer', { value: { address: '192.0.2.1', port: 1 } });
      return api.server.handler(exchange);
    }, { user: '', groups: [] });
    const refused = await anonymous.request({ method: 'GET', path: maps });
    expect(refused.status).toBe(401);
    expect(JSON.parse(Buffer.from(await refused.bytes()).toString())).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized', code: 401 });
    const bad = await anonymous.request({ method: 'GET', path: maps, headers: { authorization: 'Bearer nonsense' } });
    expect(bad.status).toBe(401);
    expect((await anonymous.request({ method: 'GET', path: '/healthz' })).status).toBe(200);
  });

  it('who may not is told what he may not', async () => {
    const bob = memoryTransport(api.server.handler, { user: 'bob', groups: [] });
    const refused = await bob.request({ method: 'GET', path: pods });
    expect(refused.status).toBe(403);
    expect(JSON.parse(Buffer.from(await refused.bytes()).toString()).message).toBe(
      'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
    );
  });
});
