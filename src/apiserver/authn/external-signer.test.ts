// A server whose service account tokens are signed by somebody else: a real gRPC service on a unix socket.
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { errorText } from '#base/errors.ts';
import { openMemoryStore, type Store } from '#store';
import { generateKey } from '#wire';
import { defaultSecurity } from '../default-security.ts';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';
import { externalSignerSchema, openExternalSigner } from './external-signer.ts';

type Message = Record<string, unknown>;
type Reply = sendUnaryData<Message>;
type Call = ServerUnaryCall<Message, Message>;

interface Pair {
  readonly id: string;
  readonly key: KeyObject;
  readonly hidden?: boolean;
}

const issuer = 'https://issuer.example';
const pair = (id: string, hidden = false): Pair => ({ id, key: createPrivateKey(generateKey('ecdsa-p256')), hidden });

let folder: string;
let socket: string;
let grpc: Server;
let store: Store;
let stop: AbortController;
let signer: { keys: Pair[]; signing: Pair; longest: number; refresh: number; timestamp: object | null; header?: object; signature?: string; refuses?: string; fetches: number };

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-signer-'));
  socket = join(folder, 's.sock');
  store = openMemoryStore(testWorld());
  stop = new AbortController();
  const first = pair('key-1');
  signer = { keys: [first], signing: first, longest: 7200, refresh: 600, timestamp: { seconds: '1700000000', nanos: 0 }, fetches: 0 };
  grpc = new Server();
  const definition = fromJSON(externalSignerSchema, { keepCase: true, longs: String, defaults: true })['v1.ExternalJWTSigner'] as ServiceDefinition;
  grpc.addService(definition, {
    Sign(call: Call, reply: Reply) {
      if (signer.refuses !== undefined) return reply({ code: status.FAILED_PRECONDITION, details: signer.refuses });
      const { id, key } = signer.signing;
      const header = encoded(signer.header ?? { alg: 'ES256', kid: id, typ: 'JWT' });
      const signature = signer.signature ?? sign('sha256', Buffer.from(`${header}.${String(call.request['claims'])}`), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      return reply(null, { header, signature });
    },
    FetchKeys(_call: Call, reply: Reply) {
      signer.fetches++;
      const keys = signer.keys.map(({ id, key, hidden }) => ({ key_id: id, key: createPublicKey(key).export({ type: 'spki', format: 'der' }), exclude_from_oidc_discovery: hidden === true }));
      reply(null, { keys, data_timestamp: signer.timestamp, refresh_hint_seconds: String(signer.refresh) });
    },
    Metadata: (_call: Call, reply: Reply) => reply(null, { max_token_expiration_seconds: String(signer.longest) }),
  });
  await new Promise<void>((resolve, reject) => grpc.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))));
});
afterEach(async () => {
  stop.abort(new Error('the test is over'));
  grpc.forceShutdown();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<TestServer> {
  const world = testWorld();
  const externalSigner = await openExternalSigner(world, { socket, maxTokenSeconds: 0, signal: stop.signal });
  const security = defaultSecurity(world, { serviceAccountKey: '', externalSigner, issuer, authorizationModes: ['AlwaysAllow'], maxTokenSeconds: externalSigner.maxTokenSeconds, signal: stop.signal });
  const api = await startTestServer(store, { security }, world);
  await api.post('/api/v1/namespaces', { metadata: { name: 'n' } });
  await api.post('/api/v1/namespaces/n/serviceaccounts', { metadata: { name: 'robot' } });
  return api;
}

const ask = (api: TestServer, expirationSeconds = 3600) => api.post('/api/v1/namespaces/n/serviceaccounts/robot/token', { spec: { expirationSeconds } });
const review = async (api: TestServer, token: string) => (await api.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })).body.status;

