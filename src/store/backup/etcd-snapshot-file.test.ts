// etcd's snapshots as a source: what one holds arrives exactly, and what is damaged is refused by name, wherever it is.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { randomInt, seededRandom } from '#base/random.ts';
import { realWorld } from '#base/world.ts';
import { BackupError, isEtcdSnapshot, openEmbeddedImage, openEmbeddedStore, openEtcdSnapshot, writeEmbeddedStore, writeEtcdSnapshot, type KeyValue } from '../index.ts';
import { put, remove } from '../store.case.ts';

const world = { ...realWorld('snapshot-test'), log: silentLog };
const root = mkdtempSync(join(tmpdir(), 'skiff-snapshot-'));
const file = join(root, 'whole.db');
let want: readonly KeyValue[];
let revision: number;
let lease: string;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const plain = (kvs: readonly KeyValue[]): readonly KeyValue[] => kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value) }));

beforeAll(async () => {
  const directory = join(root, 'source');
  const store = await openEmbeddedStore(world, { directory });
  lease = await store.grantLease(321);
  for (let i = 0; i < 900; i++) await put(store, `/k/${i % 300}`, `value ${i}`, i % 40 === 0 ? lease : undefined);
  await put(store, '/large', 'x'.repeat(300_000));
  for (let i = 0; i < 40; i++) await remove(store, `/k/${i}`);
  await put(store, '/k/7', 'again');
  await remove(store, '/k/299');
  const all = await store.range({ start: '/', end: '0' });
  [want, revision] = [plain(all.kvs), all.revision];
  await store.close();
  await writeEtcdSnapshot(openEmbeddedImage(directory), file);
});

/** A copy to spoil. */
function copy(name: string, change: (bytes: Buffer) => Buffer | void = () => {}): string {
  const bytes = readFileSync(file);
  const path = join(root, name);
  writeFileSync(path, change(bytes) ?? bytes);
  return path;
}

test('every living key comes back under the revisions, version and lease that it had', async () => {
  expect(await isEtcdSnapshot(file)).toBe(true);
  const snapshot = await openEtcdSnapshot(file);
  expect(snapshot.facts).toMatchObject({ revision, leases: [{ id: lease, ttlSeconds: 321 }], source: 'etcd snapshot' });
  const directory = join(root, 'restored');
  await writeEmbeddedStore(directory, snapshot.image(), { progress: () => {} });
  const store = await openEmbeddedStore(world, { directory });
  const all = await store.range({ start: '/', end: '0' });
  expect([plain(all.kvs), all.revision]).toEqual([want, revision]);
  // The last revision was a deletion: nothing that lives tells of it.
  expect(Math.max(...want.map((kv) => kv.modRevision))).toBe(revision - 1);
  await store.close();
});

describe('what is not whole', () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer | void, RegExp | string])[] = [
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 5000), /is truncated: it has \d+ bytes of \d+/],
    ['without its hash', (bytes) => bytes.subarray(0, bytes.length - 32), 'has no hash behind it: either it is the copy of a database, which --skip-hash-check accepts, or its end is missing'],
    ['changed', (bytes) => void (bytes[9000] = (bytes[9000] ?? 0) ^ 1), /is damaged: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}/],
    ['without meta pages', (bytes) => void bytes.fill(1, 40, 60).fill(1, 4096 + 40, 4096 + 60), 'is damaged: neither of its first pages has the checksum'],
  ];
  test.each(damages)('%s', async (name, spoil, text) => {
    const spoiled = copy(name, spoil);
    expect(await isEtcdSnapshot(spoiled)).toBe(true);
    const opened = openEtcdSnapshot(spoiled);
    await expect(opened).rejects.toThrow(BackupError);
    await expect(opened).rejects.toThrow(text);
  });

  test('one good meta page is enough', async () => {
    for (const [name, start] of [['first', 40], ['second', 4096 + 40]] as const) {
      const snapshot = await openEtcdSnapshot(copy(name, (bytes) => void bytes.fill(0, start, start + 20)), { skipHashCheck: true });
      expect(snapshot.facts.revision).toBe(revision);
    }
  });

  test('an empty file and another kind of file are no snapshots', async () => {
    const empty = copy('empty');
    truncateSync(empty, 0);
    expect(await isEtcdSnapshot(empty)).toBe(false);
    writeFileSync(empty, 'SKIFFBK1'.repeat(100));
    expect(await isEtcdSnapshot(empty)).toBe(false);
  });

  test('with the hash not looked at, a spoiled page ends in an error or leaves keys that can be read', async () => {
    const seed = randomInt(world.random, 2 ** 31);
    const random = seededRandom(seed);
    for (let round = 0; round < 150; round++) {
      const path = copy('spoiled', (bytes) => {
        for (let i = randomInt(random, 4); i >= 0; i--) {
          // Mostly into the heads of pages, where what leads elsewhere is.
          const at = randomInt(random, 2) === 0 ? randomInt(random, bytes.length) : randomInt(random, Math.floor(bytes.length / 4096)) * 4096 + randomInt(random, 64);
          bytes[at] = randomInt(random, 256);
        }
      });
      try {
        const snapshot = await openEtcdSnapshot(path, { skipHashCheck: true });
        for await (const records of snapshot.image().records()) for (const one of records) expect(one.key, `seed ${seed}`).toBeTypeOf('string');
      } catch (error) {
        expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(BackupError);
      }
    }
  });
});
