// Fan-out, slow readers and the end of watches, over whole requests.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOfTurn } from '#base/turn.ts';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

describe('watch hub', () => {
  let store: Store;
  let api: TestServer;

  beforeEach(async () => {
    store = openMemoryStore(testWorld());
    api = await startTestServer(store);
  });
  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await store.close();
  });

  it('gives every one of many watchers every event, in order', async () => {
    const { resourceVersion } = (await api.get(maps)).body.metadata;
    const watching = Array.from({ length: 50 }, () => watchEvents(api, `${maps}?watch=1&resourceVersion=${resourceVersion}`, 20));
    await Promise.all(Array.from({ length: 20 }, (_, i) => api.post(maps, { metadata: { name: `m${i}` } })));
    const all = await Promise.all(watching);
    const versions = all.map((events) => events.slice(0, 20).map((e) => Number(e.object.metadata.resourceVersion)));
    expect(versions[0]).toEqual([...(versions[0] ?? [])].sort((a, b) => a - b));
    for (const seen of versions) expect(seen).toEqual(versions[0]);
  });

  it('cuts off who reads too slowly, and nobody else', async () => {
    await api.post(maps, { metadata: { name: 'big' } });
    const { resourceVersion } = (await api.get(maps)).body.metadata;
    const path = `${maps}?watch=1&resourceVersion=${resourceVersion}`;
    const slow = await api.transport.request({ method: 'GET', path });
    const quick = watchEvents(api, path, 100);
    for (let i = 0; i < 100; i++) {
      await api.patch(`${maps}/big`, 'merge', { data: { a: String(i % 10).repeat(400_000) } });
      await new Promise<void>((resolve) => endOfTurn(resolve));
    }
    expect(await quick).toHaveLength(100);
    let bytes = 0;
    await expect((async () => {
      for await (const chunk of slow.body) bytes += chunk.length;
    })()).rejects.toThrow('the server cut the response');
    expect(bytes).toBeLessThan(20 << 20);
  });

  it('ends all watches properly when the server closes', async () => {
    const watching = watchEvents(api, `${maps}?watch=1&resourceVersion=0`, 1000);
    await api.get(maps);
    await api.server.close();
    expect(await watching).toEqual([]);
  });
});