it('tokens are signed there, good here, and no longer than the signer allows', async () => {
  await using api = await open();
  const answer = await ask(api, 36_000);
  expect([answer.status, answer.headers.warning]).toEqual([201, '299 - "requested expiration of 36000 seconds shortened to 7200 seconds"']);
  expect(answer.body.spec.expirationSeconds).toBe(7200);
  const { token } = answer.body.status;
  expect(JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString())).toEqual({ alg: 'ES256', kid: 'key-1', typ: 'JWT' });
  expect(await review(api, token)).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:n:robot' } });
  const [head, claims] = token.split('.');
  expect(await review(api, `${head}.${claims}.AAAA`)).not.toHaveProperty('authenticated', true);
  const { text } = await api.get('/metrics');
  expect(text).toContain('apiserver_externaljwt_sign_request_total{code="OK"} 1\n');
  expect(text).toContain('apiserver_externaljwt_fetch_keys_data_timestamp 1.7e+09\n');
  expect(text).toMatch(/apiserver_externaljwt_request_duration_seconds_count\{code="OK",method="\/v1.ExternalJWTSigner\/Sign"\} 1\n/);
});

it('a key that has come since is fetched when a token names it, and shown to relying parties', async () => {
  await using api = await open();
  const kids = async (): Promise<string[]> => (await api.get('/openid/v1/jwks')).text.match(/"kid":"[^"]+"/g) ?? [];
  expect(await kids()).toEqual(['"kid":"key-1"']);
  expect((await api.get('/openid/v1/jwks')).headers['cache-control']).toMatch(/^public, max-age=(600|599)$/);
  const [second, old] = [pair('key-2'), pair('old', true)];
  signer.keys = [...signer.keys, second, old];
  signer.signing = second;
  signer.timestamp = { seconds: '1700000001', nanos: 5e8 };
  const { token } = (await ask(api)).body.status;
  expect(signer.fetches).toBe(2);
  expect(await review(api, token)).toMatchObject({ authenticated: true });
  expect(await kids()).toEqual(['"kid":"key-1"', '"kid":"key-2"']);
  // Hidden keys are good for tokens of old, not for new ones.
  signer.signing = old;
  const refused = await ask(api);
  expect([refused.status, refused.body.message]).toEqual([500, 'Internal error occurred: failed to generate token: while validating header: key used for signing JWT (kid: old) is excluded from OIDC discovery docs']);
});

it.each<[Partial<typeof signer>, string]>([
  [{ refuses: 'no' }, 'while signing jwt: rpc error: code = FailedPrecondition desc = no'],
  [{ header: { alg: 'ES256', kid: 'key-1', typ: 'JOSE' } }, 'while validating header: bad type'],
  [{ header: { alg: 'ES256', typ: 'JWT' } }, 'while validating header: key id missing'],
  [{ header: { alg: 'ES256', kid: 'k'.repeat(1025), typ: 'JWT' } }, 'while validating header: key id longer than 1 kb'],
  [{ header: { alg: 'HS256', kid: 'key-1', typ: 'JWT' } }, 'while validating header: bad signing algorithm "HS256"'],
  [{ header: { alg: 'ES256', kid: 'key-1', typ: 'JWT', jku: 'x' } }, 'while validating header: while parsing header JSON: json: unknown field "jku"'],
  [{ signature: '' }, 'empty signature returned'],
])('an answer of %o makes no token', async (answer, text) => {
  await using api = await open();
  Object.assign(signer, answer);
  const refused = await ask(api);
  expect([refused.status, refused.body.message]).toEqual([500, `Internal error occurred: failed to generate token: ${text}`]);
});

const filling = 'while setting up external-jwt-signer: while initially filling key cache: while performing initial cache fill: while fetching token verification keys: ';
it.each<[Partial<typeof signer>, number, string]>([
  [{ longest: 599 }, 0, 'max token life supported by external-jwt-signer (599s) is less than acceptable (min 600s)'],
  [{}, 9000, 'service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: 2h30m0s > 2h0m0s'],
  [{ refresh: 0 }, 0, `${filling}found invalid refresh hint (0s)`],
  [{ keys: [] }, 0, `${filling}found no keys`],
  [{ timestamp: null }, 0, `${filling}invalid data timestamp: proto: invalid nil Timestamp`],
  [{ keys: [pair('')] }, 0, `${filling}found invalid public key id ""`],
])('a signer of %o with a bound of %d s is refused at the start', async (answer, maxTokenSeconds, text) => {
  Object.assign(signer, answer);
  const failure = await openExternalSigner(testWorld(), { socket, maxTokenSeconds, signal: stop.signal }).then(() => undefined, errorText);
  expect(failure).toBe(text);
});
