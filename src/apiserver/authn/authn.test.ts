// Credentials of every kind, good and bad: tokens bound to things that go away, wrong signatures, expired tokens,
// bootstrap tokens, static files, certificates, anonymous, impersonation.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '#base/random.ts';
import { generateKey, type Exchange } from '#wire';
import type { Identity, KubeObject, RequestInfo } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, createServiceAccountTokens, keyId, serviceAccountCheck, staticTokenCheck, x509Authenticator } from './index.ts';

let nowMs = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => ({ cancel() {} }) };
const info = { path: '/api' } as RequestInfo;

function exchange(headers: Record<string, string>, peer: Partial<Exchange['peer']> = {}): Exchange {
  return { headers, peer: { address: '', port: 0, ...peer } } as Exchange;
}

const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa', namespace: 'x', uid: 'u-sa' } };
const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x', uid: 'u-pod' }, spec: { serviceAccountName: 'sa' } };

function tokens(type: 'ecdsa-p256' | 'rsa-2048' = 'ecdsa-p256') {
  const reader = fakeReader(account, pod);
  const privateKey = createPrivateKey(generateKey(type));
  const publicKey = createPublicKey(privateKey);
  const made = createServiceAccountTokens(clock, systemRandom, reader, { issuer: 'https://skiff', audiences: ['https://skiff'], privateKey, publicKeys: [publicKey], keyId: keyId(publicKey), maxExpirationSeconds: 86_400 });
  return { reader, ...made };
}

function tokenOf(object: KubeObject): string {
  return (object.status as { token: string }).token;
}

describe('service account tokens', () => {
  test.each(['ecdsa-p256', 'rsa-2048'] as const)('issued and accepted (%s)', (type) => {
    const { issue, authenticate } = tokens(type);
    const token = tokenOf(issue('x', 'sa', { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'u-pod' } } }));
    expect(authenticate(token)?.identity).toMatchObject({
      name: 'system:serviceaccount:x:sa', uid: 'u-sa', groups: ['system:serviceaccounts', 'system:serviceaccounts:x'], extra: { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u-pod'] },
    });
  });
  test('refused once the pod, or the account, is gone or another of that name', () => {
    for (const [kind, name] of [['Pod', 'p'], ['ServiceAccount', 'sa']] as const) {
      const { issue, authenticate, reader } = tokens();
      const token = tokenOf(issue('x', 'sa', { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } } }));
      reader.remove(kind, name);
      expect(() => authenticate(token)).toThrow('Unauthorized');
      reader.put({ ...(kind === 'Pod' ? pod : account), metadata: { name, namespace: 'x', uid: 'another' } });
      expect(() => authenticate(token)).toThrow('Unauthorized');
    }
  });
  test('refused when expired, for another audience, or with a wrong signature; foreign tokens are not ours', () => {
    const { issue, authenticate } = tokens();
    const nothingBound = JSON.parse('{"audiences":[],"expirationSeconds":600,"boundObjectRef":null}') as { audiences: string[] };
    const token = tokenOf(issue('x', 'sa', { spec: nothingBound }));
    expect(() => authenticate(token, ['vault'])).toThrow('Unauthorized');
    expect(() => authenticate(`${token.slice(0, -4)}AAAA`)).toThrow('Unauthorized');
    nowMs += 601_000;
    expect(() => authenticate(token)).toThrow('Unauthorized');
    expect(authenticate('not.a.jwt')).toBeUndefined();
    expect(authenticate('plain')).toBeUndefined();
  });
  test('requests are checked: too short a life, another account\'s pod, a pod that is not there', () => {
    const { issue, reader } = tokens();
    expect(() => issue('x', 'sa', { spec: { audiences: [], expirationSeconds: 1 } })).toThrow(/may not specify a duration less than 10 minutes/);
    expect(() => issue('x', 'sa', { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'gone' } } })).toThrow('pods "gone" not found');
    expect(() => issue('x', 'sa', { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'old' } } })).toThrow(/does not match the UID in record/);
    reader.put({ ...account, metadata: { name: 'other', namespace: 'x', uid: 'u2' } });
    expect(() => issue('x', 'other', { spec: { audiences: [], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } } })).toThrow(/different serviceaccount name/);
  });
});

test('bootstrap tokens: good, expired, wrong secret, not for authentication', () => {
  const secret = (more: Record<string, string>): KubeObject => ({
    apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token', metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    data: Object.fromEntries(Object.entries({ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', 'auth-extra-groups': 'system:bootstrappers:x,evil', ...more }).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  });
  const check = (more: Record<string, string>, token: string): Identity | undefined => bootstrapTokenCheck(clock, fakeReader(secret(more)))(token)?.identity;
  expect(check({}, 'abcdef.0123456789abcdef')).toEqual({ name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:x'] });
  expect(check({}, 'abcdef.0123456789abcdee')).toBeUndefined();
  expect(check({ expiration: '2020-01-01T00:00:00Z' }, 'abcdef.0123456789abcdef')).toBeUndefined();
  expect(check({ 'usage-bootstrap-authentication': 'false' }, 'abcdef.0123456789abcdef')).toBeUndefined();
});

test('static tokens, and bad bearer tokens are refused rather than anonymous', async () => {
  const bearer = bearerAuthenticator([staticTokenCheck('secret,jane,42,"dev,ops"\n')]);
  expect(await bearer.authenticate(exchange({ authorization: 'Bearer secret' }), info)).toEqual({ name: 'jane', uid: '42', groups: ['dev', 'ops', 'system:authenticated'] });
  await expect(bearer.authenticate(exchange({ authorization: 'Bearer wrong' }), info)).rejects.toThrow('Unauthorized');
  expect(await bearer.authenticate(exchange({}), info)).toBeUndefined();
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;
  expect(await bearer.authenticate(exchange({ 'sec-websocket-protocol': `v4.channel.k8s.io, ${protocol}` }), info)).toMatchObject({ name: 'jane' });
  expect(() => staticTokenCheck('only-a-token')).toThrow('token file, line 1');
  expect(serviceAccountCheck(tokens())('zzz')).toBeUndefined();
});

test('certificates: CN is the user, O the groups; one that does not verify is refused', async () => {
  const certificate = { der: new Uint8Array(), commonName: 'jane', organizations: ['dev'], notAfterMs: nowMs };
  expect(await x509Authenticator(clock).authenticate(exchange({}, { certificate }), info)).toEqual({ name: 'jane', groups: ['dev', 'system:authenticated'] });
  await expect(x509Authenticator(clock).authenticate(exchange({}, { certificateError: 'expired' }), info)).rejects.toThrow('Unauthorized');
  await expect(x509Authenticator(clock).authenticate(exchange({}, { certificate: { ...certificate, notAfterMs: nowMs - 1 } }), info)).rejects.toThrow('Unauthorized');
  await expect(x509Authenticator(clock, () => true).authenticate(exchange({}, { certificate }), info)).rejects.toThrow('Unauthorized');
  const nobody = anonymousAuthenticator(['/healthz']);
  expect(await nobody.authenticate(exchange({}), { path: '/healthz' } as RequestInfo)).toMatchObject({ name: 'system:anonymous' });
  expect(await nobody.authenticate(exchange({}), info)).toBeUndefined();
});
