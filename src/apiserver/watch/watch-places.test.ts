// A user's watches are counted: one too many is refused, and an ended one makes room.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const path = '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0';

test('more watches of one user than allowed are refused until one has ended', async () => {
  const store = openMemoryStore(testWorld());
  await using suite = await startTestServer(store, { watchesPerUser: 2 });
  const open = async (): Promise<AbortController> => {
    const abort = new AbortController();
    expect((await suite.transport.request({ method: 'GET', path, signal: abort.signal })).status).toBe(200);
    return abort;
  };
  const first = await open();
  await open();
  const refused = await suite.get(path);
  expect([refused.status, refused.body.reason, refused.headers['retry-after']]).toEqual([429, 'TooManyRequests', '5']);
  expect(refused.body.message).toBe('user "tester" has 2 watches open, the most that --max-watches-per-user allows');
  // Lists and other requests are not what is counted.
  expect((await suite.get('/api/v1/namespaces/default/configmaps')).status).toBe(200);
  first.abort();
  const again = await open();
  again.abort();
});
