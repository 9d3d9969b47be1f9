// Service account tokens from request to use: what may be asked for, what they are bound to and die with, which times
// and audiences hold, tokens out of Secrets, and what relying parties are told.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { generateKey, keyIdOf, parseJwt, signJwt, type KeyType } from '#wire';
import type { KubeObject, RequestNotes } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { createTokenIssuer, fixedKeys, keySigner, openIdMetadata, serviceAccountCheck } from './index.ts';
import type { TokenAnswer } from './token-checks.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
let nowMs = start;
const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => ({ cancel() {} }) };
const issuer = 'https://skiff.example';
const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa', namespace: 'x', uid: 'u-sa' } };
const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x', uid: 'u-pod' }, spec: { serviceAccountName: 'sa', nodeName: 'n1' } };
const node: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'u-node' } };
const podRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'u-pod' };

interface Made {
  readonly token: string;
  readonly object: KubeObject;
  readonly warnings: string[];
}

function fixture(type: KeyType = 'ecdsa-p256', more: { maxExpirationSeconds?: number } = {}) {
  const reader = fakeReader(account, pod, node);
  const store = new Map<string, KubeObject>();
  const privateKey = createPrivateKey(generateKey(type));
  const publicKey = createPublicKey(privateKey);
  const notes: { warnings: string[]; annotations: Record<string, string> } & RequestNotes = {
    warnings: [], annotations: {}, warn(text) { this.warnings.push(text); }, annotate(key, value) { this.annotations[key] = value; },
  };
  const writer = {
    lookup: async (_group: string, resource: string, namespace: string, name: string) => store.get(`${resource}/${namespace}/${name}`),
    async mutate(_group: string, resource: string, namespace: string, name: string, change: (object: KubeObject) => void) {
      const object = reader.get('', resource, namespace, name) ?? {};
      change(object);
      return object;
    },
  };
  const issue = createTokenIssuer({ clock, random: systemRandom, reader, writer }, { issuer, audiences: [issuer], signer: keySigner(privateKey, keyIdOf(publicKey)), maxExpirationSeconds: 0, extendExpiration: true, ...more });
  const check = serviceAccountCheck({ clock, metrics: createMetrics(), reader, writer }, { issuers: [issuer], audiences: [issuer], keys: fixedKeys([publicKey]) });
  return {
    reader, store, notes, privateKey, publicKey,
    async make(spec: object = {}, metadata: object = {}, name = 'sa'): Promise<Made> {
      const object = await issue({ namespace: 'x', name, object: { metadata, spec: { audiences: [], ...spec } } as unknown as Parameters<typeof issue>[0]['object'], notes });
      return { object, token: (object.status as { token: string }).token, warnings: notes.warnings };
    },
    use: async (token: string, audiences?: string[]): Promise<TokenAnswer | undefined> => check({ token, notes, ...(audiences === undefined ? {} : { audiences }) }),
  };
}

beforeEach(() => {
  nowMs = start;
});

