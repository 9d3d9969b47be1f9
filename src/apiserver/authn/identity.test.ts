// Identity and permission over REST on a whole server: who am I, may I, tokens by TokenRequest and their review, what
// relying parties read, and streams that need more than `get`.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { generateKey } from '#wire';
import { defaultSecurity } from '../default-security.ts';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer(openMemoryStore(testWorld()), {
    security: defaultSecurity(testWorld(), { serviceAccountKey: generateKey(), issuer: 'https://kubernetes.default.svc', externalAddress: 'api:6443', authorizationModes: ['Node', 'RBAC'] }),
  });
  await api.post('/api/v1/namespaces', { metadata: { name: 'shop' } });
  await api.post('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'clerk' } });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const jane = { 'impersonate-user': 'jane' };

test('a requested token is one that a review knows, for its audiences alone', async () => {
  const asked = await api.post('/api/v1/namespaces/shop/serviceaccounts/clerk/token', { spec: { audiences: ['vault'], expirationSeconds: 600 } });
  expect(asked.body).toMatchObject({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: { name: 'clerk', namespace: 'shop' }, spec: { audiences: ['vault'], expirationSeconds: 600 } });
  const review = (audiences: string[]): Promise<{ body: { status: unknown } }> => api.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: asked.body.status.token, audiences } });
  expect((await review(['vault'])).body.status).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:shop:clerk', groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'] }, audiences: ['vault'] });
  expect((await review([])).body.status).toEqual({ user: {}, error: 'token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc"]' });
});

test('the issuer tells its keys', async () => {
  const configuration = await api.get('/.well-known/openid-configuration');
  expect([configuration.status, configuration.headers['cache-control'], configuration.body.jwks_uri]).toEqual([200, 'public, max-age=3600', 'https://api:6443/openid/v1/jwks']);
  const keys = await api.get('/openid/v1/jwks');
  expect([keys.headers['content-type'], (JSON.parse(keys.text) as { keys: unknown[] }).keys.length]).toEqual(['application/jwk-set+json', 1]);
});

test('headers are UTF-8: whom to impersonate, and which program asks', async () => {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1');
  const me = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { 'impersonate-user': bytes('j\u00f6rg \u0441'), 'impersonate-group': bytes('g\u00e4ste'), 'impersonate-extra-a': bytes('\u00fc') });
  expect(me.body.status.userInfo).toEqual({ username: 'j\u00f6rg \u0441', groups: ['g\u00e4ste', 'system:authenticated'], extra: { a: ['\u00fc'] } });
  const made = await api.call('POST', '/api/v1/namespaces/shop/configmaps', { metadata: { name: 'by' }, data: { a: 'b' } }, { 'user-agent': bytes('k\u00fcbectl/1') });
  expect(made.body.metadata.managedFields[0].manager).toBe('k\u00fcbectl');
});

test('who am I, and may I', async () => {
  const me = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, jane);
  expect(me.body.status.userInfo).toEqual({ username: 'jane', groups: ['system:authenticated'] });
  const may = async (resourceAttributes: object): Promise<unknown> => (await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: { resourceAttributes } }, jane)).body.status;
  expect(await may({ verb: 'get', resource: 'secrets', namespace: 'shop' })).toEqual({ allowed: false });
  expect(await may({ verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' })).toMatchObject({ allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "system:basic-user" of ClusterRole "system:basic-user" to Group "system:authenticated"' });
  const rules = await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'shop' } }, jane);
  expect(rules.body.status).toMatchObject({ incomplete: false, nonResourceRules: expect.arrayContaining([expect.objectContaining({ verbs: ['get'] })]) });
});

test('a binding of a role that is not there is told with the refusal', async () => {
  await api.post('/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings', { metadata: { name: 'lost' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'gone' }, subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }] });
  const refused = await api.call('GET', '/api/v1/namespaces/shop/pods', undefined, jane);
  expect([refused.status, refused.body.message]).toEqual([403, 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop": RBAC: role.rbac.authorization.k8s.io "gone" not found']);
});

test('who may only get an exec cannot run commands by it', async () => {
  await api.post('/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles', { metadata: { name: 'look' }, rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }] });
  await api.post('/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings', { metadata: { name: 'look' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'look' }, subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }] });
  const refused = await api.call('GET', '/api/v1/namespaces/shop/pods/p/exec?command=sh&stdout=true', undefined, { 'impersonate-user': 'eve' });
  expect([refused.status, refused.body.message]).toEqual([403, 'pods "p" is forbidden: ']);
});
