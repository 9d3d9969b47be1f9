// Credentials of every kind but service accounts', good and bad: static files, bootstrap tokens, bearer headers and
// protocols, certificates, a proxy's headers, nobody at all, and the memory of far-away answers.
import { describe, expect, test } from 'vitest';
import { createCa, issueCertificate, parseCertificate, type Exchange } from '#wire';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import type { Identity, KubeObject, RequestInfo, RequestNotes } from '../contract.ts';
import { fakeReader } from '../fake-reader.case.ts';
import { sentHeaders } from './header-values.case.ts';
import {
  anonymousAuthenticator, bearerAuthenticator, bootstrapTokenCheck, cachedCheck, commonHeaders, forApiAudiences, readTokenFile, requestHeaderAuthenticator, reviewToken, staticTokenCheck, x509Authenticator,
  type TokenCheck,
} from './index.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => nowMs };
const info = { path: '/api' } as RequestInfo;

function exchange(headers: Parameters<typeof sentHeaders>[0], peer: Partial<Exchange['peer']> = {}): Exchange {
  return { ...sentHeaders(headers), peer: { address: '', port: 0, ...peer } } as Exchange;
}

describe('the token file', () => {
  test('has token, name, UID and groups in each line, quoted or not', () => {
    expect([...readTokenFile('f', 'one,jane,42,"dev,ops"\n\ntwo,joe,43\n"a""b,c",eve,44,x\r\n')]).toEqual([
      ['one', { name: 'jane', uid: '42', groups: ['dev', 'ops'] }], ['two', { name: 'joe', uid: '43', groups: [] }], ['a"b,c', { name: 'eve', uid: '44', groups: ['x'] }],
    ]);
  });
  test.each([
    ['a,b', "token file 'f' must have at least 3 columns (token, user name, user uid), found 2"],
    ['a,b"c,d', 'parse error on line 1, column 4: bare " in non-quoted-field'],
    ['a,"b"c,d', 'parse error on line 1, column 5: extraneous or missing " in quoted-field'],
    ['a,"b,c', 'parse error on line 1, column 7: extraneous or missing " in quoted-field'],
  ])('%j is refused', (text, problem) => {
    expect(() => readTokenFile('f', text)).toThrow(problem);
  });
  test('empty and repeated tokens are told of', () => {
    const told: string[] = [];
    readTokenFile('f', ',a,1\nx,a,1\nx,b,2', (text) => told.push(text));
    expect(told).toEqual(["empty token has been found in token file 'f', record number '1'", "duplicate token has been found in token file 'f', record number '3'"]);
  });
});

