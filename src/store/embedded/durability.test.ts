// What the embedded store promises when the process is killed at any moment and when the disk is full.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { randomInt, seededRandom } from '#base/random.ts';
import { realWorld } from '#base/world.ts';
import { NoSpaceError, prefixEnd } from '../contract.ts';
import { get, put, record, text } from '../store.case.ts';
import { openEmbeddedStore } from './embedded-store.ts';

const world = { ...realWorld('durability-test'), log: silentLog };
const root = mkdtempSync(join(tmpdir(), 'skiff-durability-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the writing program until `stopAfter` writes are acknowledged and a random moment more; kills it. */
async function killedRun(directory: string, life: number, stopAfter: number, extraMs: number): Promise<{ opened: number; acknowledged: Map<string, number> }> {
  const program = fileURLToPath(new URL('./killed-writer.case.ts', import.meta.url));
  const child = spawn(process.execPath, [program, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let lines = 0;
  const enough = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      lines += chunk.toString().split('\n').length - 1;
      if (lines > stopAfter) resolve();
    });
    child.once('exit', () => reject(new Error('the writer ended by itself')));
  });
  await enough;
  await sleep(world.clock, extraMs);
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  const acknowledged = new Map<string, number>();
  let opened = 0;
  for (const line of output.split('\n').slice(0, -1)) {
    const [id = '', revision = ''] = line.split(' ');
    if (id === 'open') opened = Number(revision);
    else acknowledged.set(id, Number(revision));
  }
  return { opened, acknowledged };
}

test('kill -9 under sixteen writers loses no acknowledged write', async () => {
  const seed = Math.floor(world.random.next() * 2 ** 31);
  const random = seededRandom(seed);
  const directory = join(root, 'killed');
  const all = new Map<string, number>();
  let newest = 0;
  for (let life = 0; life < 6; life++) {
    const { opened, acknowledged } = await killedRun(directory, life, randomInt(random, 1_500), randomInt(random, 40));
    expect(opened, `seed ${seed}`).toBeGreaterThanOrEqual(newest);
    for (const [id, revision] of acknowledged) {
      expect(revision, `seed ${seed}: revisions go up`).toBeGreaterThan(opened);
      all.set(id, revision);
      newest = Math.max(newest, revision);
    }
  }
  const store = await openEmbeddedStore(world, { directory });
  const [a, b] = await Promise.all(['/a/', '/b/'].map((start) => store.range({ start, end: prefixEnd(start) })));
  const held = new Map(a?.kvs.map((kv) => [text(kv), kv.modRevision]));
  for (const [id, revision] of all) expect(held.get(id), `seed ${seed}: ${id}`).toBe(revision);
  expect(a?.kvs.map((kv) => [kv.key.slice(3), kv.modRevision]), `seed ${seed}: no half of a transaction`).toEqual(b?.kvs.map((kv) => [kv.key.slice(3), kv.modRevision]));
  const { revision } = await store.status();
  const history = record(store, { start: '/a/', end: prefixEnd('/a/'), fromRevision: 1 });
  await history.until(() => history.events.length >= (a?.count ?? 0));
  const revisions = history.events.map((event) => event.kv.modRevision);
  expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y));
  expect(revisions.at(-1)).toBeLessThanOrEqual(revision);
  expect(new Set(revisions).size, `seed ${seed}: revisions have no hole`).toBe(revision - 1);
  await store.close();
});

/** A small file system of its own, or why there can be none. */
function smallDisk(megabytes: number): { path: string; unmount(): void } | string {
  const path = join(root, 'small');
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    return `a small tmpfs cannot be mounted here (root is needed): ${String(error)}`;
  }
  return { path, unmount: () => execFileSync('umount', ['-l', path]) };
}

describe('a full disk', () => {
  test('refuses writes, answers reads, applies nothing by half, and recovers', async (context) => {
    const disk = smallDisk(12);
    if (typeof disk === 'string') return context.skip(disk);
    try {
      const ballast = join(disk.path, 'ballast');
      writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024));
      let store = await openEmbeddedStore(world, { directory: join(disk.path, 'store') });
      const watch = record(store, { start: '/', end: prefixEnd('/') });
      const acknowledged = new Map<string, number>();
      const failures: unknown[] = [];
      const attempt = async (id: string): Promise<void> => {
        const value = Buffer.alloc(20_000, id);
        try {
          const { revision } = await store.commit({ conditions: [], writes: [{ put: `/a/${id}`, value }, { put: `/b/${id}`, value }] });
          acknowledged.set(id, revision);
        } catch (error) {
          failures.push(error);
        }
      };
      await Promise.all(Array.from({ length: 8 }, async (_, w) => {
        for (let i = 0; i < 60; i++) await attempt(`${w}-${i}`);
      }));
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toBeInstanceOf(NoSpaceError);
      const check = async (): Promise<void> => {
        const [a, b] = await Promise.all(['/a/', '/b/'].map((start) => store.range({ start, end: prefixEnd(start) })));
        const held = a?.kvs.map((kv) => [kv.key.slice(3), kv.modRevision]);
        expect(held).toEqual([...acknowledged].sort(([x], [y]) => (x < y ? -1 : 1)));
        expect(b?.kvs.map((kv) => [kv.key.slice(3), kv.modRevision])).toEqual(held);
      };
      await check();
      rmSync(ballast);
      failures.length = 0;
      for (let i = 0; i < 10; i++) await attempt(`after-${i}`);
      expect(failures).toEqual([]);
      await check();
      expect((await store.status()).revision).toBe(acknowledged.size + 1);
      expect(watch.events.length).toBe(acknowledged.size * 2);
      await store.close();
      store = await openEmbeddedStore(world, { directory: join(disk.path, 'store') });
      await check();
      expect((await put(store, '/c', '1')).revision).toBe(acknowledged.size + 2);
      expect(text(await get(store, '/c'))).toBe('1');
      await store.close();
    } finally {
      disk.unmount();
    }
  });
});
