// REST verbs as the server sees them, and what its refusals become.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Deployment } from '#api/apps/v1.ts';
import type { ConfigMap, Pod } from '#api/core/v1.ts';
import { StatusError } from '#machinery';
import type { TransportRequest } from '#wire';
import { createClient } from './client.ts';
import { retryOnConflict } from './conflict.ts';
import { createExpectations } from './expectations.ts';
import { fakeApi } from './fake-api.case.ts';
import { fakeWorld } from './fake-world.case.ts';
import { FrameTooLargeError, lines } from './frames.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { podTemplateHash } from './template-hash.ts';

function setup() {
  const world = fakeWorld();
  const api = fakeApi(world);
  const sent: TransportRequest[] = [];
  const client = createClient(world, { ...api.transport, request: (request) => (sent.push(request), api.transport.request(request)) }, { userAgent: 'skiff/test', fieldManager: 'tester', token: () => 'secret' });
  return { world, api, client, sent };
}

test('paths, queries and bodies of the verbs', async () => {
  const { client, sent, api } = setup();
  api.intercept = () => ({ status: 200, body: {} });
  const deployments = client.resource<Deployment>('deployments.apps').in('shop');
  await deployments.get('web');
  await deployments.list({ labelSelector: 'app in (a,b)', limit: 5 });
  await deployments.patch('web', 'apply', { spec: {} }, { force: true, fieldManager: 'other' });
  await deployments.patch('web', 'strategic', {}, { subresource: 'status', dryRun: true });
  await deployments.delete('web', { propagationPolicy: 'Foreground', preconditions: { uid: 'u' } });
  await deployments.createSub('web', 'scale', { spec: { replicas: 1 } });
  await client.resource<Deployment>('deployments.apps').updateStatus({ metadata: { name: 'web', namespace: 'own' } });
  await client.resource('nodes').get('n 1');
  expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /apis/apps/v1/namespaces/shop/deployments/web',
    'GET /apis/apps/v1/namespaces/shop/deployments?labelSelector=app+in+%28a%2Cb%29&limit=5',
    'PATCH /apis/apps/v1/namespaces/shop/deployments/web?fieldManager=other&force=true',
    'PATCH /apis/apps/v1/namespaces/shop/deployments/web/status?dryRun=All&fieldManager=tester',
    'DELETE /apis/apps/v1/namespaces/shop/deployments/web',
    'POST /apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=tester',
    'PUT /apis/apps/v1/namespaces/own/deployments/web/status?fieldManager=tester',
    'GET /api/v1/nodes/n%201',
  ]);
  expect(sent[2]?.headers).toMatchObject({ 'content-type': 'application/apply-patch+yaml', 'user-agent': 'skiff/test', authorization: 'Bearer secret' });
  expect(JSON.parse(String(sent[4]?.body))).toEqual({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', preconditions: { uid: 'u' } });
  expect(JSON.parse(String(sent[6]?.body))).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
});

test('a refusal is a StatusError; one without a Status says what came', async () => {
  const { client, api } = setup();
  await expect(client.resource<Pod>('pods').in('a').get('none')).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  api.intercept = () => ({ status: 502, body: 'bad gateway' });
  const error: unknown = await client.resource<Pod>('pods').in('a').get('none').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StatusError);
  expect(String(error)).toContain('502: "bad gateway"');
});

test('an overloaded server is obeyed', async () => {
  const { world, client, api } = setup();
  let refusals = 3;
  api.intercept = () => (refusals-- > 0 ? { status: 429, headers: { 'retry-after': '2' } } : undefined);
  api.put('/api/v1/namespaces/a/pods/web', { metadata: { name: 'web', namespace: 'a' } });
  const pod = client.resource<Pod>('pods').in('a').get('web');
  await world.advance(6_000);
  expect((await pod).metadata?.name).toBe('web');
  expect(api.requests).toHaveLength(4);
});

