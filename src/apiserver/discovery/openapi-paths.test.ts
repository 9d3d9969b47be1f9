// What clients ask /openapi for, by Accept header.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

test.each([
  ['/openapi/v2', 'application/json', 200, 'application/json'],
  ['/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 200, protobuf],
  ['/openapi/v2', `text/csv, ${protobuf};q=0.9`, 200, protobuf],
  ['/openapi/v2', 'text/csv', 406, 'text/plain; charset=utf-8'],
  ['/openapi/v3', '*/*', 200, 'application/json'],
  ['/openapi/v3/apis/apps/v1', protobuf, 406, 'text/plain; charset=utf-8'],
  ['/openapi/v3/apis/none/v1', 'application/json', 404, 'text/plain; charset=utf-8'],
])('%s as %s: %i', async (path, accept, status, contentType) => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  const answer = await api.get(path, { accept });
  expect([answer.status, answer.headers['content-type']]).toEqual([status, contentType]);
  await store.close();
});
