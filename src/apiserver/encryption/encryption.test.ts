// Encryption at rest as a client and as a thief of the disk see it: REST in front, the store's bytes behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';
import { openEncryption, type Encryption, type EncryptionOptions } from './index.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const keyA = Buffer.alloc(32, 'a').toString('base64');
const keyB = Buffer.alloc(32, 'b').toString('base64');

let folder: string;
let file: string;
let store: Store;
let api: TestServer | undefined;
let encryption: Encryption | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-encryption-'));
  file = join(folder, 'config.yaml');
  store = openMemoryStore(testWorld());
});

afterEach(async () => {
  await stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  await api?.[Symbol.asyncDispose]();
  encryption?.close();
  api = undefined;
  encryption = undefined;
}

function writeConfig(resources: object[]): void {
  writeFileSync(file, JSON.stringify({ kind: 'EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', resources }));
}

async function start(resources?: object[], options: Partial<EncryptionOptions> = {}): Promise<TestServer> {
  await stop();
  if (resources !== undefined) writeConfig(resources);
  encryption = await openEncryption(testWorld(), { file, ...options });
  api = await startTestServer(store, { encryption });
  return api;
}

async function raw(key: string): Promise<Buffer> {
  const { kvs } = await store.range({ start: key });
  return Buffer.from(kvs[0]?.value ?? new Uint8Array());
}

function secret(name: string, text = 'hunter2'): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { password: Buffer.from(text).toString('base64') } };
}

const providers = {
  aesgcm: [{ aesgcm: { keys: [{ name: 'k1', secret: keyA }] } }],
  aescbc: [{ aescbc: { keys: [{ name: 'k1', secret: keyA }] } }],
  secretbox: [{ secretbox: { keys: [{ name: 'k1', secret: keyA }] } }],
};

describe.each(Object.entries(providers))('%s', (name, provider) => {
  it('keeps what clients see and hides it in the store', async () => {
    const server = await start([{ resources: ['secrets'], providers: provider }]);
    expect((await server.post(secrets, secret('s'))).status).toBe(201);
    const bytes = await raw('/registry/secrets/default/s');
    expect(bytes.subarray(0, `k8s:enc:${name}:v1:k1:`.length).toString()).toBe(`k8s:enc:${name}:v1:k1:`);
    expect(bytes.includes('aHVudGVyMg')).toBe(false);
    const expected = { data: { password: 'aHVudGVyMg==' } };
    expect((await server.get(`${secrets}/s`)).body).toMatchObject(expected);
    expect((await server.get(secrets)).body.items[0]).toMatchObject(expected);
    const patched = await server.patch(`${secrets}/s`, 'merge', { data: { more: 'eA==' } });
    expect(patched.body.data).toEqual({ password: 'aHVudGVyMg==', more: 'eA==' });
    const again = await start();
    expect((await again.get(`${secrets}/s`)).body.data).toEqual({ password: 'aHVudGVyMg==', more: 'eA==' });
    expect((await again.del(`${secrets}/s`)).status).toBe(200);
    expect(await raw('/registry/secrets/default/s')).toHaveLength(0);
  });

  it('leaves other resources alone', async () => {
    const server = await start([{ resources: ['secrets'], providers: provider }]);
    await server.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' }, data: { a: 'plain' } });
    expect((await raw('/registry/configmaps/default/c')).toString()).toContain('plain');
  });

  it('tells watchers plain objects', async () => {
    const server = await start([{ resources: ['secrets'], providers: provider }]);
    const { body } = await server.get(secrets);
    const watching = watchEvents(server, `${secrets}?watch=1&resourceVersion=${body.metadata.resourceVersion}`, 2);
    await server.post(secrets, secret('s'));
    await server.del(`${secrets}/s`);
    expect((await watching).map((e) => [e.type, e.object.data.password])).toEqual([['ADDED', 'aHVudGVyMg=='], ['DELETED', 'aHVudGVyMg==']]);
  });
});

