// How long a request may take when somebody else is asked on its behalf and never answers; how long a watch lasts that
// names no end; and what is told with every answer.
import { expect, test, vi } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { openMemoryStore } from '#store';
import { openSecurity, startTestServer, testWorld } from '../test-server.case.ts';

test('an authorizer that never answers costs the time of the request, no more', async () => {
  const security = openSecurity();
  await using api = await startTestServer(openMemoryStore(testWorld()), {
    security: () => ({ ...security, authorizer: { ...security.authorizer, authorize: (asked) => (asked.resource === 'configmaps' && asked.user.name === 'tester' ? new Promise(() => undefined) : security.authorizer.authorize(asked)) } }),
  });
  const late = await api.get('/api/v1/namespaces/default/configmaps?timeout=200ms');
  expect([late.status, JSON.parse(late.text)]).toMatchObject([504, { reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' }]);
});

test('nor do authenticators and admission plugins that forget their request', async () => {
  const security = openSecurity();
  const world = testWorld();
  const late = Promise.withResolvers<void>();
  const [loopback] = security.authenticators;
  await using api = await startTestServer(openMemoryStore(testWorld()), {
    security: () => ({
      ...security,
      authenticators: [{ name: 'slow', authenticate: async (exchange, info) => (exchange.headers['x-slow'] === undefined ? loopback?.authenticate(exchange, info) : late.promise.then(() => undefined)) }],
      admission: [{ name: 'slow', handles: (_operation, { plural }) => plural === 'configmaps', mutate: ({ name }) => (name === 'slow' ? late.promise : undefined) }],
    }),
  }, world);
  const maps = '/api/v1/namespaces/default/configmaps';
  const [unknown, written] = await Promise.all([
    api.get(`${maps}?timeout=200ms`, { 'x-slow': '1' }),
    api.post(`${maps}?timeout=200ms`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'slow' } }),
  ]);
  for (const { status, text } of [unknown, written]) expect([status, JSON.parse(text)]).toMatchObject([504, { reason: 'Timeout' }]);
  late.resolve();
  expect((await api.get(maps)).status).toBe(200);
  // It is counted when its work is done, as what was answered.
  await vi.waitFor(async () => {
    const lines = (await api.get('/metrics')).text.split('\n').filter((line) => line.startsWith('apiserver_request_total{') && line.includes('resource="configmaps"') && line.includes('"POST"'));
    expect(lines).toEqual([expect.stringMatching(/^apiserver_request_total\{code="504",.* 1$/)]);
  });
});

test('watches that name no end last as long as the server is told; no seconds are no end', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), { minWatchSeconds: 1 });
  const watch = '/api/v1/namespaces/default/configmaps?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan';
  const began = systemClock.monotonic();
  const [one, other] = await Promise.all([api.get(watch), api.get(`${watch}&timeoutSeconds=0`)]);
  expect([one.status, other.status, systemClock.monotonic() - began >= 990]).toEqual([200, 200, true]);
});

test('HTTPS is demanded of browsers with every answer, streams included', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), { strictTransportSecurity: ['max-age=31536000', 'preload'], minWatchSeconds: 1 });
  const told = async (path: string): Promise<unknown> => (await api.get(path)).headers['strict-transport-security'];
  expect([await told('/version'), await told('/api/v1/nodes/none'), await told('/api/v1/nodes?watch=1')]).toEqual(Array(3).fill('max-age=31536000; preload'));
});