test('retryOnConflict reads afresh and writes again', async () => {
  const { world, client, api } = setup();
  api.put('/api/v1/namespaces/a/configmaps/one', { metadata: { name: 'one', namespace: 'a' } });
  const maps = client.resource<ConfigMap>('configmaps').in('a');
  let tries = 0;
  const written = retryOnConflict(world, async () => {
    const map = await maps.get('one');
    if (++tries === 1) await maps.patch('one', 'merge', { data: { other: 'x' } });
    return maps.update({ ...map, data: { ...map.data, mine: 'y' } });
  });
  await world.advance(1_000);
  expect((await written).data).toEqual({ other: 'x', mine: 'y' });
  expect(tries).toBe(2);
});

test('frames split anywhere come out whole; one too large ends the stream', async () => {
  const text = Buffer.from('{"a":"ä€"}\n\n{"b":2}\n{"cut":');
  for (let size = 1; size < text.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size);
    };
    const found: string[] = [];
    for await (const batch of lines(chunks())) found.push(...batch);
    expect(found).toEqual(['{"a":"ä€"}', '{"b":2}']);
  }
  const endless = async function* () {
    for (;;) yield Buffer.alloc(100, 'x');
  };
  await expect(lines(endless(), 1000).next()).rejects.toThrow(FrameTooLargeError);
});

test('expectations: outstanding until seen, a doubled delete counts once, a lost event is forgiven', async () => {
  const world = fakeWorld();
  const expectations = createExpectations(world.clock);
  expectations.expectCreations('k', 2);
  expectations.creationObserved('k');
  expect(expectations.satisfied('k')).toBe(false);
  expectations.creationObserved('k');
  expect(expectations.satisfied('k')).toBe(true);
  expectations.expectDeletions('k', ['u1', 'u2']);
  expectations.deletionObserved('k', 'u1');
  expectations.deletionObserved('k', 'u1');
  expect(expectations.satisfied('k')).toBe(false);
  await world.advance(5 * 60_000 + 1);
  expect(expectations.satisfied('k')).toBe(true);
});

test('template hashes are stable, named like upstream, and told apart by collisions', () => {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const reordered = { spec: { containers: [{ image: 'i', name: 'c' }] }, metadata: { labels: { app: 'web' } } };
  expect(podTemplateHash(template)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
  expect(podTemplateHash(reordered)).toBe(podTemplateHash(template));
  expect(podTemplateHash(template, 1)).not.toBe(podTemplateHash(template));
});

test('kubeconfig: inline data, files beside it, token files that change', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'));
  try {
    writeFileSync(join(dir, 'ca.pem'), 'CA');
    writeFileSync(join(dir, 'token'), 'one\n');
    writeFileSync(join(dir, 'config'), [
      'current-context: a',
      'contexts: [{name: a, context: {cluster: c, user: u, namespace: shop}}, {name: b, context: {cluster: c, user: gone}}]',
      'clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.pem}}]',
      `users: [{name: u, user: {tokenFile: token, client-certificate-data: ${Buffer.from('CERT').toString('base64')}}}]`,
    ].join('\n'));
    const world = fakeWorld();
    const access = await loadKubeconfig(world, join(dir, 'config'));
    expect(access).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'shop', tls: { ca: 'CA', cert: 'CERT', insecureSkipVerify: false } });
    expect(await access.token?.()).toBe('one');
    writeFileSync(join(dir, 'token'), 'two');
    expect(await access.token?.()).toBe('one');
    await world.advance(61_000);
    expect(await access.token?.()).toBe('two');
    await expect(loadKubeconfig(world, join(dir, 'config'), { context: 'b' })).rejects.toThrow('no user "gone" in users');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('names of members are read as they are written, whatever names came before', async () => {
  const { client, api } = setup();
  const specs: unknown[] = [{ h: [], '\\': 0 }, { h: 1, '"': 2 }];
  const found = [];
  for (const spec of specs) {
    api.intercept = () => ({ status: 200, body: { spec } });
    found.push(JSON.stringify(await client.resource('deployments.apps').in('shop').get('web')));
  }
  expect(found).toEqual(specs.map((spec) => JSON.stringify({ spec })));
});