describe('a chain of providers', () => {
  it('reads plain objects from before, and rewrites one that a write leaves unchanged', async () => {
    const plain = await start([{ resources: ['secrets'], providers: [{ identity: {} }] }]);
    await plain.post(secrets, secret('s'));
    expect((await raw('/registry/secrets/default/s')).toString()).toContain('aHVudGVyMg');
    const server = await start([{ resources: ['secrets'], providers: [...providers.aesgcm, { identity: {} }] }]);
    const before = (await server.get(`${secrets}/s`)).body;
    const after = (await server.put(`${secrets}/s`, before)).body;
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    expect((await raw('/registry/secrets/default/s')).toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:k1:/);
    const third = (await server.put(`${secrets}/s`, after)).body;
    expect(third.metadata.resourceVersion).toBe(after.metadata.resourceVersion);
  });

  it('decrypts back to plain when identity is first', async () => {
    await (await start([{ resources: ['secrets'], providers: providers.secretbox }])).post(secrets, secret('s'));
    const server = await start([{ resources: ['secrets'], providers: [{ identity: {} }, ...providers.secretbox] }]);
    const { body } = await server.get(`${secrets}/s`);
    await server.put(`${secrets}/s`, body);
    expect((await raw('/registry/secrets/default/s')).toString()).toContain('aHVudGVyMg');
  });

  it('writes with the first key and reads with all', async () => {
    await (await start([{ resources: ['secrets'], providers: providers.secretbox }])).post(secrets, secret('s'));
    const server = await start([{ resources: ['secrets'], providers: [{ secretbox: { keys: [{ name: 'k2', secret: keyB }, { name: 'k1', secret: keyA }] } }] }]);
    const { body } = await server.get(`${secrets}/s`);
    expect(body.data.password).toBe('aHVudGVyMg==');
    await server.put(`${secrets}/s`, body);
    expect((await raw('/registry/secrets/default/s')).toString('latin1')).toMatch(/^k8s:enc:secretbox:v1:k2:/);
  });

  it('tries the next provider of the same kind when the first cannot open a value', async () => {
    await (await start([{ resources: ['secrets'], providers: providers.aesgcm }])).post(secrets, secret('s'));
    const server = await start([{ resources: ['secrets'], providers: [{ aesgcm: { keys: [{ name: 'k1', secret: keyB }] } }, ...providers.aesgcm] }]);
    expect((await server.get(`${secrets}/s`)).body.data.password).toBe('aHVudGVyMg==');
  });
});

