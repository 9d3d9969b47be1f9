// How long a request may take when somebody else is asked on its behalf and never answers; how long a watch lasts that
// names no end; and what is told with every answer.
import { expect, test } from 'vitest';
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
