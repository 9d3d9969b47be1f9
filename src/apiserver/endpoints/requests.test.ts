// What requests may leave out, add and ask for, in corners that few clients know.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { definition, establish, tab, version } from '../crds/crd.case.ts';
import { startTestServer, testWorld } from '../test-server.case.ts';

test('the core group may be written as an empty one, other groups may not begin with a slash', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const made = await api.post('/api/v1/namespaces/default/configmaps', { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  expect([made.status, made.body.apiVersion]).toEqual([201, 'v1']);
  expect((await api.put('/api/v1/namespaces/default/configmaps/a', { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } })).status).toBe(200);
  expect((await api.post('/apis/apps/v1/namespaces/default/deployments', { apiVersion: '/apps/v1', kind: 'Deployment', metadata: { name: 'a' } })).status).toBe(400);
});

test('selectors choose among component statuses', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const names = async (query: string): Promise<string[]> => (await api.get(`/api/v1/componentstatuses${query}`)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  expect(await names('')).toHaveLength(3);
  expect(await names('?labelSelector=a%3Db')).toEqual([]);
  expect(await names('?fieldSelector=metadata.name%3Detcd-0')).toEqual(['etcd-0']);
});

test('custom resources in namespaces are unknown outside, but to lists and watches', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await establish(api);
  const path = '/apis/stable.example.com/v1/crontabs';
  expect((await api.post(path, tab('a'))).status).toBe(404);
  expect((await api.del(path)).status).toBe(404);
  expect((await api.get(`${path}/a`)).status).toBe(404);
  expect((await api.get(path)).status).toBe(200);
});

test('who writes the status of a Deployment does not own its labels, which the write leaves as they are', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await api.post(path, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } });
  const applied = await api.patch(`${path}/d/status?fieldManager=m`, 'apply', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', labels: { l: '1' } }, status: { observedGeneration: 1 } });
  expect(applied.body.metadata.labels).toBeUndefined();
  expect(applied.body.metadata.managedFields.find((entry: { manager: string }) => entry.manager === 'm').fieldsV1).toEqual({ 'f:status': { 'f:observedGeneration': {} } });
});

test('defaults put nothing unknown into the metadata of embedded resources', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const metadata = { type: 'object', properties: { name: { type: 'string', default: 'Bar' }, unknown: { type: 'string', default: 'unknown' } } };
  const embedded = {
    type: 'object', 'x-kubernetes-embedded-resource': true,
    properties: { apiVersion: { type: 'string', default: 'foos/v1' }, kind: { type: 'string', default: 'Foo' }, metadata },
  };
  await establish(api, definition([version('v1', {}, { embedded })]));
  const path = '/apis/stable.example.com/v1/namespaces/default/crontabs';
  expect((await api.post(path, tab('a', { embedded: { metadata: {} } }))).body.spec.embedded).toEqual({ apiVersion: 'foos/v1', kind: 'Foo', metadata: { name: 'Bar' } });
  expect((await api.get(`${path}/a`)).body.spec.embedded.metadata).toEqual({ name: 'Bar' });
});

test('strict patches tell everything at once: what the patch gives twice or does not know, then what the result does not know', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await api.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' }, data: { x: '1' } });
  const patch = async (type: string, body: string, validation: string): Promise<[number, string, string | null]> => {
    const response = await api.transport.request({
      method: 'PATCH', path: `/api/v1/namespaces/default/configmaps/a?fieldValidation=${validation}`, headers: { 'content-type': `application/${type}-patch+json` }, body: Buffer.from(body),
    });
    let text = '';
    for await (const chunk of response.body) text += Buffer.from(chunk).toString();
    const { message = '' } = JSON.parse(text) as { message?: string };
    return [response.status, message.slice(message.indexOf('strict')), response.headers['warning'] ?? null];
  };
  const merge = '{"data":{"x":"2","x":"3"},"foo":1,"immutable":false,"immutable":false}';
  const told = 'strict decoding error: duplicate field "data.x", duplicate field "immutable", unknown field "foo"';
  expect(await patch('merge', merge, 'Strict')).toEqual([422, told, null]);
  expect(await patch('strategic-merge', merge, 'Strict')).toEqual([422, told, null]);
  expect((await patch('merge', merge, 'Warn'))[2]).toBe('299 - "duplicate field \\"data.x\\"", 299 - "duplicate field \\"immutable\\"", 299 - "unknown field \\"foo\\""');
  const operations = '[{"op":"add","path":"/bar","foo":"x","value":1},{"op":"add","path":"/no","path":"/data/y","value":"1"}]';
  expect(await patch('json', operations, 'Strict')).toEqual([422, 'strict decoding error: json patch unknown field "[0].foo", json patch duplicate field "[1].path", unknown field "bar"', null]);
});