describe('wildcards', () => {
  it('cover a group, the core group, or everything, earlier rules first', async () => {
    const server = await start([
      { resources: ['events', 'configmaps'], providers: [{ identity: {} }] },
      { resources: ['*.coordination.k8s.io'], providers: [{ aescbc: { keys: [{ name: 'g', secret: keyA }] } }] },
      { resources: ['*.*'], providers: [{ aesgcm: { keys: [{ name: 'all', secret: keyA }] } }] },
    ]);
    await server.post('/apis/coordination.k8s.io/v1/namespaces/default/leases', { metadata: { name: 'l' } });
    await server.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' } });
    await server.post(secrets, secret('s'));
    expect((await raw('/registry/leases/default/l')).toString('latin1')).toMatch(/^k8s:enc:aescbc:v1:g:/);
    expect((await raw('/registry/configmaps/default/c')).toString()).toMatch(/^\{/);
    expect((await raw('/registry/secrets/default/s')).toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:all:/);
    expect((await raw('/registry/namespaces/default')).toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:all:/);
  });

  it('refuse rules that they hide', async () => {
    writeConfig([{ resources: ['*.apps'], providers: providers.aesgcm }, { resources: ['deployments.apps'], providers: providers.aescbc }]);
    await expect(openEncryption(testWorld(), { file })).rejects.toThrow('resource "deployments.apps" is masked by earlier rule "*.apps"');
  });
});

describe('what cannot be decrypted', () => {
  beforeEach(async () => {
    await (await start([{ resources: ['secrets'], providers: providers.aesgcm }])).post(secrets, secret('lost'));
    const other = [{ resources: ['secrets'], providers: [{ secretbox: { keys: [{ name: 'k2', secret: keyB }] } }] }];
    await (await start(other)).post(secrets, secret('kept'));
  });

  it('fails by name and in lists, and nothing else fails', async () => {
    const server = api as TestServer;
    const lost = await server.get(`${secrets}/lost`);
    expect([lost.status, lost.body.message]).toEqual([500, 'Internal error occurred: no matching prefix found']);
    const list = await server.get(secrets);
    expect([list.status, list.body.message]).toEqual([500, 'Internal error occurred: unable to transform key "/registry/secrets/default/lost": no matching prefix found']);
    expect((await server.get('/api/v1/secrets')).status).toBe(500);
    expect((await server.get('/api/v1/namespaces/other/secrets')).status).toBe(200);
    expect((await server.get(`${secrets}/kept`)).body.data.password).toBe('aHVudGVyMg==');
    expect((await server.put(`${secrets}/lost`, secret('lost'))).status).toBe(500);
    expect((await server.del(`${secrets}/lost`)).status).toBe(500);
    expect((await server.post(secrets, secret('lost'))).status).toBe(409);
    expect((await raw('/registry/secrets/default/lost')).toString('latin1')).toMatch(/^k8s:enc:aesgcm/);
  });

  it('may be deleted unread where the feature gate says so, by whoever asks for exactly that', async () => {
    const unsafe = { ignoreStoreReadErrorWithClusterBreakingPotential: true };
    expect((await (api as TestServer).del(`${secrets}/lost`, unsafe)).status).toBe(500);
    await api?.[Symbol.asyncDispose]();
    api = await startTestServer(store, { ...(encryption === undefined ? {} : { encryption }), unsafeDeletion: true });
    expect((await api.del(`${secrets}/kept`, unsafe)).body.message).toBe(
      'secrets "kept" is invalid: ignoreStoreReadErrorWithClusterBreakingPotential: Invalid value: true: is exclusively used to delete corrupt object(s), try again by removing this option',
    );
    expect((await api.del(`${secrets}/lost`, { ...unsafe, gracePeriodSeconds: 0 })).body.message).toContain('cannot be set together with .gracePeriodSeconds');
    expect((await api.del(secrets, unsafe)).body.message).toContain('is not allowed with DELETECOLLECTION');
    expect((await api.del(`${secrets}/none`, unsafe)).status).toBe(404);
    expect((await api.del(`${secrets}/lost`)).status).toBe(500);
    expect((await api.del(`${secrets}/lost`, unsafe)).body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'lost', kind: 'Secret' } });
    expect((await api.get(secrets)).body.items.map((s: { metadata: { name: string } }) => s.metadata.name)).toEqual(['kept']);
  });

  it('is there again when its key is', async () => {
    const box = { secretbox: { keys: [{ name: 'k2', secret: keyB }] } };
    const server = await start([{ resources: ['secrets'], providers: [box] }], { reload: true });
    expect((await server.get(secrets)).status).toBe(500);
    writeConfig([{ resources: ['secrets'], providers: [box, ...providers.aesgcm] }]);
    await encryption?.reload();
    await expect.poll(async () => (await server.get(secrets)).status).toBe(200);
    expect((await server.get(secrets)).body.items.map((s: { metadata: { name: string } }) => s.metadata.name)).toEqual(['kept', 'lost']);
    expect((await server.get(`${secrets}/lost`)).body.data.password).toBe('aHVudGVyMg==');
  });

  it('is a moved value under an authenticated cipher', async () => {
    const server = await start([{ resources: ['secrets'], providers: providers.aesgcm }]);
    await server.post(secrets, secret('mine'));
    const stolen = await raw('/registry/secrets/default/mine');
    await stop();
    await store.commit({ conditions: [], writes: [{ put: '/registry/secrets/default/theirs', value: stolen }] });
    const again = await start();
    expect((await again.get(`${secrets}/theirs`)).body.message).toBe('Internal error occurred: cipher: message authentication failed');
  });

  it('is an encrypted value of a resource that nothing configures', async () => {
    const server = await start([{ resources: ['configmaps'], providers: providers.aesgcm }]);
    expect((await server.get(`${secrets}/lost`)).body.message).toBe('Internal error occurred: identity transformer tried to read encrypted data');
  });
});

