// Reviews over REST: what a computed answer can be shown as.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

test('a review has no columns', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()), {
    security: () => ({
      authenticators: [{ name: 'loopback', authenticate: async ({ peer: { loopback } }) => loopback && { name: loopback.user, groups: loopback.groups } }],
      authorizer: { name: 'all', authorize: () => ({ decision: 'allow', reason: '' }) },
      admission: [],
      refusal: () => new Error('refused'),
      creators: { 'authorization.k8s.io/selfsubjectaccessreviews': ({ object }) => object },
      hooks: [],
    }),
  });
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
  const table = await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  expect(table.status).toBe(406);
  expect(table.body.reason).toBe('NotAcceptable');
  expect((await api.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body)).status).toBe(201);
});
