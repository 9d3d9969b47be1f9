// Key rotation against a real API server whose store and configuration file are looked at from outside: interrupted
// at every step, it goes on; at no moment is a Secret unreadable.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiServer, defaultSecurity, openEncryption, type ApiServer, type Encryption } from '#apiserver';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemClock } from '#base/clock.ts';
import { seededRandom, systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { encryptionFile, ensureEncryptionKey, rotateKey } from '#cli';
import { createClient, type ApiObject, type Client } from '#client';
import { createMemoryDisk, openMemoryStore, type MemoryDisk, type MemoryStore } from '#store';
import { generateKey, memoryTransport } from '#wire';
import { versionInfo } from './version.ts';

let folder: string;
let file: string;
let disk: MemoryDisk;

interface Program {
  readonly world: World;
  readonly store: MemoryStore;
  readonly server: ApiServer;
  readonly encryption: Encryption;
  readonly client: Client;
}
let program: Program;

async function start(): Promise<Program> {
  const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
  const store = openMemoryStore(world, { disk });
  const encryption = await openEncryption(world, { file, reload: true, pollMs: 20 });
  const serviceAccountKey = generateKey('rsa-2048');
  const server = createApiServer(world, {
    store, encryption, serviceCidr: '10.96.0.0/16', serviceNodePortRange: '30000-32767', version: versionInfo,
    security: defaultSecurity(world, { serviceAccountKey, issuer: 'https://x', authorizationModes: ['RBAC'] }),
  });
  await server.start();
  const client = createClient(world, memoryTransport(server.handler, { user: 'admin', groups: ['system:masters', 'system:authenticated'] }), { userAgent: 'test' });
  return { world, store, server, encryption, client };
}

/** The machine loses power: what the disk has not synced is gone. */
async function crash(): Promise<void> {
  await program.store.crash({ tear: true });
  program.encryption.close();
  await program.server.close().catch(() => {});
  program = await start();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-rotation-'));
  const paths = { state: folder, run: folder, log: folder };
  ensureEncryptionKey(systemRandom, paths);
  file = encryptionFile(paths);
  disk = createMemoryDisk(seededRandom(1));
  program = await start();
});

afterEach(async () => {
  program.encryption.close();
  await program.server.close();
  await program.store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function storedKeys(): Promise<string[]> {
  const { kvs } = await program.store.range({ start: '/registry/secrets/', end: '/registry/secrets0' });
  return kvs.map((kv) => /^k8s:enc:secretbox:v1:(key\d+):/.exec(Buffer.from(kv.value).toString('latin1'))?.[1] ?? 'plain');
}

async function makeSecrets(count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    await program.client.resource('secrets').in('default').create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: `s${at}` }, stringData: { at: String(at) } } as never);
  }
}

async function readAll(): Promise<string[]> {
  const { items } = await program.client.resource<ApiObject & { data?: Record<string, string> }>('secrets').in('default').listAll();
  return items.map((item) => Buffer.from(item.data?.at ?? '', 'base64').toString()).sort();
}

const wanted = ['0', '1', '2', '3', '4'];

describe('skiff secrets rotate-key', () => {
  it('leaves one key, with which everything is encrypted', async () => {
    await makeSecrets(5);
    expect(new Set(await storedKeys())).toEqual(new Set(['key1']));
    const said: string[] = [];
    expect(await rotateKey({ ...program, file, say: (line) => said.push(line) })).toBe('key2');
    expect(new Set(await storedKeys())).toEqual(new Set(['key2']));
    expect(readFileSync(file, 'utf8')).not.toContain('key1');
    expect(said).toContain('5 of 5 Secrets');
    expect(await readAll()).toEqual(wanted);
  });

  it('goes on after a loss of power at any step', async () => {
    await makeSecrets(5);
    for (let step = 0; step < 4; step++) {
      const before = /name: (key\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
      let at = 0;
      const killed = rotateKey({
        ...program, file,
        say() {
          if (at++ === step) throw new Error('kill -9');
        },
      });
      await expect(killed).rejects.toThrow('kill -9');
      await crash();
      expect(await readAll(), `after a kill at step ${step}`).toEqual(wanted);
      const name = await rotateKey({ ...program, file, say: () => {} });
      expect(name).not.toBe(before);
      expect(new Set(await storedKeys())).toEqual(new Set([name]));
      expect(await readAll()).toEqual(wanted);
    }
  });

  it('leaves a file alone that somebody manages by hand', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('  - secrets\n', '  - secrets\n  - configmaps\n'));
    await expect(rotateKey({ ...program, file, say: () => {} })).rejects.toThrow('has been changed by hand');
  });
});
