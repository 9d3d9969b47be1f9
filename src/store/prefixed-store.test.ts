// A store under another prefix keeps the whole contract, and keeps out of what lies beside it.
import { expect, test } from 'vitest';
import { openMemoryStore } from './memory/memory-store.ts';
import { createMemoryDisk } from './memory/disk.ts';
import { prefixedStore } from './prefixed-store.ts';
import { bytes, get, put, storeCases, text } from './store.case.ts';
import { manualWorld } from './testing-clock.ts';

storeCases('under a prefix', async () => {
  const world = manualWorld(1);
  const disk = createMemoryDisk(world.random);
  let store = openMemoryStore(world, { disk });
  return {
    store: prefixedStore(store, '/', '/other/'),
    async restart() {
      await store.close();
      store = openMemoryStore(world, { disk });
      return prefixedStore(store, '/', '/other/');
    },
    pass: (ms) => world.pass(ms),
    close: () => store.close(),
  };
});

test('keys lie under the other prefix, and neighbours are not seen', async () => {
  const store = openMemoryStore(manualWorld(2));
  const seen = prefixedStore(store, '/registry/', '/other/place/');
  await put(store, '/registry/a', 'neighbour');
  await put(seen, '/registry/b', 'own');
  const { kvs } = await seen.range({ start: '/registry/', end: '/registry0' });
  expect(kvs.map((kv) => [kv.key, text(kv)])).toEqual([['/registry/b', 'own']]);
  expect((await get(store, '/other/place/b'))?.value.toString()).toBe(bytes('own').toString());
  await expect(seen.range({ start: '/elsewhere' })).rejects.toThrow('not under /registry/');
});