describe('the file', () => {
  const fails = async (text: string): Promise<string> => {
    writeFileSync(file, text);
    return openEncryption(testWorld(), { file }).then(() => 'no error', (error: Error) => (error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message));
  };

  it('is decoded strictly', async () => {
    const head = 'kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n';
    const tail = 'resources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n';
    expect(await fails(`${head}${tail}`)).toBe('no error');
    expect(await fails(`${head}${tail}  resourcez: []\n`)).toBe(`error while parsing file: error decoding encryption provider configuration file "${file}": strict decoding error: unknown field "resources[0].resourcez"`);
    expect(await fails(`${head}kind: EncryptionConfiguration\n${tail}`)).toContain('strict decoding error: yaml: unmarshal errors:\n  line 3: key "kind" already set in map');
    expect(await fails('')).toBe(`error while parsing file: error while loading file: encryption provider configuration file "${file}" is empty`);
    expect(await fails('kind: Other\napiVersion: v1\n')).toContain('no kind "Other" is registered for version "v1"');
    expect(await fails(`${head}resources:\n- resources: secrets\n`)).toContain('cannot unmarshal string into Go struct field ResourceConfiguration.resources.resources of type []string');
  });

  it('is validated in upstream words', async () => {
    const config = (resources: unknown[]): string => JSON.stringify({ kind: 'EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', resources });
    const one = (resource: string, provider: object = { identity: {} }): string => config([{ resources: [resource], providers: [provider] }]);
    const cases: [string, string][] = [
      [config([]), 'resources: Required value: at least one resources is required'],
      [config([{ providers: [{ identity: {} }] }]), 'resources[0].resources: Required value: at least one resources[0].resources is required'],
      [config([{ resources: ['secrets'] }]), 'resources[0].providers: Required value: at least one resources[0].providers is required'],
      [one('Secrets'), 'resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters'],
      [one('*'), `resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`],
      [one('secrets.*'), 'resources[0].resources[0]: Invalid value: "secrets.*": encrypting the same resource across groups is not supported'],
      [one('events.events.k8s.io'), `resources[0].resources[0]: Invalid value: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`],
      [one('secrets', {}), 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'],
      [one('secrets', { identity: {}, aesgcm: {} }), 'more than one provider specified in a single element, should split into different list elements'],
      [one('secrets', { aescbc: { keys: [] } }), 'resources[0].providers[0].aescbc.keys: Required value: at least one keys is required'],
      [one('secrets', { aescbc: { keys: [{ name: 'a', secret: 'YQ==' }] } }), 'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 1, expected one of [16 24 32]'],
      [one('secrets', { secretbox: { keys: [{ secret: '!' }] } }), '[resources[0].providers[0].secretbox.keys[0].name: Required value: name is a mandatory field for a key, resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded]'],
      [one('secrets', { kms: { name: 'a:b', apiVersion: 'v2', endpoint: 'tcp://x' } }), `[resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':', resources[0].providers[0].kms.endpoint: Invalid value: "tcp://x": unsupported scheme "tcp" for KMS provider, only unix is supported]`],
      [one('secrets', { kms: { name: 'a', endpoint: 'unix:///x' } }), 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.'],
      [config([{ resources: ['secrets', '*.'], providers: [{ identity: {} }] }]), `resources[0].resources: Invalid value: ["secrets","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`],
    ];
    for (const [text, message] of cases) expect(await fails(text)).toContain(message);
  });
});
