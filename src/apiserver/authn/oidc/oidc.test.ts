// OpenID tokens from the provider's documents to the user they make: signatures and keys that rotate, issuers and
// audiences, mappings by claim and by CEL, rules, distributed groups, and what is wrong with a configuration.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { JWTAuthenticator } from '#api/apiserver/v1.ts';
import { systemClock } from '#base/clock.ts';
import { generateKey, keyIdOf, publicJwk, signJwt, type JwtClaims } from '#wire';
import { testWorld } from '../../test-server.case.ts';
import { configuredTokens } from '../index.ts';
import type { TokenAnswer } from '../token-checks.ts';
import { compileJwtAuthenticators } from './configuration.ts';

const issuer = 'https://idp.example';
const stop = new AbortController();

interface Idp {
  readonly key: KeyObject;
  /** By URL. */
  readonly documents: Map<string, string>;
  readonly asked: string[];
}

function idp(): Idp {
  const key = createPrivateKey(generateKey());
  const documents = new Map([
    [`${issuer}/.well-known/openid-configuration`, JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` })],
    [`${issuer}/keys`, JSON.stringify({ keys: [publicJwk(createPublicKey(key))] })],
  ]);
  return { key, documents, asked: [] };
}

function sign({ key }: Idp, claims: JwtClaims): string {
  const now = systemClock.now() / 1000;
  return signJwt({ iss: issuer, aud: 'skiff', exp: Math.floor(now) + 600, sub: 'jane', ...claims }, key, keyIdOf(createPublicKey(key)));
}

const byClaim: JWTAuthenticator = { issuer: { url: issuer, audiences: ['skiff'] }, claimMappings: { username: { claim: 'sub', prefix: 'idp:' }, groups: { claim: 'groups', prefix: 'idp:' } } };

async function ask(from: Idp, authenticator: JWTAuthenticator, token: string): Promise<TokenAnswer | undefined> {
  const fetch = async (url: string): Promise<string> => {
    from.asked.push(url);
    const found = from.documents.get(url);
    if (found === undefined) throw new Error(`404 ${url}`);
    return found;
  };
  const { check } = configuredTokens(testWorld(), { source: { configuration: { jwt: [authenticator] } }, fetcher: () => fetch, apiAudiences: ['api'], serviceAccountIssuers: [] }, stop.signal);
  // The provider's documents come within a turn here.
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return check({ token });
}

describe('a token', () => {
  test('makes a user by its claims', async () => {
    const from = idp();
    expect(await ask(from, byClaim, sign(from, { groups: ['dev', 'ops'], jti: '7' }))).toEqual({
      audiences: ['api'], identity: { name: 'idp:jane', groups: ['idp:dev', 'idp:ops'], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=7'] } },
    });
    expect((await ask(from, byClaim, sign(from, { groups: 'one' })))?.identity.groups).toEqual(['idp:one']);
    expect(await ask(from, byClaim, sign(from, { iss: 'https://other' }))).toBeUndefined();
  });
  test.each<[string, (from: Idp) => string, RegExp]>([
    ['for another audience', (from) => sign(from, { aud: 'x' }), /oidc: expected audience in \["skiff"\] got \["x"\]/],
    ['that is over', (from) => sign(from, { exp: 1 }), /oidc: token is expired/],
    ['with a foreign signature', (from) => sign({ ...from, key: createPrivateKey(generateKey()) }, {}), /failed to verify signature/],
    ['of an algorithm that is not allowed', (from) => sign(from, {}).replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')), /unexpected signature algorithm "none"/],
    ['without its user name', (from) => sign(from, { sub: 7 as never }), /oidc: parse username claims "sub": json: cannot unmarshal number/],
  ])('%s is bad', async (_name, token, text) => {
    const from = idp();
    await expect(ask(from, byClaim, token(from))).rejects.toThrow(text);
  });
  test('signed by a key that is new is looked up once more; a provider that is not there yet refuses its tokens', async () => {
    const from = idp();
    from.documents.delete(`${issuer}/.well-known/openid-configuration`);
    await expect(ask(from, byClaim, sign(from, {}))).rejects.toThrow('oidc: authenticator not initialized');
  });
  test('can be found at another address than its issuer\'s', async () => {
    const from = idp();
    const discoveryURL = 'https://inside.example/discovery';
    from.documents.set(discoveryURL, from.documents.get(`${issuer}/.well-known/openid-configuration`) ?? '');
    await ask(from, { ...byClaim, issuer: { ...byClaim.issuer, discoveryURL } }, sign(from, {}));
    expect(from.asked).toEqual([discoveryURL, `${issuer}/keys`]);
  });
  test('takes its groups from where the provider says', async () => {
    const from = idp();
    from.documents.set('https://groups.example/of', sign(from, { groups: ['far'] }));
    const token = sign(from, { _claim_names: { groups: 's' }, _claim_sources: { s: { endpoint: 'https://groups.example/of' } } });
    expect((await ask(from, byClaim, token))?.identity.groups).toEqual(['idp:far']);
  });
  test('with an unverified mail address names nobody', async () => {
    const from = idp();
    const byMail: JWTAuthenticator = { ...byClaim, claimMappings: { username: { claim: 'email', prefix: '' } } };
    expect((await ask(from, byMail, sign(from, { email: 'a@b.c', email_verified: true })))?.identity.name).toBe('a@b.c');
    await expect(ask(from, byMail, sign(from, { email: 'a@b.c', email_verified: false }))).rejects.toThrow('oidc: email not verified');
  });
});

describe('expressions', () => {
  const byCel: JWTAuthenticator = {
    issuer: { url: issuer, audiences: ['skiff', 'other'], audienceMatchPolicy: 'MatchAny' },
    claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }, { expression: 'claims.level > 3', message: 'the level is too low' }],
    claimMappings: {
      username: { expression: "'idp:' + claims.sub" }, groups: { expression: "claims.roles.split(',')" }, uid: { expression: 'claims.oid' },
      extra: [{ key: 'example.com/tenant', valueExpression: 'claims.tenant' }, { key: 'example.com/absent', valueExpression: "claims.?absent.orValue('')" }],
    },
    userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }, { expression: "user.groups.all(g, g != 'root')", message: 'no root' }],
  };
  const claims = { hd: 'example.com', level: 5, roles: 'a,b', oid: 'u-1', tenant: 't' };
  test('make the user, and rules hold for claims and user', async () => {
    const from = idp();
    expect((await ask(from, byCel, sign(from, claims)))?.identity).toEqual({ name: 'idp:jane', uid: 'u-1', groups: ['a', 'b'], extra: { 'example.com/tenant': ['t'] } });
  });
  test.each([
    [{ hd: 'x' }, 'oidc: required claim hd value does not match. Got = x, want = example.com'],
    [{ level: 1 }, "oidc: error evaluating claim validation expression: validation expression 'claims.level > 3' failed: the level is too low"],
    [{ roles: 'root' }, "oidc: error evaluating user info validation rule: validation expression 'user.groups.all(g, g != 'root')' failed: no root"],
    [{ oid: 7 }, 'oidc: error evaluating uid claim expression: uid claim expression must return a string'],
    [{ tenant: undefined }, /oidc: error evaluating extra claim expression.*no such key: tenant/],
  ])('refuse %o', async (more, text) => {
    const from = idp();
    await expect(ask(from, byCel, sign(from, { ...claims, ...more }))).rejects.toThrow(text);
  });
});

test.each<[JWTAuthenticator, RegExp]>([
  [{ ...byClaim, issuer: { url: 'http://idp', audiences: ['a'] } }, /jwt\[0\]\.issuer\.url: Invalid value: "http:\/\/idp": URL scheme must be https/],
  [{ ...byClaim, issuer: { url: 'https://sa', audiences: ['a'] } }, /URL must not overlap with disallowed issuers: \[https:\/\/sa\]/],
  [{ ...byClaim, issuer: { url: issuer } }, /jwt\[0\]\.issuer\.audiences: Required value: at least one jwt\[0\]\.issuer\.audiences is required/],
  [{ ...byClaim, issuer: { url: issuer, audiences: ['a', 'b'] } }, /audienceMatchPolicy must be MatchAny for multiple audiences/],
  [{ ...byClaim, claimMappings: {} }, /claimMappings\.username: Required value: claim or expression is required/],
  [{ ...byClaim, claimMappings: { username: { claim: 'sub' } } }, /prefix is required when claim is set/],
  [{ ...byClaim, claimMappings: { username: { expression: 'claims.' } } }, /claimMappings\.username\.expression: Invalid value: "claims\.": compilation failed: ERROR/],
  [{ ...byClaim, claimMappings: { username: { expression: 'claims.email' } } }, /claims\.email_verified must be used in/],
  [{ ...byClaim, claimMappings: { username: { claim: 'sub', prefix: '' }, extra: [{ key: 'x.k8s.io/a', valueExpression: '"a"' }] } }, /k8s\.io, kubernetes\.io and their subdomains are reserved for Kubernetes use/],
  [{ ...byClaim, claimValidationRules: [{ expression: '"text"' }] }, /claimValidationRules\[0\]\.expression: Invalid value: "\\"text\\"": must evaluate to bool/],
  [{ ...byClaim, userValidationRules: [{ expression: 'user.nothing == ""' }] }, /userValidationRules\[0\]\.expression.*undefined field 'nothing'/s],
])('%o is refused', (authenticator, text) => {
  expect(() => compileJwtAuthenticators({ jwt: [authenticator] }, ['https://sa'])).toThrow(text);
});
