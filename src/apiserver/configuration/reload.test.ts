// Configuration files that change while the server runs: what comes into force, when, and what happens to the old.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock, type Clock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import type { World } from '#base/world.ts';
import { generateKey, keyIdOf, publicJwk, signJwt } from '#wire';
import { configuredTokens } from '../authn/index.ts';
import { alwaysAllow, authorizerRow } from '../authz/index.ts';
import type { Attributes } from '../contract.ts';
import { testWorld } from '../test-server.case.ts';

let directory = '';
let stop = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-reload-'));
  stop = new AbortController();
});
afterEach(() => {
  stop.abort(new Error('the test is over'));
  rmSync(directory, { recursive: true, force: true });
});

/** Time that moves when told to. */
function steppedWorld(): { readonly world: World; advance(ms: number): Promise<void> } {
  let passed = 0;
  let timers: { at: number; run(): void }[] = [];
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + passed,
    monotonic: () => passed,
    after(ms, run) {
      const timer = { at: passed + ms, run };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((other) => other !== timer)) };
    },
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => endOfTurn(resolve));
  };
  return {
    world: { ...testWorld(), clock },
    async advance(ms) {
      const end = passed + ms;
      await settle();
      for (let next = first(timers, end); next !== undefined; next = first(timers, end)) {
        const due = next;
        timers = timers.filter((timer) => timer !== due);
        passed = Math.max(passed, due.at);
        due.run();
        await settle();
      }
      passed = end;
    },
  };
}

function first(timers: readonly { readonly at: number; run(): void }[], end: number) {
  return timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
}

const asked: Attributes = { user: { name: 'jane', groups: [] }, isResourceRequest: true, verb: 'get', path: '', apiGroup: '', apiVersion: 'v1', namespace: '', resource: 'pods', subresource: '', name: '' };

test('a new row of authorizers takes over, and the connections of the old one go when its last question is answered', async () => {
  const { world, advance } = steppedWorld();
  const sockets = new Set<Socket>();
  let answer: (() => void) | undefined;
  const questions = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => {
      const body = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', status: { allowed: true } });
      answer = () => socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      questions.resolve();
    });
  });
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const kubeconfig = join(directory, 'hook.yaml');
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: '' } }], clusters: [{ name: 'k', cluster: { server: `http://127.0.0.1:${port}/` } }],
  }));
  const file = join(directory, 'authorization.yaml');
  const write = (...authorizers: object[]): void => writeFileSync(file, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }));
  const hook = { timeout: '30s', subjectAccessReviewVersion: 'v1', failurePolicy: 'Deny', authorizedTTL: '1m', unauthorizedTTL: '1m', connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig } };
  write({ type: 'Webhook', name: 'hook', webhook: hook });
  const row = authorizerRow(world, { modes: [], file, serverId: 'me' }, { AlwaysAllow: alwaysAllow, RBAC: alwaysAllow }, stop.signal);
  const pending = row()[0]?.authorize(asked);
  await questions.promise;

  write({ type: 'RBAC', name: 'rbac' });
  await advance(10_000);
  expect(row()[0]?.name).not.toBe('AlwaysAllow');
  expect(await world.metrics.text()).toMatch(/apiserver_authorization_config_controller_automatic_reloads_total\{apiserver_id_hash="sha256:[0-9a-f]{64}",status="failure"\} 1\n/);

  write({ type: 'AlwaysAllow', name: 'open' });
  await advance(10_000);
  expect(row().map(({ name }) => name)).toEqual(['AlwaysAllow']);
  expect(sockets.size).toBe(1);
  answer?.();
  expect(await pending).toMatchObject({ decision: 'allow' });
  await expect.poll(() => sockets.size).toBe(0);
  expect(row()[0]?.authorize(asked)).toMatchObject({ decision: 'allow' });
  const text = await world.metrics.text();
  expect(text).toContain('apiserver_authorization_decisions_total{decision="allowed",name="open",type="AlwaysAllow"} 1\n');
  expect(text).toContain('apiserver_authorization_decisions_total{decision="allowed",name="hook",type="Webhook"} 1\n');
  expect(text).toMatch(/automatic_reloads_total\{apiserver_id_hash="sha256:[0-9a-f]{64}",status="success"\} 1\n/);
  server.close();
});

