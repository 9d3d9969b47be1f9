// CBOR over REST, behind its feature gate: objects, lists, watches, refusals, apply, custom resources.
import { encode } from 'cborg';
import { atOnce, decodingAnyCbor } from '#machinery';
import { openMemoryStore } from '#store';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestServer, testWorld, type TestServer } from './test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const limits = { maxDepth: 1000, maxValues: 1e6 };

interface Read {
  readonly status: number;
  readonly type: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks wherever it likes
  readonly body: any;
}

let suite: TestServer;
let plain: TestServer;
beforeAll(async () => {
  suite = await startTestServer(openMemoryStore(testWorld()), { cbor: true });
  plain = await startTestServer(openMemoryStore(testWorld()));
});
afterAll(async () => {
  await suite[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Read> {
  const sent = body === undefined ? {} : { body: encode(body) };
  const response = await suite.transport.request({ method, path, headers: { 'content-type': 'application/cbor', accept: 'application/cbor', 'user-agent': 'suite/1', ...headers }, ...sent });
  const bytes = Buffer.from(await response.bytes());
  const type = response.headers['content-type'];
  const isCbor = type === 'application/cbor';
  return { status: response.status, type, body: isCbor ? atOnce(decodingAnyCbor(bytes, limits)) : type === 'application/json' ? JSON.parse(bytes.toString()) : bytes };
}

const map = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });

describe('with the gate', () => {
  test('create, get, list, delete', async () => {
    const made = await ask('POST', maps, map('one', { data: { a: 'ä' }, binaryData: { b: new Uint8Array(Buffer.from('AQI=')) } }));
    expect(made).toMatchObject({ status: 201, type: 'application/cbor', body: { kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'ä' }, binaryData: { b: 'AQI=' } } });
    expect((await suite.get(`${maps}/one`)).body).toMatchObject({ data: { a: 'ä' }, binaryData: { b: 'AQI=' } });
    expect((await ask('GET', `${maps}/one`)).body).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default' } });
    expect((await ask('GET', maps)).body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [{ metadata: { name: 'one' } }] });
    expect((await ask('GET', maps)).body.items[0]).not.toHaveProperty('kind');
    const metadata = await ask('GET', maps, undefined, { accept: 'application/cbor;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' });
    expect(metadata.body).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'one' } }] });
    expect((await ask('DELETE', `${maps}/one`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' })).body).toMatchObject({ kind: 'Status', status: 'Success' });
    expect(await ask('GET', `${maps}/one`)).toMatchObject({ status: 404, type: 'application/cbor', body: { reason: 'NotFound', message: 'configmaps "one" not found' } });
  });

  test('watch: a sequence of events, each with its magic', async () => {
    await ask('POST', maps, map('seen'));
    const read = await ask('GET', `${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dseen`);
    expect(read.type).toBe('application/cbor-seq');
    expect(read.body.subarray(0, 4).toString('hex')).toBe('d9d9f7a2');
    expect(atOnce(decodingAnyCbor(read.body, limits))).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'seen' } } });
  });

  test('apply, and its refusals', async () => {
    const apply = { 'content-type': 'application/apply-patch+cbor' };
    expect(await ask('PATCH', `${maps}/applied?fieldManager=m`, map('applied', { data: { a: 'b' } }), apply)).toMatchObject({ status: 201, body: { data: { a: 'b' }, metadata: { managedFields: [{ operation: 'Apply' }] } } });
    expect((await ask('PATCH', `${maps}/applied?fieldManager=m`, [], apply)).body.message).toBe('error decoding YAML: cbor: cannot unmarshal array into Go value of type map[string]interface {}');
    expect((await suite.call('PATCH', `${maps}/applied?fieldManager=m`, Uint8Array.of(255), apply)).body.message).toBe('error decoding YAML: cbor: unexpected "break" code');
  });

  test('what may be asked for, as the refusals tell it', async () => {
    const told = async (path: string, accept: string): Promise<string> => (await suite.get(path, { accept })).body.message;
    expect(await told('/api/v1/namespaces/default', 'text/x')).toBe('406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor');
    expect(await told('/api/v1/namespaces', 'text/x')).toMatch(/application\/vnd.kubernetes.protobuf;stream=watch, application\/cbor-seq$/);
    expect(await told(maps, 'application/cbor;as=Table;g=meta.k8s.io;v=v1')).toBe('only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor');
    expect((await suite.call('POST', maps, '{}', { 'content-type': 'text/x' })).body.message).toMatch(/accepted media types include: .*, application\/cbor$/);
    expect((await ask('GET', '/apis/apps/v1')).body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' });
    // Groups, and the versions of custom ones, are told in the other encodings alone.
    expect(await ask('GET', '/apis/apps', undefined, { accept: 'application/cbor, application/json' })).toMatchObject({ type: 'application/json', body: { kind: 'APIGroup', name: 'apps' } });
    expect(await ask('GET', '/apis/apps')).toMatchObject({ status: 406, body: { reason: 'NotAcceptable' } });
  });

  test('custom resources', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'tabs.example.com' },
      spec: {
        group: 'example.com', scope: 'Namespaced', names: { plural: 'tabs', kind: 'Tab' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' }, ratio: { type: 'number' }, note: { type: 'string' } } } } } } }],
      },
    };
    expect((await suite.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)).status).toBe(201);
    const tabs = '/apis/example.com/v1/namespaces/default/tabs';
    await vi.waitFor(async () => expect((await suite.get(tabs)).status).toBe(200));
    const made = await ask('POST', tabs, { apiVersion: 'example.com/v1', kind: 'Tab', metadata: { name: 't' }, spec: { size: 3, ratio: 1.5, note: 'n', more: 1 } });
    expect(made).toMatchObject({ status: 201, type: 'application/cbor', body: { kind: 'Tab', spec: { size: 3, ratio: 1.5, note: 'n' } } });
    expect(made.body.spec).not.toHaveProperty('more');
    expect(await ask('GET', '/apis/example.com/v1', undefined, { accept: 'application/cbor, application/json' })).toMatchObject({ type: 'application/json', body: { groupVersion: 'example.com/v1' } });
    expect((await ask('GET', tabs)).body).toMatchObject({ kind: 'TabList', items: [{ kind: 'Tab', metadata: { name: 't' } }] });
    expect((await ask('POST', tabs, { metadata: { name: 't' } })).body.message).toBe(`the object provided is unrecognized (must be of type Tab): Object 'Kind' is missing in '{"metadata": {"name": "t"}}' (${Buffer.from(encode({ metadata: { name: 't' } })).toString('hex')})`);
  });
});

test('without the gate there is no CBOR', async () => {
  expect((await plain.get('/api/v1/namespaces/default', { accept: 'application/cbor' })).status).toBe(406);
  expect((await plain.call('POST', maps, encode(map('x')), { 'content-type': 'application/cbor' })).status).toBe(415);
  expect((await plain.call('PATCH', `${maps}/x?fieldManager=m`, encode(map('x')), { 'content-type': 'application/apply-patch+cbor' })).status).toBe(415);
  expect((await plain.get('/apis/apps/v1', { accept: 'application/cbor' })).body).toMatchObject({ code: 406, message: 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf' });
});