test('a resourceVersion that is no number, or zero, is none to a create', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const create = async (name: string, resourceVersion: string): Promise<number> => (await api.post('/api/v1/namespaces/default/configmaps', { metadata: { name, resourceVersion } })).status;
  expect([await create('a', '0'), await create('b', 'x'), await create('c', '7')]).toEqual([201, 201, 500]);
});

test('DELETE of a collection answers with what was deleted, in the version and encoding of the request', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
  const path = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
  for (const name of ['a', 'b', 'c']) await api.post(path, { metadata: { name }, spec });
  const first = await api.del(`${path}?limit=1`);
  expect(first.body.items.map((item: { spec: unknown }) => item.spec)).toMatchObject([{ targetCPUUtilizationPercentage: 50 }]);
  expect([first.body.metadata.remainingItemCount, typeof first.body.metadata.continue]).toEqual([2, 'string']);
  const rest = await api.call('DELETE', path, undefined, { accept: 'application/vnd.kubernetes.protobuf' });
  expect([rest.status, rest.headers['content-type'], rest.text.slice(0, 3)]).toEqual([200, 'application/vnd.kubernetes.protobuf', 'k8s']);
  expect((await api.get(path)).body.items).toEqual([]);
});

test('a continue token that is none is told before a resource version that does not go with it', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  for (const version of ['5', 'x']) {
    expect((await api.get(`/api/v1/namespaces/default/configmaps?limit=6&continue=invalid&resourceVersion=${version}`)).body.message).toContain('continue key is not valid');
  }
});

test('a custom resource of another kind is refused under the name that it bears', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  await establish(api);
  const answer = await api.post('/apis/stable.example.com/v1/namespaces/default/crontabs', { ...tab('a'), kind: 'Other' });
  expect(answer.body.message).toBe('Other.stable.example.com "a" is invalid: kind: Invalid value: "Other": must be CronTab');
});

test('nothing is exported any more', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const refused = await api.get('/api/v1/namespaces/default?export=true');
  expect([refused.status, refused.body.message]).toEqual([400, 'the export parameter, deprecated since v1.14, is no longer supported']);
  expect((await api.get('/api/v1/namespaces/default?export=false')).status).toBe(200);
});

test('a field that its type would make atomic is owned part by part where it says so', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const path = '/api/v1/persistentvolumes';
  const volume = {
    apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' },
    spec: { capacity: { storage: '16Mi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp' }, claimRef: { name: 'c', namespace: 'default' } },
  };
  await api.patch(`${path}/pv?fieldManager=m`, 'apply', volume);
  const claimRef = { ...volume.spec.claimRef, uid: 'u', apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  await api.call('PATCH', `${path}/pv?fieldManager=controller`, { spec: { claimRef } }, { 'content-type': 'application/merge-patch+json' });
  const again = await api.patch(`${path}/pv?fieldManager=m`, 'apply', volume);
  expect([again.status, again.body.spec.claimRef]).toEqual([200, claimRef]);
  const owned = again.body.metadata.managedFields.map((entry: { manager: string; fieldsV1: { 'f:spec': { 'f:claimRef': unknown } } }) => [entry.manager, entry.fieldsV1['f:spec']['f:claimRef']]);
  expect(owned).toEqual([['m', { 'f:name': {}, 'f:namespace': {} }], ['controller', { 'f:apiVersion': {}, 'f:kind': {}, 'f:uid': {} }]]);
});

test('an apply of a scale that does not say what it is', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect((await api.post('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } })).status).toBe(201);
  const path = '/apis/apps/v1/namespaces/default/deployments/d/scale?fieldManager=m&force=true';
  const { status, body } = await api.patch(path, 'apply', { kind: 'Scale', spec: { replicas: 0 }, metadata: { name: 'd' } });
  expect([status, body.message]).toEqual([400, 'invalid object type: /, Kind=Scale']);
  expect((await api.patch(path, 'apply', { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 2 }, metadata: { name: 'd' } })).body.spec).toEqual({ replicas: 2 });
});

test('an apply of null is one of an empty object', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  const path = '/api/v1/namespaces/default/configmaps/a?fieldManager=m';
  const [empty, nothing] = [await api.patch(path, 'apply', {}), await api.patch(path, 'apply', null)];
  expect([nothing.status, nothing.body.message]).toEqual([400, 'invalid object type: /, Kind=']);
  expect(nothing.body).toEqual(empty.body);
});
