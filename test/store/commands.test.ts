// backup, restore and store commands on a cluster's folder and a real etcd: what moves, what stays, what a kill leaves.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { realWorld } from '../../src/base/world.ts';
import { openEmbeddedStore, type KeyValue, type Store } from '../../src/store/index.ts';
import { openEtcdStore } from '../../src/store/etcd/index.ts';
import { createEtcdProcess, etcdBinaries, type EtcdProcess } from '../../src/store/etcd-process.case.ts';

const world = { ...realWorld('store-commands-test'), log: silentLog };
const entry = join(import.meta.dirname, '../../src/main/skiff.ts');
const [binary = ''] = etcdBinaries();
let root: string;
let config: string;
let directory: string;
const etcds: EtcdProcess[] = [];

const stored = (): { store: string } => JSON.parse(readFileSync(config, 'utf8')) as { store: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skiff-store-commands-'));
  config = join(root, 'cluster.json');
  directory = join(root, 'store');
  mkdirSync(join(root, 'pki'));
  writeFileSync(join(root, 'pki/ca.key'), 'old key', { mode: 0o600 });
  writeFileSync(config, JSON.stringify({ name: 'c', paths: { state: root, run: join(root, 'run'), log: join(root, 'log') }, bindAddress: '127.0.0.1', apiPort: 0, store: 'embedded', logLevel: 'error' }));
});
afterEach(async () => {
  for (const etcd of etcds.splice(0)) await etcd.dispose();
  rmSync(root, { recursive: true, force: true });
});

interface Told {
  readonly code: number;
  readonly text: string;
}

