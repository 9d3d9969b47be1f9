// Large writes share the event loop: between their steps others have their turns. Counted, not timed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMemoryStore, type MemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

let store: MemoryStore;
let suite: TestServer;

beforeAll(async () => {
  store = openMemoryStore(testWorld());
  suite = await startTestServer(store, { cbor: true });
});
afterAll(async () => {
  await suite[Symbol.asyncDispose]();
  await store.close();
});

function largeMap(name: string, value: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, value])) };
}

/** How often others had their turn while the work went on. */
async function turnsDuring(work: () => Promise<{ readonly status: number }>, status: number): Promise<number> {
  let turns = 0;
  let going = true;
  const count = (): void => {
    turns++;
    if (going) setImmediate(count);
  };
  setImmediate(count);
  const answer = await work();
  going = false;
  expect(answer.status).toBe(status);
  return turns;
}

test('creating, replacing, patching and applying large objects gives way between the steps', async () => {
  const few = await turnsDuring(() => suite.post(maps, { metadata: { name: 'small' }, data: { a: '1' } }), 201);
  const least = few + 8;
  expect(await turnsDuring(() => suite.post(maps, largeMap('large', 'a value')), 201)).toBeGreaterThan(least);
  expect(await turnsDuring(() => suite.put(`${maps}/large`, largeMap('large', 'another')), 200)).toBeGreaterThan(least);
  expect(await turnsDuring(() => suite.patch(`${maps}/large`, 'merge', { data: { more: '1' } }), 200)).toBeGreaterThan(least);
  expect(await turnsDuring(() => suite.patch(`${maps}/applied?fieldManager=me`, 'apply', largeMap('applied', 'a value')), 201)).toBeGreaterThan(least);
  expect(await turnsDuring(() => suite.patch(`${maps}/applied?fieldManager=me`, 'apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { a: '1' } }), 200)).toBeGreaterThan(least);
});

test('patching a scale with much beside it gives way', async () => {
  const controllers = '/api/v1/namespaces/default/replicationcontrollers';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect((await suite.post(controllers, { metadata: { name: 'rc' }, spec: { replicas: 0, selector: { a: 'b' }, template } })).status).toBe(201);
  const few = await turnsDuring(() => suite.patch(`${controllers}/rc/scale`, 'strategic', { spec: { replicas: 1 } }), 200);
  const foo = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, i]));
  expect(await turnsDuring(() => suite.patch(`${controllers}/rc/scale`, 'strategic', { spec: { replicas: 2 }, metadata: { labels: { a: 'b' } }, status: foo }), 200)).toBeGreaterThan(few + 6);
});