test('providers of a changed file take over when all of them can be asked, and never when one cannot', async () => {
  const { world, advance } = steppedWorld();
  const key = createPrivateKey(generateKey());
  const documents = new Map<string, string>();
  const provide = (issuer: string): void => {
    documents.set(`${issuer}/.well-known/openid-configuration`, JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    documents.set(`${issuer}/keys`, JSON.stringify({ keys: [publicJwk(createPublicKey(key))] }));
  };
  const token = (iss: string): string => signJwt({ iss, aud: 'a', sub: 'jane', exp: Math.floor(world.clock.now() / 1000) + 600 }, key, keyIdOf(createPublicKey(key)));
  const file = join(directory, 'authentication.yaml');
  const write = (issuer: string, more: object = {}): void => writeFileSync(file, JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [{ issuer: { url: issuer, audiences: ['a'] }, claimMappings: { username: { claim: 'sub', prefix: '' } } }], ...more,
  }));
  const fetch = async (url: string): Promise<string> => documents.get(url) ?? Promise.reject(new Error(`404 ${url}`));
  const [old, next] = ['https://old.example', 'https://next.example'];
  provide(old);
  write(old);
  const tokens = configuredTokens(world, { source: { path: file }, fetcher: () => fetch, apiAudiences: ['api'], serviceAccountIssuers: [] }, stop.signal);
  await advance(0);
  expect(await tokens.check({ token: token(old) })).toMatchObject({ identity: { name: 'jane' } });

  write(next);
  await advance(75_000);
  expect(await tokens.check({ token: token(old) })).toBeDefined();
  expect(await world.metrics.text()).toContain('apiserver_authentication_config_controller_automatic_reloads_total{apiserver_id_hash="",status="failure"} 1\n');
  provide(next);
  await advance(30_000);
  expect(await tokens.check({ token: token(next) })).toMatchObject({ identity: { name: 'jane' } });
  const text = await world.metrics.text();
  expect(text).toContain('apiserver_authentication_config_controller_automatic_reloads_total{apiserver_id_hash="",status="success"} 1\n');
  expect(text.match(/jwks_fetch_last_key_set_info\{/g)).toHaveLength(2);
  expect(text).toMatch(/apiserver_authentication_jwt_authenticator_latency_seconds_count\{jwt_issuer_hash="sha256:[0-9a-f]{64}",result="success"\} 1\n/);
  expect(text).toContain('authentication_token_cache_request_total{status="miss"} 3\n');
  await advance(60_000);
  expect((await world.metrics.text()).match(/jwks_fetch_last_key_set_info\{/g)).toHaveLength(1);

  write(next, { anonymous: { enabled: true } });
  await advance(10_000);
  expect(tokens.anonymous()).toBeUndefined();
  expect(await world.metrics.text()).toContain('apiserver_authentication_config_controller_automatic_reloads_total{apiserver_id_hash="",status="failure"} 2\n');
});

test('who may be anonymous is said by the flag or by the file, not by both', () => {
  const file = join(directory, 'authentication.yaml');
  const open = (anonymousByFlag: boolean, more: object): (() => unknown) => {
    writeFileSync(file, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [], ...more }));
    const fetch = (): Promise<string> => Promise.reject(new Error('nobody'));
    return () => configuredTokens(steppedWorld().world, { source: { path: file }, fetcher: () => fetch, apiAudiences: [], serviceAccountIssuers: [], anonymousByFlag }, stop.signal).anonymous();
  };
  const anonymous = { enabled: true, conditions: [{ path: '/livez' }] };
  expect(open(false, { anonymous })()).toEqual({ enabled: true, paths: ['/livez'] });
  expect(open(true, {})()).toBeUndefined();
  expect(open(true, { anonymous })).toThrow('anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file');
});
