// The etcd engine against real servers: the contract, a server that goes away and comes back, failover,
// TLS, a full database.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { realWorld } from '#base/world.ts';
import { NoSpaceError, prefixEnd, StoreUnavailableError, type Store } from '#store';
import { bytes, get, put, record, storeCases, text } from '../store.case.ts';
import { createEtcdProcess, etcdBinaries, type EtcdProcess } from '../etcd-process.case.ts';
import { openEtcdStore } from './index.ts';

const world = { ...realWorld('etcd-test'), log: silentLog };
const binaries = etcdBinaries();
test('an etcd to test with is there', (context) => {
  if (binaries.length === 0) context.skip('no etcd is installed: apt install etcd-server, or name one in SKIFF_ETCD');
  expect(binaries).not.toEqual([]);
});

const running: { store?: Store; etcd: EtcdProcess }[] = [];
afterEach(async () => {
  for (const { store, etcd } of running.splice(0)) {
    await store?.close();
    await etcd.dispose();
  }
});

/** Tries until the store answers again. */
async function recovered<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await sleep(world.clock, 50);
    }
  }
}

for (const binary of binaries) {
  const version = /etcd Version: (\S+)/.exec(execFileSync(binary, ['--version']).toString())?.[1] ?? binary;

  storeCases(`etcd ${version}`, async () => {
    const etcd = await createEtcdProcess(binary);
    await etcd.start();
    const config = { endpoints: [etcd.endpoint] };
    let store = await openEtcdStore(world, config);
    return {
      store,
      async restart() {
        await store.close();
        await etcd.kill('SIGKILL');
        await etcd.start();
        store = await openEtcdStore(world, config);
        return store;
      },
      pass: (ms) => sleep(world.clock, ms),
      async close() {
        await store.close();
        await etcd.dispose();
      },
    };
  });

  describe(`etcd ${version} in trouble`, () => {
    const open = async (flags: readonly string[] = []): Promise<{ store: Store; etcd: EtcdProcess }> => {
      const etcd = await createEtcdProcess(binary, flags);
      running.push({ etcd });
      await etcd.start();
      const store = await openEtcdStore(world, { endpoints: [etcd.endpoint], requestTimeoutMs: 3_000 });
      running.push({ etcd, store });
      return { store, etcd };
    };

    test('gone and back: clear errors meanwhile, nothing acknowledged is lost, watches go on exactly', async () => {
      const { store, etcd } = await open();
      const acknowledged = new Map<string, number>();
      const watch = record(store, { start: '/k/', end: prefixEnd('/k/') });
      let stop = false;
      let refused = 0;
      const writers = Array.from({ length: 8 }, async (_, w) => {
        for (let i = 0; !stop; i++) {
          try {
            acknowledged.set(`/k/${w}-${i}`, (await put(store, `/k/${w}-${i}`, 'v')).revision);
          } catch (error) {
            expect(error).toBeInstanceOf(StoreUnavailableError);
            refused++;
            await sleep(world.clock, 20);
          }
        }
      });
      for (let round = 0; round < 2; round++) {
        const before = acknowledged.size;
        while (acknowledged.size < before + 50) await sleep(world.clock, 5);
        await etcd.kill('SIGKILL');
        const refusedBefore = refused;
        while (refused < refusedBefore + 8) await sleep(world.clock, 5);
        await etcd.start();
        const back = acknowledged.size;
        while (acknowledged.size < back + 50) await sleep(world.clock, 5);
      }
      stop = true;
      await Promise.all(writers);
      const { kvs, revision } = await store.range({ start: '/k/', end: prefixEnd('/k/') });
      const held = new Map(kvs.map((kv) => [kv.key, kv.modRevision]));
      for (const [key, at] of acknowledged) expect(held.get(key)).toBe(at);
      await watch.until(() => (watch.events.at(-1)?.kv.modRevision ?? 0) >= revision);
      expect(watch.events.map((event) => event.kv.modRevision)).toEqual([...held.values()].sort((a, b) => a - b));
    });

    test('a call moves on to an endpoint that answers', async () => {
      const { etcd } = await open();
      const store = await openEtcdStore(world, { endpoints: ['http://127.0.0.1:9', etcd.endpoint] });
      running.push({ store, etcd });
      expect((await put(store, '/a', '1')).succeeded).toBe(true);
      expect(text(await get(store, '/a'))).toBe('1');
      await expect(openEtcdStore(world, { endpoints: ['http://127.0.0.1:9'], requestTimeoutMs: 500 })).rejects.toBeInstanceOf(StoreUnavailableError);
    });

    test('a server that hangs is an unavailable store, and an abort ends the wait', async () => {
      const { store, etcd } = await open();
      await etcd.kill('SIGSTOP');
      const abort = new AbortController();
      const waiting = store.range({ start: '/a' }, abort.signal);
      abort.abort(new Error('client gone'));
      await expect(waiting).rejects.toThrow('client gone');
      await expect(store.range({ start: '/a' })).rejects.toBeInstanceOf(StoreUnavailableError);
      await etcd.kill('SIGCONT');
      await recovered(() => put(store, '/a', '1'));
    });

    test('a full database refuses writes and answers reads', async () => {
      const { store } = await open(['--quota-backend-bytes', String(16 * 1024 * 1024)]);
      await put(store, '/a', 'kept');
      const value = Buffer.alloc(1_000_000, 'x');
      let failure: unknown;
      for (let i = 0; i < 40 && failure === undefined; i++) {
        failure = await store.commit({ conditions: [], writes: [{ put: `/big/${i}`, value }] }).then(() => undefined, (error: unknown) => error);
      }
      expect(failure).toBeInstanceOf(NoSpaceError);
      expect(text(await get(store, '/a'))).toBe('kept');
    });

    test('TLS with client certificates', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'skiff-etcd-tls-'));
      const file = (name: string): string => join(directory, name);
      const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'ignore' });
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
      openssl('req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.crt'), '-subj', '/CN=test-ca');
      openssl('req', '-x509', ...key, '-keyout', file('tls.key'), '-out', file('tls.crt'), '-subj', '/CN=etcd', '-CA', file('ca.crt'), '-CAkey', file('ca.key'),
        '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE');
      const etcd = await createEtcdProcess(binary, [`--cert-file=${file('tls.crt')}`, `--key-file=${file('tls.key')}`, `--trusted-ca-file=${file('ca.crt')}`, '--client-cert-auth']);
      running.push({ etcd });
      await etcd.start();
      const tls = { ca: readFileSync(file('ca.crt')), cert: readFileSync(file('tls.crt')), key: readFileSync(file('tls.key')) };
      const store = await openEtcdStore(world, { endpoints: [etcd.endpoint], tls });
      running.push({ etcd, store });
      await store.commit({ conditions: [], writes: [{ put: '/a', value: bytes('1') }] });
      expect(text(await get(store, '/a'))).toBe('1');
      await expect(openEtcdStore(world, { endpoints: [etcd.endpoint], tls: { ca: tls.ca }, requestTimeoutMs: 1_000 })).rejects.toBeInstanceOf(StoreUnavailableError);
      rmSync(directory, { recursive: true, force: true });
    });
  });
}
