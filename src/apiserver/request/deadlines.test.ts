// How long a request may take when somebody else is asked on its behalf and never answers.
import { expect, test } from 'vitest';
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
