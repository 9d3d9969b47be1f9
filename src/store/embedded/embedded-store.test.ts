// The embedded engine: the contract, takeover, snapshots and compaction on a real disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { realWorld } from '#base/world.ts';
import { startCompactor } from '../compactor.ts';
import { prefixEnd, StoreUnavailableError } from '../contract.ts';
import { get, put, record, remove, storeCases, text } from '../store.case.ts';
import { manualWorld } from '../testing-clock.ts';
import { openEmbeddedStore } from './embedded-store.ts';

const world = { ...realWorld('store-test'), log: silentLog };
const root = mkdtempSync(join(tmpdir(), 'skiff-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
const directory = (): string => join(root, `store-${++directories}`);

storeCases('embedded', async () => {
  const config = { directory: directory() };
  let store = await openEmbeddedStore(world, config);
  return {
    store,
    async restart() {
      await store.close();
      store = await openEmbeddedStore(world, config);
      return store;
    },
    pass: (ms) => sleep(world.clock, ms),
    close: () => store.close(),
  };
});

describe('the embedded store', () => {
  test('whoever opens the directory last is the only writer', async () => {
    const config = { directory: directory() };
    const first = await openEmbeddedStore(world, config);
    await put(first, '/a', '1');
    const second = await openEmbeddedStore(world, config);
    await expect(put(first, '/a', 'from the one that was replaced')).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await put(second, '/a', '2')).succeeded).toBe(true);
    expect(text(await get(second, '/a'))).toBe('2');
    await first.close();
    await second.close();
  });

  test('a snapshot is one moment of a store that is being written to', async () => {
    const store = await openEmbeddedStore(world, { directory: directory() });
    let stop = false;
    const writing = (async () => {
      for (let i = 0; !stop; i++) {
        await store.commit({ conditions: [], writes: [{ put: `/x/${i}`, value: Buffer.alloc(500) }, { put: `/y/${i}`, value: Buffer.alloc(500) }] });
      }
    })();
    await put(store, '/before', '1');
    const target = directory();
    await store.snapshot(target);
    stop = true;
    await writing;
    const copy = await openEmbeddedStore(world, { directory: target });
    expect(text(await get(copy, '/before'))).toBe('1');
    const [x, y] = await Promise.all(['/x/', '/y/'].map((start) => copy.range({ start, end: prefixEnd(start), keysOnly: true })));
    expect(x?.kvs.map((kv) => kv.key.slice(3))).toEqual(y?.kvs.map((kv) => kv.key.slice(3)));
    await copy.close();
    await store.close();
  });

  test('compaction frees what history took, and the file stops growing', async () => {
    const store = await openEmbeddedStore(world, { directory: directory() });
    const value = 'x'.repeat(1_000);
    const round = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, (_, k) => put(store, `/k${k}`, value + i)));
      for (let k = 0; k < 50; k++) await remove(store, `/k${k}`);
      await store.compact((await store.status()).revision);
    };
    await round();
    await round();
    const { sizeBytes } = await store.status();
    for (let i = 0; i < 4; i++) await round();
    expect((await store.status()).sizeBytes).toBeLessThan(sizeBytes * 1.5);
    expect((await store.range({ start: '/', end: '0', countOnly: true })).count).toBe(50);
    await store.close();
  });
});

test('the compactor keeps what is young', async () => {
  const manual = manualWorld(5);
  const store = await openEmbeddedStore({ ...world, clock: manual.clock }, { directory: directory() });
  const ended: number[] = [];
  const settled = async (): Promise<void> => {
    for (const before = ended.length; ended.length === before; ) await sleep(world.clock, 1);
  };
  const observed = { ...store, status: async () => store.status().finally(() => ended.push(1)) };
  const old = (await put(store, '/a', '1')).revision;
  const stop = startCompactor(observed, manual, { intervalMs: 60_000, keepMs: 60_000 });
  await settled();
  const young = (await put(store, '/a', '2')).revision;
  void manual.pass(60_000);
  await settled();
  for (let i = 0; i < 2_000 && (await store.status()).compactedRevision === 0; i++) await sleep(world.clock, 1);
  expect((await store.status()).compactedRevision).toBe(old);
  expect(text(await get(store, '/a', young))).toBe('2');
  expect(record(store, { start: '/a', fromRevision: young }).ended).toBeUndefined();
  stop();
  await store.close();
});
