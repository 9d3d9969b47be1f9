// What clients ask /openapi for, by Accept header.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

test.each([
  ['/openapi/v2', 'application/json', 200, 'application/json'],
  ['/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 200, protobuf],
  ['/openapi/v2', `text/csv, ${protobuf};q=0.9`, 200, protobuf],
  ['/openapi/v2', 'text/csv', 406, undefined],
  ['/openapi/v3', 'text/csv', 200, 'text/plain; charset=utf-8'],
  ['/openapi/v3/apis/apps/v1', protobuf, 406, undefined],
  ['/openapi/v3/apis/apps/v1', 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf', 200, 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'],
  ['/openapi/v3/version', 'application/json', 200, 'application/json'],
  ['/openapi/v3/apis/none/v1', 'application/json', 404, undefined],
])('%s as %s: %i', async (path, accept, status, contentType) => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const answer = await api.get(path, { accept });
  expect([answer.status, answer.headers['content-type']]).toEqual([status, contentType]);
  await store.close();
});

test('a v3 URL names its content by a hash, which is its ETag too', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const { paths } = JSON.parse((await api.get('/openapi/v3')).text) as { paths: Record<string, { serverRelativeURL: string }> };
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['.well-known/openid-configuration', 'api', 'api/v1', 'apis', 'apis/apps', 'apis/apps/v1', 'openid/v1/jwks', 'version']));
  const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
  const found = await api.get(url);
  expect([found.status, found.headers['cache-control'], found.headers.etag]).toEqual([200, 'public, immutable', `"${url.split('=')[1]}"`]);
  expect((await api.get(url, { 'if-none-match': found.headers.etag ?? '' })).status).toBe(304);
  const stale = await api.get('/openapi/v3/apis/apps/v1?hash=OLD');
  expect([stale.status, stale.headers.location]).toEqual([301, url]);
  await store.close();
});
