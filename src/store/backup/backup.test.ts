// Backups: what they promise while writing goes on, when they are damaged, when the disk is full and when they are killed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { randomInt, seededRandom } from '#base/random.ts';
import { realWorld } from '#base/world.ts';
import { finishSwap, openBackup, openEmbeddedImage, openEmbeddedStore, swapIn, writeBackup, writeEmbeddedStore, CompactedError, type KeyValue, type Store } from '../index.ts';
import { put, record, remove } from '../store.case.ts';

const world = { ...realWorld('backup-test'), log: silentLog };
const root = mkdtempSync(join(tmpdir(), 'skiff-backup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const about = { cluster: 'c', createdAt: '2026-01-01T00:00:00Z', source: 'embedded' };
const silent = (): void => {};
const everything = async (store: Store, revision?: number): Promise<readonly KeyValue[]> =>
  (await store.range({ start: '/', end: '0', ...(revision === undefined ? {} : { revision }) })).kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value) }));

test('a backup taken while 10,000 objects are written and changed is the state of one revision', async () => {
  const seed = randomInt(world.random, 2 ** 31);
  const random = seededRandom(seed);
  const directory = join(root, 'busy');
  const store = await openEmbeddedStore(world, { directory });
  const watch = record(store, { start: '/', end: '0', fromRevision: 1 });
  const lease = await store.grantLease(600);
  let written = 0;
  let stop = false;
  const writers = Array.from({ length: 16 }, async (_, w) => {
    for (let i = 0; !stop; i++) {
      const key = `/k/${w}-${randomInt(random, 2_000)}`;
      await (i % 9 === 8 ? remove(store, key) : put(store, key, 'v'.repeat(randomInt(random, 600)), i % 50 === 0 ? lease : undefined));
      written++;
    }
  });
  while (written < 10_000) await sleep(world.clock, 5);
  const file = join(root, 'busy.backup');
  await writeBackup(file, openEmbeddedImage(directory), about, [], silent);
  stop = true;
  await Promise.all(writers);
  const backup = await openBackup(file);
  const { revision } = backup.facts;
  expect(revision, `seed ${seed}`).toBeLessThanOrEqual((await store.status()).revision);
  const want = await everything(store, revision);
  const restored = join(root, 'busy-restored');
  await writeEmbeddedStore(restored, backup.image(), { progress: silent });
  const second = await openEmbeddedStore(world, { directory: restored });
  expect((await second.status()).revision, `seed ${seed}`).toBe(revision);
  expect(await everything(second), `seed ${seed}`).toEqual(want);
  expect(second.lease(lease)?.ttlSeconds).toBe(600);
  // The past came along: a watch from the beginning sees what the one on the source saw.
  const again = record(second, { start: '/', end: '0', fromRevision: 1 });
  const seen = watch.events.filter((event) => event.kv.modRevision <= revision).map((event) => `${event.type} ${event.key} ${event.kv.modRevision}`);
  await again.until(() => again.events.length >= seen.length);
  expect(again.events.map((event) => `${event.type} ${event.key} ${event.kv.modRevision}`), `seed ${seed}`).toEqual(seen);
  await store.close();
  await second.close();
});

async function smallBackup(name: string): Promise<string> {
  const directory = join(root, `${name}-store`);
  const store = await openEmbeddedStore(world, { directory });
  for (let i = 0; i < 200; i++) await put(store, `/k/${i}`, 'x'.repeat(500));
  await store.close();
  const file = join(root, `${name}.backup`);
  await writeBackup(file, openEmbeddedImage(directory), about, [{ path: 'ca.key', mode: 0o600, bytes: Buffer.from('key') }], silent);
  return file;
}

test('restored under a higher revision: watches from before are told, what is written next is newer', async () => {
  const backup = await openBackup(await smallBackup('bumped'));
  const directory = join(root, 'bumped');
  await writeEmbeddedStore(directory, backup.image(), { revision: 5_000, progress: silent });
  const store = await openEmbeddedStore(world, { directory });
  const old = record(store, { start: '/', end: '0', fromRevision: 300 });
  await old.until(() => old.ended !== undefined);
  expect(old.ended).toBeInstanceOf(CompactedError);
  expect((await everything(store)).length).toBe(200);
  expect((await put(store, '/k/0', 'new')).revision).toBe(5_001);
  await store.compact(5_001);
  expect((await everything(store)).length).toBe(200);
  await store.close();
});

