// Metadata informers (client-go's metadata client, the garbage collector) ask for custom resources as metadata in
// protobuf: what the schema tables know of them is enough for that.
import { expect, test } from 'vitest';
import { decodeProtobuf, decodeWatchEvent, type KubeObject } from '#machinery';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';
import { definition, establish } from './crd.case.ts';

const tabs = '/apis/stable.example.com/v1/namespaces/default/crontabs';
const asMetadata = (kind: string): string => `application/vnd.kubernetes.protobuf;as=${kind};g=meta.k8s.io;v=v1`;

test('metadata of custom resources travels as protobuf', async () => {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  await establish(api, definition());
  const { body } = await api.post(tabs, { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a', labels: { x: 'y' } }, spec: { replicas: 2 } });
  const read = async (path: string, kind: string): Promise<{ type: string | undefined; object: KubeObject }> => {
    const response = await api.transport.request({ method: 'GET', path, headers: { accept: `${asMetadata(kind)},application/json` } });
    return { type: response.headers['content-type'], object: decodeProtobuf(await response.bytes(), `meta.v1.${kind}`).object };
  };
  const one = await read(`${tabs}/a`, 'PartialObjectMetadata');
  expect([one.type, one.object]).toEqual(['application/vnd.kubernetes.protobuf', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: body.metadata }]);
  const all = await read(tabs, 'PartialObjectMetadataList');
  expect(all.object).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a', labels: { x: 'y' } } }] });

  const watching = await api.transport.request({ method: 'GET', path: `${tabs}?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`, headers: { accept: `${asMetadata('PartialObjectMetadata')};stream=watch,application/json` } });
  expect(watching.headers['content-type']).toBe('application/vnd.kubernetes.protobuf;stream=watch');
  let bytes = Buffer.alloc(0);
  const types: string[] = [];
  for await (const chunk of watching.body) {
    bytes = Buffer.concat([bytes, chunk]);
    for (; bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0); bytes = bytes.subarray(4 + bytes.readUInt32BE(0))) types.push(decodeWatchEvent(bytes.subarray(4, 4 + bytes.readUInt32BE(0))).type);
    if (types.length >= 2) break;
  }
  expect(types).toEqual(['ADDED', 'BOOKMARK']);

  const whole = await api.get(`${tabs}/a`, { accept: 'application/vnd.kubernetes.protobuf, text/html' });
  const refusal = await api.transport.request({ method: 'GET', path: `${tabs}/a`, headers: { accept: 'application/vnd.kubernetes.protobuf' } });
  expect([whole.status, decodeProtobuf(await refusal.bytes(), 'meta.v1.Status').object['message']]).toEqual([406, 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf']);
  await store.close();
});
