// Large requests take many turns of the event loop, and others are answered between these. What is counted is how many
// small requests, one a turn, are answered while a large one is under way: no clock decides.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endOfTurn } from '#base/turn.ts';
import { openMemoryStore, type Store } from '#store';
import { definition, establish, tab } from './crds/crd.case.ts';
import { startTestServer, testWorld, type Answer, type TestServer } from './test-server.case.ts';

const tabs = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
let store: Store;
let api: TestServer;

beforeAll(async () => {
  store = openMemoryStore(testWorld());
  api = await startTestServer(store);
  await api.post(maps, { metadata: { name: 'small' } });
  const item = { type: 'object', properties: { name: { type: 'string', maxLength: 20 }, n: { type: 'integer', default: 3 } } };
  const spec = { type: 'object', properties: { items: { type: 'array', items: item } } };
  await establish(api, definition([{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }]));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await store.close();
});

/** The answer to the large request, and how many small ones were answered before it. */
async function meanwhile(large: Promise<Answer>): Promise<{ answer: Answer; served: number }> {
  let done = false;
  void large.finally(() => (done = true)).catch(() => {});
  let served = 0;
  while (!done) {
    expect((await api.get(`${maps}/small`)).status).toBe(200);
    if (!done) served++;
    await new Promise<void>((resolve) => endOfTurn(resolve));
  }
  return { answer: await large, served };
}

const many = 15_000;
const items = (one: (i: number) => unknown): Record<string, unknown> => ({ items: Array.from({ length: many }, (_, i) => one(i)) });

it('a large custom resource is validated, written and read in many turns', async () => {
  const created = await meanwhile(api.post(tabs, tab('large', items((i) => ({ name: `n${i}`, n: i })))));
  expect(created.answer.status).toBe(201);
  expect(created.served).toBeGreaterThan(20);
  const { metadata } = (await api.get(`${tabs}/large`)).body;
  const changed = await meanwhile(api.put(`${tabs}/large`, { ...tab('large', items((i) => ({ name: `m${i}` }))), metadata }));
  expect([changed.answer.status, changed.answer.body.spec.items[7]]).toEqual([200, { name: 'm7', n: 3 }]);
  expect(changed.served).toBeGreaterThan(20);
});

it('a custom resource with thousands of faults is refused in many turns', async () => {
  const refused = await meanwhile(api.post(tabs, tab('bad', items(() => ({ name: 7, n: 'x' })))));
  expect(refused.answer.status).toBe(422);
  expect(refused.answer.body.message).toContain('spec.items[499].n: Invalid value: "string"');
  expect(refused.served).toBeGreaterThan(20);
});

it('a large object is written as YAML aside', async () => {
  const read = await meanwhile(api.get(`${tabs}/large`, { accept: 'application/yaml' }));
  expect(read.answer.text).toContain(`  - "n": 3\n    name: m${many - 1}\n`);
  expect(read.served).toBeGreaterThan(20);
  const list = await meanwhile(api.get(tabs, { accept: 'application/yaml' }));
  expect(list.answer.text).toContain(`name: m${many - 1}\n`);
  expect(list.served).toBeGreaterThan(20);
});

it('the difference of a refused update is left out where nobody could read it', async () => {
  const env = (count: number, value: string): object => ({ metadata: { name: `env-${count}` }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i', env: Array.from({ length: count }, (_, i) => ({ name: `E${i}`, value })) }] } });
  for (const [count, told] of [[20, '-     "Value": "a",'], [8_000, '(the difference is not shown: both sides have more than 2500 values together)']] as const) {
    expect((await api.post(pods, env(count, 'a'))).status).toBe(201);
    const refused = await api.patch(`${pods}/env-${count}`, 'merge', env(count, 'b'));
    expect([refused.status, refused.body.message.length < 20_000]).toEqual([422, true]);
    expect(refused.body.message).toContain('pod updates may not change fields other than');
    expect(refused.body.message).toContain(told);
  }
});
