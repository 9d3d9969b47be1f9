// What reads, watches and the store's requests add to the metrics, by whole requests.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryStore, StoreUnavailableError, type Store } from '#store';
import { startTestServer, testWorld, watchEvents, type TestServer } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

let inner: Store;
let api: TestServer;
let fails = false;

/** The lines of a family, name cut off, by their labels. */
async function lines(name: string): Promise<Map<string, number>> {
  const { text } = await api.get('/metrics');
  const found = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return new Map(found.map((line) => [line.slice(name.length + 1, line.lastIndexOf('}')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const ofMaps = 'group="",resource="configmaps"';

beforeEach(async () => {
  fails = false;
  inner = openMemoryStore(testWorld());
  const store: Store = {
    synchronousWatch: inner.synchronousWatch,
    range: (query, signal) => inner.range(query, signal),
    commit: (txn, signal) => (fails ? Promise.reject(new StoreUnavailableError('away')) : inner.commit(txn, signal)),
    watch: (query, handler) => inner.watch(query, handler),
    compact: (revision) => inner.compact(revision),
    grantLease: (seconds) => inner.grantLease(seconds),
    renewLease: (id) => inner.renewLease(id),
    revokeLease: (id) => inner.revokeLease(id),
    status: () => inner.status(),
    close: () => inner.close(),
  };
  api = await startTestServer(store);
  for (const name of ['a', 'b', 'c']) await api.post(maps, { metadata: { name, labels: { name } } });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await inner.close();
});

it('requests to the store are counted by operation and resource, failed ones besides', async () => {
  const created = (await lines('etcd_requests_total')).get('group="",operation="create",resource="configmaps"') ?? 0;
  await api.put(`${maps}/a`, { metadata: { name: 'a' }, data: { a: '1' } });
  await api.del(`${maps}/b`);
  fails = true;
  expect((await api.post(maps, { metadata: { name: 'd' } })).status).toBe(500);
  const totals = await lines('etcd_requests_total');
  const of = (operation: string): number | undefined => totals.get(`group="",operation="${operation}",resource="configmaps"`);
  expect([of('create'), of('update'), of('delete')]).toEqual([created + 1, 1, 1]);
  expect(await lines('etcd_request_errors_total')).toEqual(new Map([['group="",operation="create",resource="configmaps"', 1]]));
  expect((await lines('etcd_request_duration_seconds_count')).get('group="",operation="create",resource="configmaps"')).toBe(created + 1);
});

it('lists are counted with what they looked at and what they showed', async () => {
  await api.get(maps);
  await api.get(`${maps}?labelSelector=name%3Da`);
  await api.call('GET', `${maps}?limit=2`, undefined, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
  expect((await lines('apiserver_cache_list_total')).get('group="",index="",resource="configmaps"')).toBe(3);
  expect((await lines('apiserver_cache_list_fetched_objects_total')).get('group="",index="",resource="configmaps"')).toBe(9);
  expect((await lines('apiserver_cache_list_returned_objects_total')).get(ofMaps)).toBe(6);
  expect((await lines('apiserver_watch_cache_consistent_read_total')).get(`fallback="false",${ofMaps},success="true"`)).toBe(3);
  expect((await lines('apiserver_watch_cache_read_wait_seconds_count')).get(ofMaps)).toBe(3);
});

it('a list that the cache cannot show is counted as the store\'s', async () => {
  const { resourceVersion } = (await api.get(maps)).body.metadata;
  for (let i = 0; i < 60; i++) await api.patch(`${maps}/a`, 'merge', { data: { a: String(i % 10).repeat(900_000) } });
  const old = await api.get(`${maps}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`);
  expect(old.body.items).toHaveLength(3);
  for (const [name, value] of [['total', 1], ['fetched_objects_total', 3], ['evaluated_objects_total', 3], ['returned_objects_total', 3]] as const) {
    expect([name, await lines(`apiserver_storage_list_${name}`)]).toEqual([name, new Map([[ofMaps, value]])]);
  }
});

it('watch events are counted for each watcher with their sizes, and what a watch begins with', async () => {
  const path = `${maps}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`;
  const watching = [watchEvents(api, path, 5), watchEvents(api, path, 5)];
  // Three states and the bookmark; the fifth is the change.
  const first = await watchEvents(api, path, 4);
  expect(first).toHaveLength(4);
  await api.patch(`${maps}/a`, 'merge', { data: { a: 'x'.repeat(3000) } });
  await Promise.all(watching);
  const ofVersion = 'group="",resource="configmaps",version="v1"';
  expect((await lines('apiserver_watch_events_total')).get(ofVersion)).toBe(3 * 4 + 2);
  const sizes = await lines('apiserver_watch_events_sizes_bucket');
  expect([sizes.get(`${ofVersion},le="2048"`), sizes.get(`${ofVersion},le="4096"`)]).toEqual([12, 14]);
  expect((await lines('apiserver_init_events_total')).get(ofMaps)).toBe(9);
  expect((await lines('apiserver_watch_list_duration_seconds_count')).get('group="",resource="configmaps",scope="namespace",version="v1"')).toBe(3);
});

it('what is stored is told with its size, grown and shrunk with it', async () => {
  const size = async (): Promise<number> => (await lines('apiserver_resource_size_estimate_bytes')).get(ofMaps) ?? 0;
  const before = await size();
  await api.post(maps, { metadata: { name: 'big' }, data: { a: 'x'.repeat(10_000) } });
  expect(await size()).toBeGreaterThan(before + 10_000);
  await api.patch(`${maps}/big`, 'merge', { data: null });
  expect(await size()).toBeLessThan(before + 1000);
  await api.del(`${maps}/big`);
  expect(await size()).toBe(before);
  expect((await lines('apiserver_storage_decode_errors_total')).get(ofMaps)).toBe(0);
});