describe('a file that is not whole', () => {
  test.each([
    ['truncated', (file: string) => truncateSync(file, readFileSync(file).length - 10), 'is truncated: its end is missing'],
    ['cut in half', (file: string) => truncateSync(file, readFileSync(file).length >> 1), 'is truncated: its end is missing'],
    ['empty', (file: string) => truncateSync(file, 0), 'is not a backup made by skiff backup'],
    ['changed', (file: string) => {
      const bytes = readFileSync(file);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    }, 'is damaged: its checksum does not fit its content'],
    ['too new', (file: string) => {
      const bytes = readFileSync(file);
      bytes.writeUInt32LE(7, 8);
      writeFileSync(file, bytes);
    }, 'has format 7, which is newer than this skiff can read (1)'],
  ] as const)('%s', async (name, spoil, text) => {
    const file = await smallBackup(name.replaceAll(' ', '-'));
    spoil(file);
    await expect(openBackup(file)).rejects.toThrow(text);
  });
});

test('files travel along', async () => {
  const { files } = await openBackup(await smallBackup('files'));
  expect(files.map(({ path, mode, bytes }) => [path, mode, bytes.toString()])).toEqual([['ca.key', 0o600, 'key']]);
});

test('a full disk: no file is left under the name, the store goes on', async (context) => {
  const disk = join(root, 'small');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'pipe' });
  } catch {
    return context.skip('a small tmpfs cannot be mounted here (root is needed)');
  }
  try {
    const directory = join(root, 'full-store');
    const store = await openEmbeddedStore(world, { directory });
    for (let i = 0; i < 400; i++) await store.commit({ conditions: [], writes: [{ put: `/k/${i}`, value: world.random.bytes(50_000) }] });
    await expect(writeBackup(join(disk, 'x.backup'), openEmbeddedImage(directory), about, [], silent)).rejects.toThrow('ENOSPC');
    expect(readdirSync(disk)).toEqual([]);
    await put(store, '/k/0', '1');
    const file = join(root, 'full.backup');
    await writeBackup(file, openEmbeddedImage(directory), about, [], silent);
    await expect(openBackup(file).then((backup) => writeEmbeddedStore(join(disk, 'restored'), backup.image(), { progress: silent }))).rejects.toThrow('no space left');
    await store.close();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

test('the swap of a restore is finished by whoever comes next, from wherever it stopped', () => {
  const swaps = [{ fresh: 'store.new', target: 'store', kept: 'store.old' }];
  for (const stop of ['before', 'between', 'after']) {
    const state = join(root, `swap-${stop}`);
    mkdirSync(join(state, 'store.new'), { recursive: true });
    writeFileSync(join(state, 'store.new/who'), 'new');
    mkdirSync(join(state, 'store'));
    writeFileSync(join(state, 'store/who'), 'old');
    if (stop === 'after') swapIn(state, swaps);
    writeFileSync(join(state, 'restore-plan.json'), JSON.stringify(swaps));
    if (stop === 'between') execFileSync('mv', [join(state, 'store'), join(state, 'store.old')]);
    finishSwap(state);
    expect([readFileSync(join(state, 'store/who'), 'utf8'), readFileSync(join(state, 'store.old/who'), 'utf8'), existsSync(join(state, 'restore-plan.json'))], stop).toEqual(['new', 'old', false]);
    finishSwap(state);
  }
});

test('kill -9 during backups leaves no file under the name that is not whole', async () => {
  const directory = join(root, 'killed-store');
  const store = await openEmbeddedStore(world, { directory });
  for (let i = 0; i < 100; i++) await store.commit({ conditions: [], writes: Array.from({ length: 20 }, (_, j) => ({ put: `/k/${i}-${j}`, value: world.random.bytes(2_000) })) });
  const program = fileURLToPath(new URL('./killed-backup.case.ts', import.meta.url));
  const file = join(root, 'killed.backup');
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, [program, directory, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await sleep(world.clock, randomInt(world.random, 60));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    if (existsSync(file)) expect((await openBackup(file)).facts.revision).toBe((await store.status()).revision);
    await put(store, '/k/after', String(round));
    rmSync(file, { force: true });
  }
  await writeBackup(file, openEmbeddedImage(directory), about, [], silent);
  expect((await openBackup(file)).facts.revision).toBe((await store.status()).revision);
  await store.close();
});
