// A store that falls away while it commits: the write may have happened, and the client is told just that.
import { expect, test } from 'vitest';
import { openMemoryStore, StoreUnavailableError, type Store } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('a conditional update whose reply is lost is a server error, not a conflict with itself', async () => {
  const inner = openMemoryStore(testWorld());
  let lose = false;
  const store: Store = {
    synchronousWatch: false,
    range: (query, signal) => inner.range(query, signal),
    async commit(txn, signal) {
      const result = await inner.commit(txn, signal);
      if (!lose) return result;
      lose = false;
      throw new StoreUnavailableError('the line was cut');
    },
    watch: (query, handler) => inner.watch(query, handler),
    compact: (revision) => inner.compact(revision),
    grantLease: (ttlSeconds) => inner.grantLease(ttlSeconds),
    renewLease: (id) => inner.renewLease(id),
    revokeLease: (id) => inner.revokeLease(id),
    status: () => inner.status(),
    close: () => inner.close(),
  };
  await using api = await startTestServer(store);
  const made = (await api.post(maps, { metadata: { name: 'a' } })).body;
  lose = true;
  const answer = await api.put(`${maps}/a`, { ...made, data: { x: '1' } });
  expect(answer.status).toBe(500);
  expect(answer.body.message).toContain('the line was cut');
  expect((await api.get(`${maps}/a`)).body.data).toEqual({ x: '1' });
});
