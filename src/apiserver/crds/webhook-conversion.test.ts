// Conversion by webhook over REST: objects written at one version and read, listed, selected and watched at another.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { memoryTransport } from '#wire';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';
import { definition, establish } from './crd.case.ts';

type Json = Record<string, unknown>;

const group = '/apis/stable.example.com';
const v1 = `${group}/v1/namespaces/default/crontabs`;
const v2 = `${group}/v2/namespaces/default/crontabs`;
let store: Store;
let api: TestServer;
/** What the webhook does to a converted object before it answers. */
let tamper: (object: Json) => void;
let calls: number;

function convert(object: Json, wanted: string): Json {
  const { hostPort, host, port, ...rest } = object;
  if (wanted.endsWith('/v2')) {
    const [h, p] = String(hostPort).split(':');
    return { ...rest, apiVersion: wanted, host: h, port: p };
  }
  return { ...rest, apiVersion: wanted, hostPort: `${String(host)}:${String(port)}` };
}

beforeEach(async () => {
  store = openMemoryStore(testWorld());
  tamper = () => {};
  calls = 0;
  const webhook = memoryTransport(async (exchange) => {
    calls++;
    const review = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { apiVersion: string; request: { uid: string; desiredAPIVersion: string; objects: Json[] } };
    const convertedObjects = review.request.objects.map((object) => {
      const converted = convert(object, review.request.desiredAPIVersion);
      tamper(converted);
      return converted;
    });
    exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify({ kind: 'ConversionReview', apiVersion: review.apiVersion, response: { uid: review.request.uid, convertedObjects, result: { status: 'Success' } } }));
  }, { user: 'webhook', groups: [] });
  api = await startTestServer(store, { connect: () => webhook });
  const schema = (names: string[]) => ({ openAPIV3Schema: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) } });
  await establish(api, definition([
    { name: 'v1', served: true, storage: true, schema: schema(['hostPort']), selectableFields: [{ jsonPath: '.hostPort' }] },
    { name: 'v2', served: true, storage: false, schema: schema(['host', 'port']), selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] },
  ], { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1', 'v1beta1'], clientConfig: { url: 'https://webhook.example.com/convert' } } } }));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

const one = (name: string, apiVersion: string, more: Json): Json => ({ apiVersion: `stable.example.com/${apiVersion}`, kind: 'CronTab', metadata: { name }, ...more });

it('happens on the way in and out, in batches, with selectors of each version', async () => {
  const made = await api.post(v2, one('a', 'v2', { host: 'h1', port: '80' }));
  expect([made.status, made.body.apiVersion, made.body.host, made.body.port]).toEqual([201, 'stable.example.com/v2', 'h1', '80']);
  const stored = JSON.parse(Buffer.from((await store.range({ start: '/registry/stable.example.com/crontabs/default/a' })).kvs[0]?.value ?? []).toString()) as Json;
  expect(stored).toMatchObject({ apiVersion: 'stable.example.com/v1', hostPort: 'h1:80' });
  await api.post(v1, one('b', 'v1', { hostPort: 'h2:81' }));
  expect((await api.get(`${v1}/a`)).body).toMatchObject({ hostPort: 'h1:80' });
  expect((await api.get(`${v2}?fieldSelector=host%3Dh2`)).body.items.map((item: Json) => item['port'])).toEqual(['81']);
  expect((await api.get(`${v1}?fieldSelector=hostPort%3Dh1:80`)).body.items).toHaveLength(1);
  const { resourceVersion } = (await api.get(v2)).body.metadata;
  const watching = watchEvents(api, `${v2}?watch=1&resourceVersion=${resourceVersion}&fieldSelector=host%3Dh1`, 2);
  await api.patch(`${v1}/a`, 'merge', { hostPort: 'h1:8080' });
  const read = (await api.get(`${v2}/a`)).body;
  expect((await api.put(`${v2}/a`, { ...read, host: 'h3' })).status).toBe(200);
  expect((await watching).map(({ type, object }) => [type, object.host, object.port])).toEqual([['MODIFIED', 'h1', '8080'], ['DELETED', 'h1', '8080']]);
  const before = calls;
  await api.get(v2);
  expect(calls).toBe(before);
});

it('may change labels and annotations alone, and tells what else it changed', async () => {
  await api.post(v1, one('a', 'v1', { hostPort: 'h:1' }));
  tamper = (object) => Object.assign(object, { metadata: { ...(object['metadata'] as Json), labels: { converted: 'yes' }, generation: 99 } });
  expect((await api.get(`${v2}/a`)).body.metadata).toMatchObject({ labels: { converted: 'yes' }, generation: 1 });
  await api.post(v1, one('b', 'v1', { hostPort: 'h:2' }));
  tamper = (object) => Object.assign(object, { metadata: { ...(object['metadata'] as Json), name: 'other' } });
  await api.post(v1, one('c', 'v1', { hostPort: 'h:3' }));
  const failed = await api.get(v2);
  expect(failed.status).toBe(500);
  expect(failed.body.message).toBe('conversion webhook for stable.example.com/v1, Kind=CronTab returned invalid converted object at index 0: must have the same name: c != other');
  expect((await api.get(`${v1}/c`)).status).toBe(200);
  tamper = () => {};
  expect((await api.get(`${v2}/c`)).body).toMatchObject({ host: 'h', port: '3' });
});

it('fails, when the webhook does, what needs it and nothing else', async () => {
  await api.post(v1, one('a', 'v1', { hostPort: 'h:1' }));
  const other = { ...one('old', 'v2', { host: 'h', port: '2' }), metadata: { name: 'old', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 } };
  tamper = () => {
    throw new Error('down');
  };
  await store.commit({ conditions: [], writes: [{ put: '/registry/stable.example.com/crontabs/default/old', value: Buffer.from(JSON.stringify(other)) }] });
  expect((await api.get(v1)).status).toBe(500);
  expect((await api.post(v1, one('b', 'v1', { hostPort: 'h:3' }))).body).toMatchObject({ hostPort: 'h:3' });
  expect((await api.post(`${v1}?dryRun=All`, one('old', 'v1', {}))).status).toBe(409);
  expect((await api.get(`${v1}/a`)).body).toMatchObject({ hostPort: 'h:1' });
  const changed = await api.patch(`${v1}/a`, 'merge', { hostPort: 'h:4' });
  expect([changed.status, changed.body.hostPort]).toEqual([200, 'h:4']);
  expect((await api.get(`${v1}/a`)).body).toMatchObject({ hostPort: 'h:4' });
  expect((await api.put(`${v1}/a`, { ...changed.body, hostPort: 'h:5' })).status).toBe(200);
  expect((await api.get(`${v2}/old`)).body).toMatchObject({ host: 'h', port: '2' });
  for (const path of [`${v1}/old`, `${v2}/a`]) {
    expect((await api.get(path)).status).toBe(500);
    expect((await api.patch(path, 'merge', { metadata: { labels: { a: 'b' } } })).status).toBe(500);
    expect((await api.del(path)).status).toBe(500);
  }
  expect((await api.post(v2, one('c', 'v2', {}))).status).toBe(500);
  expect((await api.del(`${v1}/a`)).status).toBe(200);
  expect((await api.get(`${v1}/a`)).status).toBe(404);
  tamper = () => {};
  expect((await api.get(`${v1}/old`)).body).toMatchObject({ hostPort: 'h:2' });
  expect((await api.get(v1)).body.items.map(({ metadata }: { metadata: Json }) => metadata['name'])).toEqual(['b', 'old']);
});
