// What users read in kubectl when something is wrong or old, word for word as upstream's API server says it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from './test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
let api: TestServer;
beforeAll(async () => {
  const unreachable = { forward: () => Promise.reject(new Error('request', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '192.0.2.9', port: 10_250, syscall: 'connect' }) })) };
  api = await startTestServer(openMemoryStore(testWorld()), { nodeProxy: unreachable });
  await api.post('/api/v1/nodes', { metadata: { name: 'n' } });
  await api.patch('/api/v1/nodes/n/status', 'merge', { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] } });
  await api.post(pods, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } });
});
afterAll(() => api[Symbol.asyncDispose]());

describe('a patch', () => {
  test('cannot give another uid: a bad value, where an update is a conflict', async () => {
    await api.post(maps, { metadata: { name: 'u' } });
    for (const type of ['merge', 'strategic'] as const) {
      const { status, body } = await api.patch(`${maps}/u`, type, { metadata: { uid: 'abc' } });
      expect([status, body.message]).toEqual([422, 'ConfigMap "u" is invalid: metadata.uid: Invalid value: "abc": field is immutable']);
    }
    expect((await api.put(`${maps}/u`, { metadata: { name: 'u', uid: 'abc' } })).status).toBe(409);
  });

  test('of operations must be a list', async () => {
    const strict = await api.patch(`${maps}/u`, 'json', { op: 'add' });
    expect([strict.status, strict.body.message]).toEqual([400, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp']);
    const lenient = await api.patch(`${maps}/u?fieldValidation=Ignore`, 'json', { op: 'add' });
    expect(lenient.body.message).toBe('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  });

  test.each([
    [`${maps.replace('configmaps', 'secrets')}/s`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' }, data: { a: '!!' } }, 'failed to convert new object (default/s; /v1, Kind=Secret) to proper version: unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 0'],
    [`${pods}/q`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'q', namespace: 'default' }, spec: { containers: [{ name: 'c', resources: { limits: { cpu: 'x' } } }] } }, "failed to convert new object (default/q; /v1, Kind=Pod) to proper version: unable to convert unstructured object to /v1, Kind=Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ])('applied with a value that is none: %s', async (path, object, text) => {
    const { status, body } = await api.patch(`${path}?fieldManager=m`, 'apply', object);
    expect([status, body.reason, body.message]).toEqual([500, undefined, text]);
  });
});

test('kinds that upstream calls deprecated are called so with every request', async () => {
  const endpoints = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
  expect((await api.get('/api/v1/namespaces/default/endpoints')).headers.warning).toBe(endpoints);
  expect((await api.post('/api/v1/namespaces/default/endpoints', { metadata: { name: 'e' } })).headers.warning).toBe(endpoints);
  expect((await api.get('/api/v1/componentstatuses')).headers.warning).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
  expect((await api.get(maps)).headers.warning).toBeUndefined();
});

test('a service of a type that does not exist is told of its address first', async () => {
  const { status, body } = await api.post('/api/v1/namespaces/default/services', { metadata: { name: 's' }, spec: { type: 'Foo', clusterIP: '1.2.3.4', ports: [{ port: 0 }] } });
  expect([status, body.message]).toEqual([422, 'Service "s" is invalid: spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range']);
});

test('a group that nobody defined is a path that nobody serves; one that was built in says more', async () => {
  const custom = await api.get('/apis/shop.example.com/v1/namespaces/default/widgets');
  expect([custom.status, custom.text]).toEqual([404, '404 page not found\n']);
  const builtIn = await api.get('/apis/apps/v1/namespaces/default/widgets');
  expect([builtIn.status, builtIn.body.message]).toEqual([404, 'the server could not find the requested resource']);
});

test('the index of paths is written for people', async () => {
  expect((await api.get('/')).text).toMatch(/^{\n {2}"paths": \[\n {4}"\/\.well-known|^{\n {2}"paths": \[\n {4}"\/api"/);
});

test('flow schemas are listed as they are tried', async () => {
  const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
  for (const [name, matchingPrecedence] of [['z-first', 3], ['b-same', 5], ['a-same', 5], ['a-last', 9000]] as const) await api.post(path, { metadata: { name }, spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'exempt' } } });
  const { body } = await api.get(path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const names = body.rows.map((row: { cells: string[] }) => row.cells[0]) as string[];
  expect(names.filter((name) => /^[abz]-/.test(name))).toEqual(['z-first', 'a-same', 'b-same', 'a-last']);
  expect([names[0], names.at(-1)]).toEqual(['exempt', 'catch-all']);
});

test('what a Scale owns has no time in its workload', async () => {
  await api.post('/apis/apps/v1/namespaces/default/replicasets?fieldManager=maker', { metadata: { name: 'r' }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
  const { status } = await api.patch('/apis/apps/v1/namespaces/default/replicasets/r/scale?fieldManager=scaler', 'merge', { spec: { replicas: 2 } });
  expect(status).toBe(200);
  const [first, second] = (await api.get('/apis/apps/v1/namespaces/default/replicasets/r')).body.metadata.managedFields;
  expect(first).toEqual({ manager: 'scaler', operation: 'Update', apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:replicas': {} } }, subresource: 'scale' });
  expect(second.time).toBeDefined();
});

test('an event shows in events.k8s.io only what it says', async () => {
  await api.post('/api/v1/namespaces/default/events', { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' } });
  expect((await api.get('/api/v1/namespaces/default/events/e')).body).toMatchObject({ reportingComponent: '', reportingInstance: '' });
  const { body } = await api.get('/apis/events.k8s.io/v1/namespaces/default/events/e');
  expect(Object.keys(body).filter((name) => name.startsWith('reporting'))).toEqual([]);
});

test('a kubelet that cannot be reached', async () => {
  const dial = 'dial tcp 192.0.2.9:10250: connect: connection refused';
  const log = await api.get(`${pods}/p/log?tailLines=1`);
  expect([log.status, log.body.reason, log.body.message]).toEqual([500, undefined, `Get "https://192.0.2.9:10250/containerLogs/default/p/c?tailLines=1": ${dial}`]);
  const exec = await api.call('POST', `${pods}/p/exec?command=x&stdout=1`);
  expect([exec.status, exec.body.message]).toEqual([500, `error dialing backend: ${dial}`]);
  const proxy = await api.get('/api/v1/nodes/n/proxy/pods');
  expect([proxy.status, proxy.body.reason, proxy.body.message, proxy.body.details]).toEqual([503, 'ServiceUnavailable', `error trying to reach service: ${dial}`, undefined]);
});
