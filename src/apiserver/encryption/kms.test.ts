// KMS over a real socket: seeds, rotation by key id, plugins that come late, lie, or go away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorText } from '#base/errors.ts';
import { seededRandom } from '#base/random.ts';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import { decodeEncryptedObject } from './encrypted-object.ts';
import { openEncryption, type Encryption, type EncryptionOptions } from './index.ts';
import { kmsPlugin, type KmsPlugin } from './kms-plugin.case.ts';
import { createKmsService } from './kms-service.ts';
import { startKmsProvider } from './kms-v2.ts';
import { createEncryptionMetrics } from './metrics.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const prefix = 'k8s:enc:kms:v2:plug:';

let folder: string;
let file: string;
let store: Store;
let plugin: KmsPlugin;
let api: TestServer | undefined;
let encryption: Encryption | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-kms-test-'));
  file = join(folder, 'config.yaml');
  store = openMemoryStore(testWorld());
  plugin = kmsPlugin();
});

afterEach(async () => {
  await stop();
  await plugin[Symbol.asyncDispose]();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  await api?.[Symbol.asyncDispose]();
  encryption?.close();
}

function kms(more: object = {}): object {
  return { kms: { apiVersion: 'v2', name: 'plug', endpoint: plugin.endpoint, timeout: '500ms', ...more } };
}

async function start(providers: object[], options: Partial<EncryptionOptions> = {}): Promise<TestServer> {
  await stop();
  const resources = [{ resources: ['secrets'], providers }];
  writeFileSync(file, JSON.stringify({ kind: 'EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', resources }));
  encryption = await openEncryption(testWorld(), { file, ...options });
  api = await startTestServer(store, { encryption });
  return api;
}

async function raw(name: string): Promise<Buffer> {
  const { kvs } = await store.range({ start: `/registry/secrets/default/${name}` });
  return Buffer.from(kvs[0]?.value ?? new Uint8Array());
}

function secret(name: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { password: 'aHVudGVyMg==' } };
}

/** A clock that a test moves: only the wall and monotonic time, no timers. */
function movedWorld() {
  const world = testWorld();
  let ahead = 0;
  const { clock } = world;
  const moved = { ...clock, now: () => clock.now() + ahead, monotonic: () => clock.monotonic() + ahead, after: () => ({ cancel() {} }) };
  return { world: { ...world, random: seededRandom(7), clock: moved }, advance: (ms: number) => (ahead += ms) };
}