describe('bootstrap tokens', () => {
  const secret = (more: Record<string, string>, type = 'bootstrap.kubernetes.io/token'): KubeObject => ({
    apiVersion: 'v1', kind: 'Secret', type, metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    data: Object.fromEntries(Object.entries({ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...more }).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  });
  const good = 'abcdef.0123456789abcdef';
  test.each<[string, KubeObject, string, string[] | undefined]>([
    ['a good one', secret({}), good, ['system:bootstrappers']],
    ['with groups', secret({ 'auth-extra-groups': 'system:bootstrappers:z,system:bootstrappers:a' }), good, ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:z']],
    ['with a bad group', secret({ 'auth-extra-groups': 'system:bootstrappers:z,evil' }), good, undefined],
    ['a wrong secret', secret({}), 'abcdef.0123456789abcdee', undefined],
    ['no secret in it', secret({ 'token-secret': '' }), 'abcdef.', undefined],
    ['another id in it', secret({ 'token-id': 'abcdee' }), good, undefined],
    ['another type', secret({}, 'Opaque'), good, undefined],
    ['expired', secret({ expiration: '2025-12-31T23:59:59Z' }), good, undefined],
    ['not yet expired', secret({ expiration: '2026-01-01T00:00:01Z' }), good, ['system:bootstrappers']],
    ['a time that is none', secret({ expiration: 'tomorrow' }), good, undefined],
    ['not for authentication', secret({ 'usage-bootstrap-authentication': 'false' }), good, undefined],
  ])('%s', async (_name, object, token, groups) => {
    const found = await bootstrapTokenCheck(clock, fakeReader(object))({ token });
    expect(found?.identity).toEqual(groups === undefined ? undefined : { name: 'system:bootstrap:abcdef', groups });
  });
});

describe('a bearer token', () => {
  const bearer = bearerAuthenticator([staticTokenCheck(readTokenFile('f', 'secret,jane,42,"dev,ops"'))]);
  const jane = { name: 'jane', uid: '42', groups: ['dev', 'ops', 'system:authenticated'] };
  const socket = (protocols: string): Exchange => exchange({ upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-protocol': protocols });
  const inProtocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;

  test.each<[string, Exchange]>([['in the header', exchange({ authorization: 'Bearer secret' })], ['in any case', exchange({ authorization: 'bEARER secret' })], ['in a protocol', socket(`v4.channel.k8s.io, ${inProtocol}`)]])('%s', async (_name, sent) => {
    expect(await bearer.authenticate(sent, info)).toEqual(jane);
  });
  test.each<[string, Exchange]>([['wrong', exchange({ authorization: 'Bearer wrong' })], ['as the only protocol', socket(inProtocol)], ['twice', socket(`a, ${inProtocol}, ${inProtocol}`)], ['not base64url', socket('a, base64url.bearer.authorization.k8s.io.=')]])('%s is refused', async (_name, sent) => {
    await expect(bearer.authenticate(sent, info)).rejects.toThrow('Unauthorized');
  });
  test('is none without its scheme, or after two blanks, which are warned of', async () => {
    const warnings: string[] = [];
    const notes: RequestNotes = { warn: (text) => warnings.push(text), annotate() {} };
    for (const authorization of ['Basic secret', 'Bearer', 'Bearer  secret']) expect(await bearer.authenticate(exchange({ authorization }), info, notes)).toBeUndefined();
    expect(await bearer.authenticate(exchange({ 'sec-websocket-protocol': `a, ${inProtocol}` }), info)).toBeUndefined();
    expect(warnings).toEqual(['the provided Authorization header contains extra space before the bearer token, and is ignored']);
  });
});

describe('a token review', () => {
  const checks: TokenCheck[] = [forApiAudiences(staticTokenCheck(readTokenFile('f', 'secret,jane,42')), ['api']), ({ token }) => { if (token === 'bad') throw new Error('it is bad'); return undefined; }];
  const review = async (spec: object): Promise<unknown> => (await reviewToken({ spec }, checks, ['api'], { warn() {}, annotate() {} })).status;
  test.each<[object, object]>([
    [{ token: 'secret' }, { authenticated: true, user: { username: 'jane', uid: '42', groups: ['system:authenticated'] }, audiences: ['api'] }],
    [{ token: 'secret', audiences: ['vault', 'api'] }, { authenticated: true, user: { username: 'jane', uid: '42', groups: ['system:authenticated'] }, audiences: ['api'] }],
    [{ token: 'secret', audiences: ['vault'] }, { user: {}, error: 'invalid bearer token' }],
    [{ token: 'nobody' }, { user: {}, error: 'invalid bearer token' }],
    [{ token: 'bad' }, { user: {}, error: 'it is bad' }],
  ])('%o', async (spec, status) => expect(await review(spec)).toEqual(status));
  test('needs a token', async () => {
    await expect(review({})).rejects.toThrow('token is required for TokenReview in authentication');
  });
});

describe('certificates', () => {
  const validity = { notBeforeMs: systemClock.now() - 1000, notAfterMs: systemClock.now() + 3_600_000 };
  const ca = createCa(systemRandom, { commonName: 'ca', ...validity });
  const certificate = (subject: { commonName: string; organizations: string[]; userIds?: string[] }) => {
    const made = issueCertificate(systemRandom, ca, { ...subject, ...validity, usages: ['client auth'] });
    const parsed = parseCertificate(made.cert);
    return { der: parsed.der, commonName: parsed.commonName, organizations: parsed.organizations, notAfterMs: parsed.notAfterMs };
  };
  const authenticate = async (subject: Parameters<typeof certificate>[0]): Promise<Identity | undefined> => x509Authenticator(systemClock).authenticate(exchange({}, { certificate: certificate(subject) }), info);

  test('the CN is the user, the Os are groups, the certificate itself is the credential', async () => {
    expect(await authenticate({ commonName: 'jane', organizations: ['dev'] })).toEqual({
      name: 'jane', groups: ['dev', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
    });
    expect(await authenticate({ commonName: 'jane', organizations: [], userIds: ['u-1'] })).toMatchObject({ uid: 'u-1' });
    expect(await authenticate({ commonName: '', organizations: ['dev'] })).toBeUndefined();
    await expect(authenticate({ commonName: 'jane', organizations: [], userIds: ['a', 'b'] })).rejects.toThrow('Unauthorized');
  });
  test('one that does not verify, is over, or is only a relay\'s is refused', async () => {
    await expect(x509Authenticator(clock).authenticate(exchange({}, { certificateError: 'expired' }), info)).rejects.toThrow('Unauthorized');
    const jane = certificate({ commonName: 'jane', organizations: [] });
    await expect(x509Authenticator(systemClock).authenticate(exchange({}, { certificate: { ...jane, notAfterMs: 1 } }), info)).rejects.toThrow('Unauthorized');
    await expect(x509Authenticator(systemClock, () => false).authenticate(exchange({}, { certificate: jane }), info)).rejects.toThrow('Unauthorized');
  });
});

describe('headers of a proxy', () => {
  const certificate = (commonName: string) => ({ der: new Uint8Array(), commonName, organizations: [], notAfterMs: nowMs });
  const proxy = requestHeaderAuthenticator(commonHeaders, () => true);
  const headers = { 'x-remote-user': 'jane', 'x-remote-uid': '7', 'x-remote-group': ['dev', 'ops'], 'x-remote-extra-acme.io%2fa': ['b', 'c'] };
  test('say who it is, from an allowed relay alone', async () => {
    expect(await proxy.authenticate(exchange(headers, { certificate: certificate('front-proxy-client') }), info)).toEqual({ name: 'jane', uid: '7', groups: ['dev', 'ops', 'system:authenticated'], extra: { 'acme.io/a': ['b', 'c'] } });
    await expect(proxy.authenticate(exchange(headers, { certificate: certificate('mallory') }), info)).rejects.toThrow('Unauthorized');
    expect(await proxy.authenticate(exchange(headers), info)).toBeUndefined();
    expect(await requestHeaderAuthenticator(commonHeaders, () => false).authenticate(exchange(headers, { certificate: certificate('front-proxy-client') }), info)).toBeUndefined();
    expect(await proxy.authenticate(exchange({}, { certificate: certificate('front-proxy-client') }), info)).toBeUndefined();
  });
  test('may have other names', async () => {
    const other = requestHeaderAuthenticator({ ...commonHeaders, allowedNames: [], usernameHeaders: ['X-User', 'X-Fallback'] }, () => true);
    expect(await other.authenticate(exchange({ 'x-fallback': 'joe' }, { certificate: certificate('any') }), info)).toMatchObject({ name: 'joe' });
  });
});

test('nobody in particular, where the settings allow it', async () => {
  const nobody = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  const ask = (enabled: boolean, paths: string[]): Promise<Identity | undefined> => anonymousAuthenticator(() => ({ enabled, paths })).authenticate(exchange({}), { path: '/healthz' } as RequestInfo);
  expect(await ask(true, [])).toEqual(nobody);
  expect(await ask(true, ['/healthz'])).toEqual(nobody);
  expect(await ask(true, ['/livez'])).toBeUndefined();
  expect(await ask(false, [])).toBeUndefined();
});

test('answers are kept by token and audience for their time, refusals for theirs, errors not', async () => {
  let asked = 0;
  let monotonic = 0;
  const check = cachedCheck({ monotonic: () => monotonic }, { successMs: 10, failureMs: 5 }, async ({ token }) => {
    asked++;
    if (token === 'error') throw new Error('unreachable');
    return token === 'good' ? { identity: { name: 'jane', groups: [] } } : undefined;
  });
  const times = async (token: string, audiences?: string[]): Promise<number> => {
    const before = asked;
    await Promise.all([0, 1].map(async () => Promise.resolve(check({ token, ...(audiences === undefined ? {} : { audiences }) })).catch(() => undefined)));
    return asked - before;
  };
  expect([await times('good'), await times('good'), await times('good', ['x'])]).toEqual([1, 0, 1]);
  expect([await times('bad'), await times('bad')]).toEqual([1, 0]);
  expect([await times('error'), await times('error')]).toEqual([1, 1]);
  monotonic = 7;
  expect([await times('good'), await times('bad')]).toEqual([0, 1]);
  monotonic = 11;
  expect(await times('good')).toBe(1);
});