function skiff(...args: string[]): Promise<Told> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args, '--config', config], (error, out, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${out}${stderr}` }));
  });
}

const pairs = (kvs: readonly KeyValue[], full = true): unknown => kvs.map((kv) => [kv.key, kv.modRevision, Buffer.from(kv.value).toString('latin1').slice(0, 40), kv.lease, ...(full ? [kv.createRevision, kv.version] : [])]);
const all = (store: Store) => store.range({ start: '/', end: '0' });

async function fill(count: number): Promise<void> {
  const store = await openEmbeddedStore(world, { directory });
  const lease = await store.grantLease(500);
  for (let from = 0; from < count; from += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit({ conditions: [], writes: [{ put: `/k/${(from + i) % 400}`, value: Buffer.from(`v${from + i}`), ...(i === 0 ? { lease } : {}) }] })));
  }
  await store.commit({ conditions: [], writes: [{ put: '/two', value: Buffer.from('2') }, { put: '/one', value: Buffer.from('1') }, { delete: '/k/7' }] });
  await store.close();
}

async function withEmbedded<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openEmbeddedStore(world, { directory });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

test('backup and restore: the state comes back, the old one is kept, revisions go on', async () => {
  await fill(1_000);
  const before = await withEmbedded(all);
  const file = join(root, 'b.skiff');
  const backup = await skiff('backup', file, '--with-keys');
  expect(backup.text).toContain(`revision ${before.revision}`);
  await withEmbedded((store) => store.commit({ conditions: [], writes: [{ put: '/later', value: Buffer.from('x') }, { delete: '/one' }] }));
  writeFileSync(join(root, 'pki/ca.key'), 'new key');
  const restored = await skiff('restore', file, '--with-keys');
  expect(restored, restored.text).toMatchObject({ code: 0 });
  expect(restored.text).toContain('is kept in');
  const after = await withEmbedded(all);
  expect(pairs(after.kvs)).toEqual(pairs(before.kvs));
  expect(after.revision).toBe(before.revision + 1 + 1_000);
  expect(readFileSync(join(root, 'pki/ca.key'), 'utf8')).toBe('old key');
  expect(readdirSync(root).filter((name) => name.includes('before-restore')).length).toBe(2);
  expect((await skiff('backup', join(root, 'c.skiff'))).text).toContain('encrypted. They can be read only with the keys of');
});

test('a restore that is killed leaves the old state or the new one', async () => {
  await fill(3_000);
  const file = join(root, 'b.skiff');
  await skiff('backup', file);
  const before = await withEmbedded(all);
  for (const wait of [250, 400, 550]) {
    const child = spawn(process.execPath, [entry, 'restore', file, '--config', config], { stdio: 'ignore' });
    // From the start: a quick one may have ended when the kill comes.
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await sleep(world.clock, wait);
    child.kill('SIGKILL');
    await ended;
    expect((await skiff('store', 'compact')).code).toBe(0);
    expect(pairs((await withEmbedded(all)).kvs)).toEqual(pairs(before.kvs));
  }
  const last = await skiff('restore', file);
  expect(last, last.text).toMatchObject({ code: 0 });
  expect(pairs((await withEmbedded(all)).kvs)).toEqual(pairs(before.kvs));
});

test('a damaged file and an unknown store are refused and change nothing', async () => {
  await fill(50);
  writeFileSync(join(root, 'x'), 'not a backup');
  const refused = await skiff('restore', join(root, 'x'));
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.text).toContain('is not a backup made by skiff backup');
  expect((await skiff('store', 'move', '--to', 'redis://x')).text).toContain('not a store');
  expect(readdirSync(root).filter((name) => name.startsWith('store'))).toEqual(['store']);
});

test('status, compact and defrag of an embedded store', async () => {
  await fill(2_000);
  expect((await skiff('store', 'status')).text).toMatch(/embedded in .*\nrevision {5}2002, history since 0/);
  expect((await skiff('store', 'compact')).text).toContain('history before revision 2002 is gone');
  const defrag = await skiff('store', 'defrag');
  expect(defrag.text).toMatch(/MiB became/);
  expect((await skiff('store', 'status')).text).toContain('history since 2002');
  await withEmbedded(async (store) => expect((await all(store)).count).toBe(401));
});

describe.skipIf(binary === '')('between embedded and etcd', () => {
  const startEtcd = async (): Promise<{ etcd: EtcdProcess; to: string }> => {
    const etcd = await createEtcdProcess(binary);
    etcds.push(etcd);
    await etcd.start();
    return { etcd, to: etcd.endpoint.replace('http:', 'etcd:') };
  };

  test('there with every resource version, through kills, and back', async () => {
    await fill(4_000);
    const before = await withEmbedded(all);
    const { etcd, to } = await startEtcd();
    for (const wait of [700, 900]) {
      const child = spawn(process.execPath, [entry, 'store', 'move', '--to', to, '--config', config], { stdio: 'ignore' });
      await sleep(world.clock, wait);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      expect(pairs((await withEmbedded(all)).kvs)).toEqual(pairs(before.kvs));
    }
    const moved = await skiff('store', 'move', '--to', to);
    expect(moved, moved.text).toMatchObject({ code: 0 });
    expect(moved.text).toMatch(/kept their resource versions|are in etcd/);
    expect(stored().store).toBe(to);
    const real = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    const there = await all(real);
    expect(pairs(there.kvs, false)).toEqual(pairs(before.kvs, false));
    expect(there.revision).toBeGreaterThanOrEqual(before.revision);
    await real.commit({ conditions: [], writes: [{ put: '/two', value: Buffer.from('3') }] });
    const last = await all(real);
    await real.close();
    expect((await skiff('store', 'status')).text).toContain('etcd at');
    const back = await skiff('store', 'move', '--to', 'embedded');
    expect(back, back.text).toMatchObject({ code: 0 });
    const home = await withEmbedded(all);
    expect(pairs(home.kvs)).toEqual(pairs(last.kvs));
    expect(home.revision).toBe(last.revision);
    expect(existsSync(join(root, 'store.moving'))).toBe(false);
  });

  test('an etcd that is further: resource versions go up, in their old order', async () => {
    await fill(200);
    const before = await withEmbedded(all);
    const { etcd, to } = await startEtcd();
    const real = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    for (let i = 0; i < 300; i++) await real.commit({ conditions: [], writes: [{ put: '/x', value: Buffer.from(String(i)) }] });
    const full = await skiff('store', 'move', '--to', to);
    expect(full.text).toContain('etcd holds 1 keys already');
    await real.commit({ conditions: [], writes: [{ delete: '/x' }] });
    expect((await skiff('store', 'move', '--to', to)).text).toContain('resource versions went up');
    const there = await all(real);
    const order = (kvs: readonly KeyValue[]): string[] => [...new Map(kvs.toSorted((a, b) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1)).map((kv) => [kv.key, kv])).keys()];
    expect(order(there.kvs)).toEqual(order(before.kvs));
    const old = new Map(before.kvs.map((kv) => [kv.key, kv.modRevision]));
    for (const kv of there.kvs) expect(kv.modRevision).toBeGreaterThan(old.get(kv.key) ?? 0);
    await real.close();
  });

  test('a backup of etcd restores into an embedded store', async () => {
    const { etcd, to } = await startEtcd();
    const real = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    for (let i = 0; i < 100; i++) await real.commit({ conditions: [], writes: [{ put: `/k/${i}`, value: Buffer.from(String(i)) }] });
    const want = await all(real);
    await real.close();
    writeFileSync(config, JSON.stringify({ ...stored(), store: to }));
    expect((await skiff('backup', join(root, 'e.skiff'))).text).toContain(`revision ${want.revision}`);
    writeFileSync(config, JSON.stringify({ ...stored(), store: 'embedded' }));
    expect((await skiff('restore', join(root, 'e.skiff'), '--bump', '7')).code).toBe(0);
    const home = await withEmbedded(all);
    expect([pairs(home.kvs), home.revision]).toEqual([pairs(want.kvs), want.revision + 7]);
  });
});