describe('KMS v2', () => {
  it('asks the plugin once for many values, and once per seed after a restart', async () => {
    await plugin.start();
    plugin.annotations = { 'hsm.example.com': Buffer.from('local-kek') };
    const server = await start([kms()]);
    for (const name of ['a', 'b', 'c']) expect((await server.post(secrets, secret(name))).status).toBe(201);
    expect(plugin.calls).toMatchObject({ encrypt: 1, decrypt: 0 });
    const stored = await raw('a');
    expect(stored.subarray(0, prefix.length).toString()).toBe(prefix);
    const object = decodeEncryptedObject(stored.subarray(prefix.length));
    expect(object).toMatchObject({ keyId: 'key-1', sourceType: 1 });
    expect(Buffer.from(object.annotations['hsm.example.com'] ?? []).toString()).toBe('local-kek');
    const again = await start([kms()]);
    expect((await again.get(secrets)).body.items.map((s: { data: { password: string } }) => s.data.password)).toEqual(['aHVudGVyMg==', 'aHVudGVyMg==', 'aHVudGVyMg==']);
    expect(plugin.calls).toMatchObject({ encrypt: 2, decrypt: 1 });
  });

  it('reaches a plugin whose socket is abstract, in both versions', async () => {
    plugin = kmsPlugin(false);
    await plugin.start();
    for (const more of [{}, { apiVersion: 'v1' }]) {
      await start([kms(more)], { gates: { kmsV1: true } });
      expect((await api?.post('/api/v1/namespaces/default/secrets', { metadata: { generateName: 's-' } }))?.status).toBe(201);
    }
    expect(plugin.calls.status).toBeGreaterThan(0);
  });

  it('serves when its plugin comes late', async () => {
    const server = await start([kms()]);
    const health = await server.get('/healthz?verbose');
    expect(health.text).toContain('[-]kms-providers failed: reason withheld');
    expect((await server.get('/livez')).status).toBe(200);
    const refused = await server.post(secrets, secret('s'));
    expect([refused.status, refused.body.message]).toEqual([500, 'Internal error occurred: got unexpected nil transformer']);
    await plugin.start();
    await expect.poll(async () => (await server.get('/readyz/kms-providers')).status, { timeout: 8000, interval: 300 }).toBe(200);
    expect((await server.post(secrets, secret('s'))).status).toBe(201);
  });

  it('shows what it could not read as soon as the plugin is back', async () => {
    await plugin.start();
    await (await start([kms()])).post(secrets, secret('s'));
    await plugin.stop();
    const server = await start([kms()]);
    expect((await server.get(secrets)).body.message).toContain('unable to transform key "/registry/secrets/default/s": got unexpected nil transformer');
    await plugin.start();
    await expect.poll(async () => (await server.get('/readyz/kms-providers')).status, { timeout: 20_000, interval: 300 }).toBe(200);
    await expect.poll(async () => (await server.get(secrets)).status, { timeout: 20_000, interval: 300 }).toBe(200);
  });

  it('tells of a failed call by its part once, then by the plugin’s words, in both versions', async () => {
    await plugin.start();
    for (const [more, part] of [[{}, 'status'], [{ apiVersion: 'v1' }, 'encrypt']] as const) {
      const { world, advance } = movedWorld();
      writeFileSync(file, JSON.stringify({ kind: 'EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', resources: [{ resources: ['secrets'], providers: [kms(more)] }] }));
      const opened = await openEncryption(world, { file, gates: { kmsV1: true } });
      const [check] = opened.checks;
      const problem = async (): Promise<string> => Promise.resolve(check?.check()).then(() => 'well', (error: unknown) => errorText(error));
      expect(await problem()).toBe('well');
      plugin.broken = 'key disabled';
      advance(30_000);
      const own = 'rpc error: code = FailedPrecondition desc = key disabled';
      expect([await problem(), await problem()]).toEqual([expect.stringMatching(new RegExp(`failed to perform ${part} section of the healthz check for KMS Provider plug, error: ${own}$`)), expect.stringMatching(new RegExp(`^(kms-provider[^:]*: )?${own}$`))]);
      plugin.broken = undefined;
      advance(30_000);
      expect(await problem()).toBe('well');
      opened.close();
    }
  });

  it('tells that it follows the file', async () => {
    await plugin.start();
    const hook = '/readyz/poststarthook/start-encryption-provider-config-automatic-reload';
    expect((await (await start([kms()])).get(hook)).status).toBe(404);
    expect((await (await start([kms()], { reload: true })).get(hook)).text).toBe('ok');
  });

  it('tells why the plugin would not decrypt', async () => {
    await plugin.start();
    await (await start([kms()])).post(secrets, secret('s'));
    plugin.refuses = 'the hsm is sealed';
    const server = await start([kms()]);
    expect((await server.get(`${secrets}/s`)).body.message).toBe('Internal error occurred: failed to decrypt DEK, error: rpc error: code = FailedPrecondition desc = the hsm is sealed');
  });

  it('moves from KMS v1 to v2', async () => {
    await plugin.start();
    const old = { kms: { apiVersion: 'v1', name: 'old', endpoint: plugin.endpoint, cachesize: 10 } };
    const first = await start([old], { gates: { kmsV1: true } });
    await first.post(secrets, secret('s'));
    expect((await raw('s')).toString('latin1')).toMatch(/^k8s:enc:kms:v1:old:/);
    expect((await first.get('/healthz/kms-provider-0')).text).toBe('ok');
    const server = await start([kms(), old], { gates: { kmsV1: true } });
    expect((await server.get('/healthz?verbose')).text).toMatch(/\[\+\]kms-provider-0 ok\n\[\+\]kms-provider-1 ok/);
    const { body } = await server.get(`${secrets}/s`);
    await server.put(`${secrets}/s`, body);
    expect((await raw('s')).toString('latin1')).toMatch(/^k8s:enc:kms:v2:plug:/);
  });
});

