// etcd's API on the embedded store, asked by the real etcdctl and by the etcd engine's own case suite.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { realWorld } from '#base/world.ts';
import { openEmbeddedStore, type EmbeddedStore } from '#store';
import { openEtcdStore } from '#store/etcd';
import { createCa, issueCertificate } from '#wire';
import { storeCases } from '../store.case.ts';
import { createEtcdProcess, etcdBinaries } from '../etcd-process.case.ts';
import { serveEtcd, type EtcdServer, type EtcdServerConfig } from './index.ts';

const world = { ...realWorld('etcd-server-test'), log: silentLog };
const root = mkdtempSync(join(tmpdir(), 'skiff-etcd-server-'));
const etcdctl = ['/usr/bin/etcdctl', '/usr/local/bin/etcdctl'].find((path) => existsSync(path)) ?? '';

interface Told {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

let count = 0;
interface Served {
  readonly store: EmbeddedStore;
  readonly server: EtcdServer;
  readonly config: EtcdServerConfig;
  readonly directory: string;
}

async function openServed(config: Partial<EtcdServerConfig>): Promise<Served> {
  const directory = join(root, `store-${++count}`);
  const store = await openEmbeddedStore(world, { directory });
  const whole = { listen: `unix:${join(root, `${count}.sock`)}`, name: 'test', scratch: join(root, 'scratch'), ...config };
  return { store, directory, config: whole, server: await serveEtcd(world, store, whole) };
}

afterAll(() => rmSync(root, { recursive: true, force: true }));

storeCases('etcd engine on the embedded store\'s etcd API', async () => {
  let served = await openServed({});
  const connect = () => openEtcdStore(world, { endpoints: [served.config.listen] });
  let store = await connect();
  return {
    store,
    async restart() {
      await store.close();
      await served.server.close();
      await served.store.close();
      const embedded = await openEmbeddedStore(world, { directory: served.directory });
      served = { ...served, store: embedded, server: await serveEtcd(world, embedded, served.config) };
      store = await connect();
      return store;
    },
    pass: (ms) => sleep(world.clock, ms),
    async close() {
      await store.close();
      await served.server.close();
      await served.store.close();
    },
  };
});

describe.skipIf(etcdctl === '')('etcdctl', () => {
  let served: Served;
  let flags: readonly string[];
  const now = world.clock.now();
  const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const ca = createCa(world.random, { commonName: 'etcd-ca', ...validity });
  const pair = (name: string, authority = ca): string => {
    const made = issueCertificate(world.random, authority, { commonName: name, ipAddresses: ['127.0.0.1'], usages: ['digital signature', 'key encipherment', 'client auth', 'server auth'], ...validity });
    writeFileSync(join(root, `${name}.crt`), made.cert);
    writeFileSync(join(root, `${name}.key`), made.key);
    return name;
  };
  beforeAll(async () => {
    const server = issueCertificate(world.random, ca, { commonName: 'etcd', ipAddresses: ['127.0.0.1'], usages: ['digital signature', 'key encipherment', 'server auth'], ...validity });
    served = await openServed({ listen: '127.0.0.1:0', tls: { ca: ca.cert, ...server } });
    writeFileSync(join(root, 'ca.crt'), ca.cert);
    flags = flagsOf(pair('client'));
  });
  const flagsOf = (name: string): string[] => [`--endpoints=${served.server.address}`, `--cacert=${join(root, 'ca.crt')}`, `--cert=${join(root, `${name}.crt`)}`, `--key=${join(root, `${name}.key`)}`];
  afterAll(async () => {
    await served.server.close();
    await served.store.close();
  });
  const run = (args: readonly string[], input = '', asked = flags): Promise<Told> =>
    new Promise((resolve) => {
      const child = execFile(etcdctl, [...asked, ...args], { env: { ETCDCTL_API: '3' }, timeout: 20_000 }, (error, out, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: out.trim(), error: stderr }),
      );
      child.stdin?.end(input);
    });
  const ok = async (...args: string[]): Promise<string> => {
    const told = await run(args);
    expect(told.error, args.join(' ')).toBe('');
    return told.out;
  };

  test('only certificates of its own authority are let in', async () => {
    const stranger = createCa(world.random, { commonName: 'other', ...validity });
    expect((await run(['--command-timeout=2s', 'get', '/x'], '', flagsOf(pair('stranger', stranger)))).code).not.toBe(0);
    expect((await run(['--command-timeout=2s', 'get', '/x'], '', flags.slice(0, 2))).code).not.toBe(0);
    await expect(serveEtcd(world, served.store, { listen: '127.0.0.1:0', name: 'x', scratch: root })).rejects.toThrow('certificates only');
  });

  test('puts, gets, sorts, limits, counts and deletes', async () => {
    for (const [key, value] of [['/t/a', '3'], ['/t/b', '1'], ['/t/c', '2']] as const) expect(await ok('put', key, value)).toBe('OK');
    expect(await ok('get', '/t/a')).toBe('/t/a\n3');
    expect(await ok('get', '--prefix', '/t/', '--sort-by=VALUE', '--order=DESCEND', '--print-value-only')).toBe('3\n2\n1');
    expect(await ok('get', '--prefix', '/t/', '--limit=2', '--keys-only')).toBe('/t/a\n\n/t/b');
    expect(await ok('get', '--prefix', '/t/', '--limit=1', '-w', 'fields')).toContain('"Count" : 3');
    expect(await ok('put', '/t/a', '4', '--prev-kv')).toBe('OK\n/t/a\n3');
    expect(await ok('get', '', '--from-key', '--keys-only')).toContain('/t/c');
    expect(await ok('del', '--prefix', '/t/', '--prev-kv')).toBe('3\n/t/a\n4\n/t/b\n1\n/t/c\n2');
    expect(await ok('del', '/t/a')).toBe('0');
  });

  test('keys of any bytes and past revisions', async () => {
    await ok('put', 'ключ', 'значение');
    expect(await ok('get', 'ключ', '--print-value-only')).toBe('значение');
    const revision = served.store.newestRevision();
    await ok('put', 'ключ', 'new');
    expect(await ok('get', 'ключ', '--print-value-only', `--rev=${revision}`)).toBe('значение');
    expect((await run(['get', 'ключ', '--rev=100000'])).error).toContain('required revision is a future revision');
    expect(await ok('compact', String(revision + 1))).toContain('compacted revision');
    expect((await run(['get', 'ключ', `--rev=${revision}`])).error).toContain('required revision has been compacted');
    expect((await run(['compact', String(revision + 1)])).error).toContain('has been compacted');
  });

  test('transactions compare whatever etcd compares', async () => {
    await ok('put', '/x', '5');
    const txn = async (input: string): Promise<string> => (await run(['txn'], input)).out;
    expect(await txn('value("/x") = "5"\nversion("/none") = "0"\n\nput /x 6\nget /x\n\n\n')).toBe('SUCCESS\n\nOK\n\n/x\n6');
    expect(await txn('value("/x") > "7"\n\nput /x 1\n\nget /x\n\n')).toBe('FAILURE\n\n/x\n6');
    expect((await run(['txn'], '\nput /x 1\nput /x 2\n\n\n')).error).toContain('duplicate key given in txn request');
  });

  test('a deletion of thousands is one step', async () => {
    for (let from = 0; from < 1_000; from += 100) {
      await served.store.commit({ conditions: [], writes: Array.from({ length: 100 }, (_, i) => ({ put: `/many/${from + i}`, value: Buffer.from('v') })) });
    }
    expect(await ok('del', '--prefix', '/many/')).toBe('1000');
    expect((await served.store.range({ start: '/many/', end: '/many0' })).count).toBe(0);
  });

  test('leases are granted, kept, told and revoked with their keys', async () => {
    const id = /lease (\w+) granted with TTL\(60s\)/.exec(await ok('lease', 'grant', '60'))?.[1] ?? '';
    await ok('put', '/leased', '1', `--lease=${id}`);
    expect(await ok('lease', 'timetolive', id, '--keys')).toMatch(/granted with TTL\(60s\), remaining\((59|60)s\), attached keys\(\[\/leased\]\)/);
    expect(await ok('lease', 'list')).toContain(id);
    expect(await ok('lease', 'keep-alive', '--once', id)).toContain('keepalived with TTL(60)');
    expect(await ok('lease', 'revoke', id)).toContain('revoked');
    expect(await ok('get', '/leased')).toBe('');
    expect((await run(['lease', 'revoke', id])).error).toContain('requested lease not found');
  });

  test('endpoint, members, alarms, defragmentation; what one member cannot do is refused', async () => {
    expect(await ok('endpoint', 'status', '-w', 'fields')).toContain('"Leader" : 1');
    // "is healthy" goes to stderr of older clients.
    const health = await run(['endpoint', 'health']);
    expect(health.out + health.error).toContain('is healthy');
    expect(await ok('member', 'list')).toContain('test');
    expect(await ok('alarm', 'list')).toBe('');
    expect(await ok('endpoint', 'hashkv')).toMatch(/, \d+/);
    expect(await ok('defrag')).toContain('Finished defragmenting');
    expect(await ok('get', '/x', '--print-value-only')).toBe('6');
    for (const args of [['member', 'add', 'x', '--peer-urls=http://x:1'], ['user', 'add', 'x:y'], ['auth', 'enable'], ['move-leader', '2']]) expect((await run(args)).code, args.join(' ')).not.toBe(0);
  });

  test('a watch tells events of the past and of now', async () => {
    const from = served.store.newestRevision() + 1;
    await ok('put', '/w/a', '1');
    const child = execFile(etcdctl, [...flags, 'watch', '--prefix', '/w/', `--rev=${from}`, '--prev-kv'], { env: { ETCDCTL_API: '3' } });
    let output = '';
    const seen = (text: string): Promise<void> => new Promise((resolve) => {
      const look = (): void => void (output.includes(text) && resolve());
      child.stdout?.on('data', look);
      look();
    });
    child.stdout?.on('data', (chunk: string) => (output += chunk));
    await seen('/w/a\n1');
    await ok('put', '/w/a', '2');
    await ok('del', '/w/a');
    await seen('DELETE');
    child.kill();
    expect(output.trim()).toBe('PUT\n/w/a\n1\nPUT\n/w/a\n1\n/w/a\n2\nDELETE\n/w/a\n2\n/w/a');
  });

  test('a snapshot becomes a data directory of a real etcd with every revision', async (context) => {
    const [binary] = etcdBinaries();
    if (binary === undefined) return context.skip('no etcd is installed');
    for (let i = 0; i < 300; i++) await served.store.commit({ conditions: [], writes: [{ put: `/s/${i}`, value: Buffer.alloc(i * 40, 's') }] });
    await served.store.commit({ conditions: [], writes: [{ delete: '/s/7' }] });
    const want = await served.store.range({ start: '/', end: '0' });
    const file = join(root, 'snapshot.db');
    expect((await run(['snapshot', 'save', file])).out).toContain('Snapshot saved');
    expect(await ok('snapshot', 'status', file)).toContain(String(served.store.newestRevision()));
    const etcd = await createEtcdProcess(binary);
    try {
      await new Promise<void>((resolve, reject) => execFile(etcdctl, ['snapshot', 'restore', file, ...etcd.restoreFlags], { env: { ETCDCTL_API: '3' } }, (error, _out, stderr) => (error === null ? resolve() : reject(new Error(stderr)))));
      await etcd.start();
      const real = await openEtcdStore(world, { endpoints: [etcd.endpoint] });
      const got = await real.range({ start: '/', end: '0' });
      expect(got.revision).toBe(want.revision);
      expect(got.kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value).toString('latin1') }))).toEqual(want.kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value).toString('latin1') })));
      await real.close();
    } finally {
      await etcd.dispose();
    }
  });
});
