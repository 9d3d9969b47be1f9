// The memory engine: the contract, and the promises of the disk it simulates.
import { describe, expect, test } from 'vitest';
import { randomInt, seededRandom } from '#base/random.ts';
import { NoSpaceError, prefixEnd, StoreUnavailableError, type TxnResult } from '../contract.ts';
import { bytes, get, put, record, storeCases, text } from '../store.case.ts';
import { manualWorld } from '../testing-clock.ts';
import { createMemoryDisk } from './disk.ts';
import { openMemoryStore } from './memory-store.ts';

storeCases('memory', async () => {
  const world = manualWorld(1);
  const disk = createMemoryDisk(world.random);
  let store = openMemoryStore(world, { disk });
  return {
    store,
    async restart() {
      await store.close();
      store = openMemoryStore(world, { disk });
      return store;
    },
    pass: (ms) => world.pass(ms),
    close: () => store.close(),
  };
});

describe('a disk that fails', () => {
  test('no acknowledged write is lost and nothing is half applied, wherever the power fails', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const world = manualWorld(seed);
      const random = seededRandom(seed);
      const disk = createMemoryDisk(random);
      const acknowledged = new Map<string, number>();
      let highest = 1;
      for (let life = 0; life < 4; life++) {
        const store = openMemoryStore(world, { disk, syncMs: 3 });
        const { revision } = await store.status();
        expect(revision, `seed ${seed}`).toBeGreaterThanOrEqual(highest);
        const pending: Promise<TxnResult | undefined>[] = [];
        for (let i = 0; i < 40; i++) {
          const id = `${life}-${i}`;
          const outcome = store
            .commit({ conditions: [], writes: [{ put: `/x/${id}`, value: bytes(id) }, { put: `/y/${id}`, value: bytes(id) }] })
            .then((result) => {
              acknowledged.set(id, result.revision);
              highest = Math.max(highest, result.revision);
              return result;
            }, () => undefined);
          pending.push(outcome);
          if (random.next() < 0.5) await world.pass(randomInt(random, 4));
        }
        await store.crash({ tear: random.next() < 0.7 });
        await Promise.all(pending);
      }
      const store = openMemoryStore(world, { disk });
      for (const [id, revision] of acknowledged) {
        for (const half of ['x', 'y']) expect(await get(store, `/${half}/${id}`), `seed ${seed}`).toMatchObject({ modRevision: revision });
      }
      const halves = await Promise.all(['/x/', '/y/'].map((start) => store.range({ start, end: prefixEnd(start) })));
      expect(halves[0]?.kvs.map(text), `seed ${seed}`).toEqual(halves[1]?.kvs.map(text));
    }
  });

  test('a full disk refuses writes, answers reads and recovers', async () => {
    const world = manualWorld(2);
    const disk = createMemoryDisk(world.random);
    const store = openMemoryStore(world, { disk });
    const { revision } = await put(store, '/a', '1');
    const watch = record(store, { start: '/', end: prefixEnd('/') });
    disk.setCapacity(disk.sizeBytes + 10);
    const results = await Promise.allSettled([put(store, '/a', '2'), put(store, '/b', '2')]);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: expect.any(NoSpaceError) });
    expect(text(await get(store, '/a'))).toBe('1');
    expect(await store.status()).toMatchObject({ revision });
    disk.setCapacity(1e9);
    expect((await put(store, '/a', '3')).revision).toBe(revision + 1);
    expect(watch.events.map((event) => text(event.kv))).toEqual(['3']);
  });

  test('a failed sync stops writes until the store is opened again', async () => {
    const world = manualWorld(3);
    const disk = createMemoryDisk(world.random);
    const store = openMemoryStore(world, { disk });
    await put(store, '/a', '1');
    disk.failNext('sync', new Error('input/output error'));
    await expect(put(store, '/a', '2')).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(put(store, '/a', '3')).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(text(await get(store, '/a'))).toBe('1');
    await store.close();
    const again = openMemoryStore(world, { disk });
    expect(text(await get(again, '/a'))).toBe('1');
    await put(again, '/a', '4');
  });

  test('damage in the middle of the file is found, not skipped', async () => {
    const world = manualWorld(4);
    const disk = createMemoryDisk(world.random);
    const store = openMemoryStore(world, { disk });
    for (let i = 0; i < 5; i++) await put(store, `/k${i}`, 'x'.repeat(50));
    await store.close();
    disk.corrupt(60);
    expect(() => openMemoryStore(world, { disk })).toThrow('damaged');
  });
});