describe('a token', () => {
  test.each<KeyType>(['ecdsa-p256', 'rsa-2048'])('for a pod says account, pod and node (%s)', async (type) => {
    const { make, use } = fixture(type);
    const { token, object } = await make({ boundObjectRef: podRef });
    const jti = parseJwt(token)?.claims.jti;
    expect(await use(token)).toEqual({
      audiences: [issuer],
      identity: {
        name: 'system:serviceaccount:x:sa', uid: 'u-sa', groups: ['system:serviceaccounts', 'system:serviceaccounts:x'],
        extra: {
          'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u-pod'], 'authentication.kubernetes.io/node-name': ['n1'], 'authentication.kubernetes.io/node-uid': ['u-node'],
          'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
        },
      },
    });
    expect(object).toMatchObject({ metadata: { name: 'sa', namespace: 'x', uid: 'u-sa' }, spec: { audiences: [issuer], expirationSeconds: 3600 }, status: { expirationTimestamp: '2026-01-01T01:00:00Z' } });
  });
  test.each([
    ['Pod', 'p', 'service account token has been invalidated', 'pod UID (another) does not match service account pod ref claim (u-pod)'],
    ['ServiceAccount', 'sa', 'serviceaccounts "sa" not found', 'service account UID (another) does not match claim (u-sa)'],
  ])('dies with its %s, and with another of that name', async (kind, name, gone, replaced) => {
    const { make, use, reader } = fixture();
    const { token } = await make({ boundObjectRef: podRef });
    reader.remove(kind, name);
    await expect(async () => use(token)).rejects.toThrow(gone);
    reader.put({ ...(kind === 'Pod' ? pod : account), metadata: { name, namespace: 'x', uid: 'another' } });
    await expect(async () => use(token)).rejects.toThrow(replaced);
  });
  test('for a node dies with it; one for a pod outlives its node', async () => {
    const { make, use, reader } = fixture();
    const bound = await make({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'n1' } });
    const ofPod = await make({ boundObjectRef: podRef });
    reader.remove('Node', 'n1');
    await expect(async () => use(bound.token)).rejects.toThrow('service account token has been invalidated');
    expect((await use(ofPod.token))?.identity.extra).toMatchObject({ 'authentication.kubernetes.io/node-name': ['n1'] });
  });
  test('stays good for a minute after what it is bound to began to be deleted', async () => {
    const { make, use, reader } = fixture();
    const { token } = await make({ boundObjectRef: podRef });
    reader.remove('Pod', 'p');
    reader.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    nowMs += 59_000;
    expect(await use(token)).toBeDefined();
    nowMs += 2_000;
    await expect(async () => use(token)).rejects.toThrow('service account token has been invalidated');
  });
  test('of an account that the cache does not know yet is judged by the store', async () => {
    const { make, use, reader, store } = fixture();
    const { token } = await make();
    reader.remove('ServiceAccount', 'sa');
    store.set('serviceaccounts/x/sa', account);
    expect((await use(token))?.identity.name).toBe('system:serviceaccount:x:sa');
  });
  test('expires with a minute of grace, and is for its audiences alone', async () => {
    const { make, use } = fixture();
    const { token } = await make({ audiences: ['vault', issuer], expirationSeconds: 600 });
    expect((await use(token, ['vault', 'other']))?.audiences).toEqual(['vault']);
    await expect(async () => use(token, ['other'])).rejects.toThrow(`token audiences ["vault" "${issuer}"] is invalid for the target audiences ["other"]`);
    nowMs += 659_000;
    expect(await use(token)).toBeDefined();
    nowMs += 2_000;
    await expect(async () => use(token)).rejects.toThrow('service account token has expired');
  });
  test('of another issuer is not ours; ours with a wrong signature is bad', async () => {
    const { make, use, privateKey } = fixture();
    const { token } = await make();
    await expect(async () => use(`${token.slice(0, -8)}AAAAAAAA`)).rejects.toThrow('error in cryptographic primitive');
    await expect(async () => use(signJwt({ iss: issuer }, privateKey, 'unknown'))).rejects.toThrow('invalid signature, no keys found');
    expect(await use(signJwt({ iss: 'https://elsewhere' }, privateKey, 'k'))).toBeUndefined();
    expect(await use('plain')).toBeUndefined();
  });
  test('that a pod\'s volume asks for lives a year and is stale after its hour', async () => {
    const { make, use, notes } = fixture();
    const { token, object } = await make({ boundObjectRef: podRef, expirationSeconds: 3607 });
    expect(parseJwt(token)?.claims).toMatchObject({ exp: start / 1000 + 365 * 86_400, 'kubernetes.io': { warnafter: start / 1000 + 3607 } });
    expect(object.status).toMatchObject({ expirationTimestamp: '2026-01-01T01:00:07Z' });
    nowMs += 3_617_000;
    await use(token);
    expect(notes.annotations['authentication.k8s.io/stale-token']).toBe('subject: system:serviceaccount:x:sa, seconds after warning threshold: 10');
  });
});

describe('a request for a token', () => {
  test.each([
    [{ expirationSeconds: 599 }, {}, /spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes/],
    [{ expirationSeconds: 2 ** 32 + 1 }, {}, /may not specify a duration larger than 2\^32 seconds/],
    [{ boundObjectRef: { ...podRef, name: 'gone' } }, {}, 'pods "gone" not found'],
    [{ boundObjectRef: { ...podRef, uid: 'old' } }, {}, /the UID in the bound object reference \(old\) does not match the UID in record/],
    [{ boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'd' } }, {}, 'cannot bind token to object of type apps/v1, Kind=Deployment'],
    [{}, { name: 'other' }, /metadata.name: Invalid value: "other": must match the service account name if specified/],
    [{}, { namespace: 'y' }, /metadata.namespace: Invalid value: "y": must match the service account namespace if specified/],
    [{}, { uid: 'old' }, 'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "sa": the UID in the token request (old) does not match the UID of the service account (u-sa)'],
  ])('%o with %o is refused', async (spec, metadata, text) => {
    await expect(fixture().make(spec, metadata)).rejects.toThrow(text);
  });
  test('another account\'s pod cannot be bound', async () => {
    const { make, reader } = fixture();
    reader.put({ ...account, metadata: { name: 'other', namespace: 'x', uid: 'u2' } });
    await expect(make({ boundObjectRef: podRef }, {}, 'other')).rejects.toThrow('cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.');
  });
  test('a longer life than the server gives is cut, with a warning', async () => {
    const { object, warnings } = await fixture('ecdsa-p256', { maxExpirationSeconds: 7200 }).make({ expirationSeconds: 10_000 });
    expect(object.spec).toMatchObject({ expirationSeconds: 7200 });
    expect(warnings).toEqual(['requested expiration of 10000 seconds shortened to 7200 seconds']);
  });
});

