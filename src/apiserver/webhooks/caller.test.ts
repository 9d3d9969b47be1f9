// The one client of webhooks against real TLS servers: trust, names, deadlines, redirects, dead connections, and the
// texts by which people know what went wrong.
import { afterEach, expect, test } from 'vitest';
import { notFound, StatusError } from '#machinery';
import { testWorld } from '../test-server.case.ts';
import { createWebhookCaller, type WebhookCallerParts } from './caller.ts';
import type { WebhookClientConfig } from './client-config.ts';
import { caBundle, frontProxyClient, jsonHandler, startBackend, strangerCaBundle } from './tls-backend.case.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function callerTo(port: number, more: Partial<WebhookCallerParts> = {}) {
  const caller = createWebhookCaller({ world: testWorld(), resolve: () => ({ host: '127.0.0.1', port }), ...more });
  open.push(caller);
  return caller;
}

async function backend(...args: Parameters<typeof startBackend>) {
  const started = await startBackend(...args);
  open.push(started);
  return started;
}

const service: WebhookClientConfig = { service: { namespace: 'ns', name: 'hook', path: '/validate/', port: 8443 }, caBundle };
const textOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'resolved', (error: unknown) => (error instanceof Error ? error.message : String(error)));

test('a Service is called under its DNS name, wherever it resolves to', async () => {
  const seen: string[] = [];
  const { port } = await backend(async (exchange) => {
    seen.push(`${exchange.protocol} ${exchange.headers.host ?? ''} ${exchange.url} ${exchange.headers['user-agent'] ?? ''}`);
    exchange.send(200, { 'content-type': 'application/json' }, '{"kind":"Answer","big":9007199254740993}');
  }, ['hook.ns.svc']);
  const answer = await callerTo(port).post(service, { kind: 'Question' }, { timeoutMs: 9_500 });
  expect(JSON.stringify(answer)).toContain('"kind":"Answer"');
  expect(seen).toEqual(['http/1.1 hook.ns.svc:8443 /validate?timeout=10s kube-apiserver-admission']);
});

test('a URL is called as it is; this machine over HTTP/2', async () => {
  const protocols: string[] = [];
  const { url } = await backend(async (exchange) => {
    protocols.push(exchange.protocol);
    exchange.send(200, {}, '{}');
  });
  await callerTo(1).post({ url: `${url}/x`, caBundle }, {});
  expect(protocols).toEqual(['h2']);
});

test('failures read as Go tells them', async () => {
  const { port } = await backend(jsonHandler(() => ({})), ['other.ns.svc', '*.apps.example']);
  const post = 'Post "https://hook.ns.svc:8443/validate": ';
  expect(await textOf(callerTo(port).post(service, {}))).toBe(`${post}tls: failed to verify certificate: x509: certificate is valid for localhost, other.ns.svc, *.apps.example, not hook.ns.svc`);
  expect(await textOf(callerTo(port).post({ ...service, caBundle: strangerCaBundle }, {}))).toBe(`${post}tls: failed to verify certificate: x509: certificate signed by unknown authority`);
  const closed = await startBackend(jsonHandler(() => ({})));
  await closed.close();
  expect(await textOf(callerTo(closed.port).post(service, {}))).toBe(`${post}dial tcp 127.0.0.1:${closed.port}: connect: connection refused`);
  expect(await textOf(callerTo(1).post({ url: `https://127.0.0.1:${closed.port}/a`, caBundle }, {}))).toBe(`Post "https://127.0.0.1:${closed.port}/a": dial tcp 127.0.0.1:${closed.port}: connect: connection refused`);
  const unresolved = callerTo(1, { resolve: () => { throw notFound({ group: '', resource: 'service' }, 'hook'); } });
  expect(await textOf(unresolved.post(service, {}))).toBe(`${post}service "hook" not found`);
  expect(await textOf(callerTo(1).post({}, {}))).toBe('webhook configuration must have either service or URL');
  expect(await textOf(callerTo(1).post({ url: 'http://127.0.0.1:1/' }, {}))).toBe("'https' is the only allowed URL scheme");
});