describe('the write key of KMS v2', () => {
  async function provider() {
    await plugin.start();
    const { world, advance } = movedWorld();
    const metrics = createEncryptionMetrics(world, 'server-1');
    const service = createKmsService(world, { apiVersion: 'v2', name: 'plug', endpoint: plugin.endpoint, timeout: 60_000_000 }, metrics);
    return { world, advance, provider: await startKmsProvider(world, 'plug', service, metrics) };
  }

  const context = Buffer.from('/registry/secrets/default/s');
  const plain = Buffer.from('{"kind":"Secret"}');

  it('changes with the key id, and what it wrote before is stale', async () => {
    const { provider: kmsProvider, advance } = await provider();
    const before = await kmsProvider.transformer.encrypt(plain, context);
    expect(await kmsProvider.transformer.decrypt(before, context)).toEqual({ value: plain, stale: false });
    plugin.keyId = 'key-2';
    advance(21_000);
    await kmsProvider.check();
    expect(decodeEncryptedObject(await kmsProvider.transformer.encrypt(plain, context)).keyId).toBe('key-2');
    expect(await kmsProvider.transformer.decrypt(before, context)).toEqual({ value: plain, stale: true });
    kmsProvider.close();
  });

  it('is kept while the plugin contradicts itself, until it expires', async () => {
    const { provider: kmsProvider, advance, world } = await provider();
    plugin.keyId = 'key-2';
    plugin.encryptKeyId = 'key-3';
    advance(21_000);
    await expect(kmsProvider.check()).rejects.toThrow(/^kmsv2 Provider plug is not healthy, error: failed to rotate DEK uid="[0-9a-f-]+", useSeed=true, errState=<nil>, errGen=<nil>, statusKeyIDHash="sha256:/);
    const written = await kmsProvider.transformer.encrypt(plain, context);
    expect(decodeEncryptedObject(written).keyId).toBe('key-1');
    advance(180_001);
    expect(() => kmsProvider.transformer.encrypt(plain, context)).toThrow(/^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at /);
    expect(await kmsProvider.transformer.decrypt(written, context)).toMatchObject({ value: plain });
    const text = await world.metrics.text();
    expect(text).toMatch(/apiserver_envelope_encryption_kms_operations_latency_seconds_count\{grpc_status_code="OK",method_name="\/v2.KeyManagementService\/Status",provider_name="plug"\} 2/);
    expect(text).toMatch(/apiserver_envelope_encryption_key_id_hash_total\{apiserver_id_hash="[^"]*",key_id_hash="sha256:[0-9a-f]{64}",provider_name="plug",transformation_type="to_storage"\}/);
    kmsProvider.close();
  });

  it('is not made of bad answers', async () => {
    const { provider: kmsProvider, advance } = await provider();
    const refusal = async (): Promise<string> => {
      advance(21_000);
      return kmsProvider.check().then(() => 'healthy', (error: Error) => error.message);
    };
    plugin.healthz = 'tired';
    expect(await refusal()).toBe('kmsv2 Provider plug is not healthy, error: got unexpected healthz status: tired');
    plugin.healthz = 'ok';
    plugin.keyId = '';
    expect(await refusal()).toBe('kmsv2 Provider plug is not healthy, error: got invalid KMSv2 KeyID hash "": keyID is empty');
    plugin.keyId = 'k'.repeat(1025);
    expect(await refusal()).toContain('keyID is 1025 bytes, which exceeds the max size of 1024');
    plugin.keyId = 'key-9';
    plugin.annotations = { 'not a domain': Buffer.from('x') };
    expect(await refusal()).toContain('failed to validate annotations: annotations: Invalid value: "not a domain": a lowercase RFC 1123 subdomain');
    plugin.annotations = { 'a.example.com': Buffer.alloc(32 * 1024) };
    expect(await refusal()).toContain('total size of annotations is 32781, which exceeds the max size of 32768');
    kmsProvider.close();
  });
});
