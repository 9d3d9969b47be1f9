// Which form an Accept header gets, and what is said when there is none.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const store = openMemoryStore(testWorld());
let api: TestServer;
const maps = '/api/v1/namespaces/default/configmaps';
const form = (as: string, version = 'v1', encoding = 'json'): string => `application/${encoding};as=${as};g=meta.k8s.io;v=${version}`;

beforeAll(async () => {
  api = await startTestServer(store);
  await api.post(maps, { metadata: { name: 'a' }, data: { k: 'v' } });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

test.each([
  [`${maps}/a`, 'text/html', '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  [maps, 'text/html', '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'],
  [`${maps}/a`, form('Table', 'v2'), 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  [`${maps}/a`, form('Table', 'v1', 'vnd.kubernetes.protobuf'), 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'],
  [maps, form('PartialObjectMetadata'), 'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)'],
  [`${maps}/a`, form('PartialObjectMetadataList'), 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)'],
])('%s as %s is not acceptable', async (path, accept, message) => {
  const answer = await api.get(path, { accept });
  expect([answer.status, answer.headers['content-type'], answer.body.reason, answer.body.message]).toEqual([406, 'application/json', 'NotAcceptable', message]);
});

test('a watch in YAML is refused with what streams, whatever else would do', async () => {
  const answer = await api.get(`${maps}?watch=1`, { accept: 'application/yaml, application/json' });
  expect([answer.status, answer.headers['content-type']]).toEqual([406, 'application/yaml']);
  expect(answer.text).toContain('only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch');
});

test('the next clause serves what the first cannot', async () => {
  const answer = await api.get(`${maps}/a`, { accept: `${form('Table', 'v1', 'vnd.kubernetes.protobuf')},${form('Table')}` });
  expect([answer.status, answer.body.kind]).toEqual([200, 'Table']);
});

test.each([['PartialObjectMetadata', `${maps}/a`], ['PartialObjectMetadataList', maps], ['Table', `${maps}/a`], ['Table', maps]])('%s speaks both versions of meta.k8s.io', async (kind, path) => {
  for (const version of ['v1', 'v1beta1']) {
    const { body } = await api.get(path, { accept: form(kind, version) });
    const inner = kind === 'Table' ? body.rows[0].object : (body.items?.[0] ?? body);
    expect([body.kind, body.apiVersion, inner.kind, inner.apiVersion]).toEqual([kind, `meta.k8s.io/${version}`, 'PartialObjectMetadata', `meta.k8s.io/${version}`]);
  }
});

test.each([
  [`${maps}?includeObject=Wrong`, 400, 'Unable to convert to Table as requested: includeObject: Invalid value: "Wrong": must be \'Metadata\', \'Object\', \'None\', or empty'],
  [`${maps}?resourceVersion=abc`, 400, 'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'],
  [`${maps}/a?resourceVersion=abc`, 500, 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'],
  ['/apis/apps/v9', 404, 'the server could not find the requested resource'],
])('%s: %i %s', async (path, status, message) => {
  const answer = await api.get(path, { accept: form('Table') });
  expect([answer.status, answer.body.message]).toEqual([status, message]);
});
