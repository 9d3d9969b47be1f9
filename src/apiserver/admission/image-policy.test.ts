// ImagePolicyWebhook through REST, configured by a kubeconfig, against a real TLS server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { openSecurity, pod, startTestServer, testWorld } from '../test-server.case.ts';
import { reviewClient } from '../webhooks/index.ts';
import { caBundle, frontProxyClient, startBackend } from '../webhooks/tls-backend.case.ts';
import { imagePolicyWebhook, parseImagePolicy } from './image-policy.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const pods = '/api/v1/namespaces/default/pods';

type Answer = (spec: Record<string, unknown>) => { readonly status: number; readonly body: unknown };

async function start(answer: Answer, config: Record<string, unknown> = {}) {
  const asked: unknown[] = [];
  const backend = await startBackend(async (exchange) => {
    const { spec } = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { spec: Record<string, unknown> };
    asked.push([exchange.url, exchange.peer.certificate?.commonName, spec]);
    const { status, body } = answer(spec);
    exchange.send(status, { 'content-type': 'application/json' }, JSON.stringify(body));
  });
  const folder = mkdtempSync(join(tmpdir(), 'image-policy-'));
  const file = join(folder, 'kubeconfig');
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  writeFileSync(file, `
clusters: [{name: c, cluster: {server: "${backend.url}/review", certificate-authority-data: ${caBundle}}}]
users: [{name: u, user: {client-certificate-data: ${base64(frontProxyClient.cert)}, client-key-data: ${base64(frontProxyClient.key)}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`);
  const world = testWorld();
  const client = reviewClient(world, file);
  const { settings } = parseImagePolicy({ imagePolicy: { kubeConfigFile: file, retryBackoff: 1, ...config } });
  const store = openMemoryStore(world);
  const api = await startTestServer(store, { security: () => ({ ...openSecurity(), admission: [imagePolicyWebhook(world, client, settings)] }) });
  cleanups.push(() => backend.close(), () => rmSync(folder, { recursive: true }), () => client.close(), () => store.close(), async () => api[Symbol.asyncDispose]());
  return { api, asked };
}

const reviewed = (status: unknown) => ({ status: 200, body: { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', spec: {}, status } });

test('images are asked about once, under the server\'s identity', async () => {
  const { api, asked } = await start(() => reviewed({ allowed: true }));
  expect((await api.post(pods, pod('a'))).status).toBe(201);
  expect((await api.post(pods, pod('b'))).status).toBe(201);
  expect(asked).toEqual([['/review', 'front-proxy-client', { containers: [{ image: 'busybox' }], namespace: 'default' }]]);
});

test('a refusal is told with the webhook\'s reason', async () => {
  const { api } = await start(() => reviewed({ allowed: false, reason: 'unsigned' }));
  const { status, body } = await api.post(pods, pod('a'));
  expect([status, body.message]).toEqual([403, 'pods "a" is forbidden: image policy webhook backend denied one or more images: unsigned']);
});

test('a webhook that fails for a moment is asked again; one that stays down decides as configured', async () => {
  let calls = 0;
  const { api } = await start(() => (++calls < 3 ? { status: 500, body: {} } : reviewed({ allowed: true })));
  expect((await api.post(pods, pod('a'))).status).toBe(201);
  expect(calls).toBe(3);
  const closed = await start(() => ({ status: 403, body: {} }));
  expect((await closed.api.post(pods, pod('a'))).status).toBe(403);
  const open = await start(() => ({ status: 403, body: {} }), { defaultAllow: true });
  const { status, body } = await open.api.post(pods, pod('a'));
  expect([status, body.metadata.annotations]).toEqual([201, { 'alpha.image-policy.k8s.io/failed-open': 'true' }]);
});

test('durations have bounds', () => {
  expect(parseImagePolicy({ imagePolicy: { allowTTL: -1, denyTTL: 50 } }).settings).toEqual({ allowMs: 0, denyMs: 50_000, retryBackoffMs: 500, defaultAllow: false });
  expect(() => parseImagePolicy({ imagePolicy: { allowTTL: 1801 } })).toThrow('valid value is between 1s and 30m0s, got 30m1s');
  expect(() => parseImagePolicy({})).toThrow('no config specified');
});
