// A stranger's etcd becomes a cluster of ours and ours becomes theirs: snapshots by the real etcdctl, copies of a member's
// database, and what `skiff backup --format etcd` writes, each with every revision.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { realWorld } from '../../src/base/world.ts';
import { openEmbeddedStore, type KeyValue, type Store } from '../../src/store/index.ts';
import { openEtcdStore } from '../../src/store/etcd/index.ts';
import { createEtcdProcess, etcdBinaries, type EtcdProcess } from '../../src/store/etcd-process.case.ts';

const world = { ...realWorld('etcd-snapshot-test'), log: silentLog };
const entry = join(import.meta.dirname, '../../src/main/skiff.ts');
const etcds = etcdBinaries().filter((path) => existsSync(join(dirname(path), 'etcdctl')));
let root: string;
let config: string;
const running: EtcdProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skiff-etcd-snapshot-'));
  config = join(root, 'cluster.json');
  writeFileSync(config, JSON.stringify({ name: 'c', paths: { state: root, run: join(root, 'run'), log: join(root, 'log') }, bindAddress: '127.0.0.1', apiPort: 0, store: 'embedded', logLevel: 'error' }));
});
afterEach(async () => {
  for (const etcd of running.splice(0)) await etcd.dispose();
  rmSync(root, { recursive: true, force: true });
});

interface Told {
  readonly code: number;
  readonly text: string;
}

function run(program: string, ...args: string[]): Promise<Told> {
  return new Promise((resolve) => execFile(program, args, { env: { ETCDCTL_API: '3' } }, (error, out, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${out}${stderr}` })));
}

const skiff = (...args: string[]): Promise<Told> => run(process.execPath, '--disable-warning=ExperimentalWarning', entry, ...args, '--config', config);
const plain = (kvs: readonly KeyValue[]): unknown => kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value).toString('latin1') }));
const all = (store: Store) => store.range({ start: '/', end: '0' });

async function withEmbedded<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openEmbeddedStore(world, { directory: join(root, 'store') });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function fill(store: Store): Promise<void> {
  const lease = await store.grantLease(777);
  const set = (key: string, value: string, more = {}): Promise<unknown> => store.commit({ conditions: [], writes: [{ put: key, value: Buffer.from(value), ...more }] });
  for (let from = 0; from < 2_000; from += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => set(`/registry/things/${(from + i) % 700}`, `${from + i}`.repeat(30), i === 0 ? { lease } : {})));
  await store.compact(900);
  await set('/registry/large', 'x'.repeat(1_200_000));
  await store.commit({ conditions: [], writes: [{ put: '/registry/two', value: Buffer.from('2') }, { put: '/registry/one', value: Buffer.from([0, 255]) }, { delete: '/registry/things/7' }] });
  for (let i = 10; i < 60; i++) await store.commit({ conditions: [], writes: [{ delete: `/registry/things/${i}` }] });
  await set('/registry/things/12', 'born again');
  await store.commit({ conditions: [], writes: [{ delete: '/registry/things/13' }, { delete: '/registry/things/300' }] });
}

describe.each(etcds)('%s', (binary) => {
  const etcdctl = join(dirname(binary), 'etcdctl');
  const start = async (): Promise<EtcdProcess> => {
    const etcd = await createEtcdProcess(binary);
    running.push(etcd);
    return etcd;
  };

  test('etcdctl snapshot save, skiff restore', async () => {
    const etcd = await start();
    await etcd.start();
    const store = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    await fill(store);
    const want = await all(store);
    await store.close();
    const file = join(root, 'snap.db');
    expect(await run(etcdctl, `--endpoints=${etcd.endpoint}`, 'snapshot', 'save', file)).toMatchObject({ code: 0 });
    const restored = await skiff('restore', file, '--bump', '0');
    expect(restored, restored.text).toMatchObject({ code: 0 });
    expect(restored.text).toContain(`restored revision ${want.revision}`);
    await withEmbedded(async (home) => {
      const here = await all(home);
      expect([plain(here.kvs), here.revision]).toEqual([plain(want.kvs), want.revision]);
      const lease = here.kvs.find((kv) => kv.lease !== '')?.lease;
      expect(lease).toBeDefined();
    });
    // From the member's own file, which ends without a hash.
    await etcd.kill('SIGTERM');
    const directory = etcd.restoreFlags[etcd.restoreFlags.indexOf('--data-dir') + 1] ?? '';
    const copied = join(root, 'db');
    copyFileSync(join(directory, 'member/snap/db'), copied);
    const strict = await skiff('restore', copied);
    expect(strict).toMatchObject({ code: 1 });
    expect(strict.text).toContain('has no hash behind it');
    expect(await skiff('restore', copied, '--skip-hash-check', '--bump', '5')).toMatchObject({ code: 0 });
    await withEmbedded(async (home) => expect(plain((await all(home)).kvs)).toEqual(plain(want.kvs)));
  });

  test('a snapshot that is not whole changes nothing', async () => {
    const etcd = await start();
    await etcd.start();
    const store = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    for (let i = 0; i < 200; i++) await store.commit({ conditions: [], writes: [{ put: `/k/${i}`, value: Buffer.from('v'.repeat(200)) }] });
    await store.close();
    const file = join(root, 'snap.db');
    await run(etcdctl, `--endpoints=${etcd.endpoint}`, 'snapshot', 'save', file);
    await withEmbedded((home) => home.commit({ conditions: [], writes: [{ put: '/mine', value: Buffer.from('1') }] }));
    const bytes = readFileSync(file);
    bytes[20_000] = (bytes[20_000] ?? 0) ^ 0x40;
    writeFileSync(join(root, 'changed.db'), bytes);
    copyFileSync(file, join(root, 'short.db'));
    truncateSync(join(root, 'short.db'), bytes.length >> 1);
    for (const [name, text] of [['changed.db', /is damaged: expected sha256/], ['short.db', /is truncated: it has \d+ bytes of \d+/]] as const) {
      const refused = await skiff('restore', join(root, name));
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.text).toMatch(text);
      expect(refused.text).toContain('nothing was changed');
    }
    expect(readdirSync(root).filter((name) => name.startsWith('store'))).toEqual(['store']);
    await withEmbedded(async (home) => expect((await all(home)).kvs.map((kv) => kv.key)).toEqual(['/mine']));
  });

  test('skiff backup --format etcd, etcdctl snapshot restore', async () => {
    mkdirSync(join(root, 'store'), { recursive: true });
    const want = await withEmbedded(async (home) => {
      await fill(home);
      return all(home);
    });
    const file = join(root, 'ours.db');
    expect(await skiff('backup', file, '--format', 'etcd')).toMatchObject({ code: 0 });
    const etcd = await start();
    const restore = await run(etcdctl, 'snapshot', 'restore', file, ...etcd.restoreFlags);
    expect(restore, restore.text).toMatchObject({ code: 0 });
    await etcd.start();
    const store = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
    const there = await all(store);
    expect([plain(there.kvs), there.revision]).toEqual([plain(want.kvs), want.revision]);
    await store.close();
    // And back again from what the restored member saves.
    const again = join(root, 'theirs.db');
    await run(etcdctl, `--endpoints=${etcd.endpoint}`, 'snapshot', 'save', again);
    expect(await skiff('restore', again)).toMatchObject({ code: 0 });
    await withEmbedded(async (home) => expect(plain((await all(home)).kvs)).toEqual(plain(want.kvs)));
  });
});