describe('a token out of a Secret', () => {
  const claims = {
    iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:x:sa', 'kubernetes.io/serviceaccount/namespace': 'x', 'kubernetes.io/serviceaccount/secret.name': 's',
    'kubernetes.io/serviceaccount/service-account.name': 'sa', 'kubernetes.io/serviceaccount/service-account.uid': 'u-sa',
  };
  const secretWith = (token: string, labels: Record<string, string> = {}): KubeObject => ({
    apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata: { name: 's', namespace: 'x', uid: 'u-s', labels }, data: { token: Buffer.from(token).toString('base64') },
  });
  const legacy = (privateKey: KeyObject, publicKey: KeyObject, more: object = {}): string => signJwt({ ...claims, ...more }, privateKey, keyIdOf(publicKey));

  test('is good while the Secret holds it, and its use is noted by day', async () => {
    const { reader, use, notes, privateKey, publicKey } = fixture();
    const token = legacy(privateKey, publicKey);
    await expect(async () => use(token)).rejects.toThrow('Token has been invalidated');
    const secret = secretWith(token);
    reader.put(secret);
    expect(await use(token)).toEqual({ audiences: [issuer], identity: { name: 'system:serviceaccount:x:sa', uid: 'u-sa', groups: ['system:serviceaccounts', 'system:serviceaccounts:x'] } });
    expect(secret.metadata?.labels).toEqual({ 'kubernetes.io/legacy-token-last-used': '2026-01-01' });
    expect(notes.annotations).toEqual({ 'authentication.k8s.io/legacy-token': 'system:serviceaccount:x:sa', 'authentication.k8s.io/legacy-token-manual-secret': 's' });
    reader.remove('Secret', 's');
    reader.put(secretWith('another'));
    await expect(async () => use(token)).rejects.toThrow("Token does not match server's copy");
  });
  test('is refused when its Secret has been marked, and warns when it was made on its own', async () => {
    const { reader, use, notes, privateKey, publicKey } = fixture();
    const token = legacy(privateKey, publicKey);
    reader.put(secretWith(token, { 'kubernetes.io/legacy-token-invalid-since': '2025-12-01' }));
    await expect(async () => use(token)).rejects.toThrow(/^the token in secret x\/s for service account x\/sa has been marked invalid. Use tokens from the TokenRequest API/);
    reader.remove('Secret', 's');
    reader.remove('ServiceAccount', 'sa');
    reader.put(secretWith(token), { ...account, secrets: [{ name: 's' }] });
    await use(token);
    expect(notes.warnings).toEqual(['Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.']);
  });
  test.each([
    [{ sub: '' }, 'sub claim is missing'], [{ 'kubernetes.io/serviceaccount/namespace': '' }, 'namespace claim is missing'], [{ 'kubernetes.io/serviceaccount/secret.name': '' }, 'secretName claim is missing'],
    [{ 'kubernetes.io/serviceaccount/service-account.name': '' }, 'serviceAccountName claim is missing'], [{ 'kubernetes.io/serviceaccount/service-account.uid': '' }, 'serviceAccountUID claim is missing'],
    [{ sub: 'system:serviceaccount:x:other' }, 'sub claim is invalid'],
  ])('with %o is refused', async (more, text) => {
    const { use, privateKey, publicKey } = fixture();
    await expect(async () => use(legacy(privateKey, publicKey, more))).rejects.toThrow(text);
  });
});

test('relying parties find the issuer, its keys and their algorithms', () => {
  const keys = [createPublicKey(generateKey('rsa-2048')), createPublicKey(generateKey('ecdsa-p256'))].map((key) => ({ key, id: keyIdOf(key) }));
  const { configuration, keys: set } = openIdMetadata(issuer, '', 'api.example:6443', keys);
  expect(JSON.parse(configuration)).toEqual({
    issuer, jwks_uri: 'https://api.example:6443/openid/v1/jwks', response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256', 'RS256'],
  });
  expect(JSON.parse(set)).toMatchObject({ keys: [{ use: 'sig', kty: 'RSA', alg: 'RS256', e: 'AQAB' }, { use: 'sig', kty: 'EC', crv: 'P-256', alg: 'ES256' }] });
  expect(() => openIdMetadata('http://x', '', 'a', keys)).toThrow('issuer URL must use https scheme, got: http://x');
  expect(() => openIdMetadata('https://x?a', '', 'a', keys)).toThrow('issuer URL may not include a query, got: https://x?a');
});