test('a deadline and a caller who leaves are told apart', async () => {
  const { port } = await backend(async () => new Promise(() => undefined), ['hook.ns.svc']);
  const caller = callerTo(port);
  expect(await textOf(caller.post(service, {}, { timeoutMs: 30 }))).toBe('Post "https://hook.ns.svc:8443/validate?timeout=1s": context deadline exceeded');
  const abort = new AbortController();
  const waiting = caller.post(service, {}, { signal: abort.signal });
  abort.abort(new Error('the client is gone'));
  await expect(waiting).rejects.toMatchObject({ message: 'Post "https://hook.ns.svc:8443/validate": context canceled', canceled: true });
});

test('refusals: a Status, plain text, a redirect that is not followed, too much, nothing', async () => {
  const replies: Record<string, [number, Record<string, string>, string]> = {
    '/status': [403, { 'content-type': 'application/json' }, JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'not you', reason: 'Forbidden', code: 403 })],
    '/text': [500, { 'content-type': 'text/plain' }, 'out of order\n'],
    '/moved': [307, { location: '/status' }, ''],
    '/large': [200, { 'content-type': 'application/json' }, `"${'x'.repeat(2000)}"`],
    '/empty': [200, { 'content-type': 'application/json' }, ''],
    '/bad': [200, { 'content-type': 'application/json' }, '{'],
  };
  const asked: string[] = [];
  const { url } = await backend(async (exchange) => {
    asked.push(exchange.url);
    exchange.send(...(replies[exchange.url] ?? [404, {}, '']));
  });
  const caller = callerTo(1);
  const told = (path: string): Promise<string> => textOf(caller.post({ url: url + path, caBundle }, {}, { maxResponseBytes: 1000 }));
  expect(await told('/status')).toBe('not you');
  await expect(caller.post({ url: `${url}/status`, caBundle }, {})).rejects.toBeInstanceOf(StatusError);
  expect(await told('/text')).toBe('an error on the server ("out of order") has prevented the request from succeeding');
  expect(await told('/moved')).toBe('the server responded with the status code 307 but did not return more information');
  expect(asked.filter((path) => path === '/status')).toHaveLength(2);
  expect(await told('/large')).toBe('webhook response is larger than 1000 bytes');
  expect(await told('/empty')).toBe('0-length response with status code: 200 and content type: application/json');
  expect(await told('/bad')).toContain("couldn't get version/kind; json parse error: ");
});

test('who is asked to come back comes back', async () => {
  let calls = 0;
  const { port } = await backend(async (exchange) => {
    await exchange.body(1 << 20);
    if (++calls === 1) exchange.send(429, { 'retry-after': '0' }, '');
    else exchange.send(200, {}, '{"ok":true}');
  }, ['hook.ns.svc']);
  expect(await callerTo(port).post(service, {})).toEqual({ ok: true });
});

test('a kept connection that died is replaced without anybody noticing', async () => {
  const first = await startBackend(jsonHandler(() => ({ from: 1 })), ['hook.ns.svc']);
  const caller = callerTo(first.port);
  expect(await caller.post(service, {})).toEqual({ from: 1 });
  await first.close();
  await backend(jsonHandler(() => ({ from: 2 })), ['hook.ns.svc'], first.port);
  expect(await caller.post(service, {})).toEqual({ from: 2 });
});

test('the server identifies itself where it is told to', async () => {
  const { port } = await backend(jsonHandler((_body, _url, peer) => ({ peer: peer?.commonName ?? 'nobody' })), ['hook.ns.svc']);
  expect(await callerTo(port).post(service, {})).toEqual({ peer: 'nobody' });
  const credentials = (target: string) => (target === 'hook.ns.svc:8443' ? frontProxyClient : {});
  expect(await callerTo(port, { credentials }).post(service, {})).toEqual({ peer: 'front-proxy-client' });
});
