// Informers against a server that lists, watches, breaks and forgets.
import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1.ts';
import { createClient } from './client.ts';
import { fakeApi } from './fake-api.case.ts';
import { fakeWorld } from './fake-world.case.ts';
import { createInformerFactory } from './informer-factory.ts';

function setup() {
  const world = fakeWorld();
  const api = fakeApi(world);
  const client = createClient(world, api.transport, { userAgent: 'test' });
  const factory = createInformerFactory(world, client);
  const pods = factory.informer<Pod>('pods');
  const stop = new AbortController();
  const seen: string[] = [];
  pods.addHandler({
    added: (pod) => seen.push(`+${pod.metadata?.name}`),
    updated: (pod) => seen.push(`~${pod.metadata?.name}`),
    deleted: (pod) => seen.push(`-${pod.metadata?.name}`),
  });
  const pod = (name: string, labels?: Record<string, string>, more: object = {}): Pod => ({ metadata: { name, namespace: 'a', labels, ...more } });
  const path = (name: string): string => `/api/v1/namespaces/a/pods/${name}`;
  return { world, api, factory, pods, stop, seen, pod, path };
}

describe.each([true, false])('informer (streamed lists: %s)', (streamed) => {
  test('fills, follows, and tells each change once', async () => {
    const { world, api, factory, pods, stop, seen, pod, path } = setup();
    api.streamedLists = streamed;
    api.put(path('one'), pod('one', { app: 'x' }));
    const started = factory.start(stop.signal);
    await world.settle();
    await started;
    expect(pods.hasSynced).toBe(true);
    api.put(path('two'), pod('two', { app: 'y' }));
    api.put(path('one'), pod('one', { app: 'y' }));
    api.remove(path('two'));
    await world.settle();
    expect(seen).toEqual(['+one', '+two', '~one', '-two']);
    expect(pods.get('a', 'one')?.metadata?.labels).toEqual({ app: 'y' });
    expect(pods.list('a')).toHaveLength(1);
    expect(Object.isFrozen(pods.byKey('a/one')?.metadata)).toBe(true);
    stop.abort();
  });

  test('a broken watch resumes at the last revision without listing', async () => {
    const { world, api, factory, pods, stop, seen, pod, path } = setup();
    api.streamedLists = streamed;
    const started = factory.start(stop.signal);
    await world.settle();
    await started;
    api.put(path('one'), pod('one'));
    await world.settle();
    api.cutWatches(new Error('connection reset'));
    api.put(path('two'), pod('two'));
    const before = api.requests.length;
    await world.advance(60_000);
    expect(seen).toEqual(['+one', '+two']);
    const after = api.requests.slice(before);
    expect(after).toHaveLength(1);
    expect(after[0]).toContain('resourceVersion=101');
    expect(pods.list()).toHaveLength(2);
    stop.abort();
  });

  test('an expired revision lists anew and tells what vanished meanwhile', async () => {
    const { world, api, factory, pods, stop, seen, pod, path } = setup();
    api.streamedLists = streamed;
    api.put(path('kept'), pod('kept'));
    api.put(path('lost'), pod('lost'));
    api.put(path('reborn'), pod('reborn', undefined, { uid: 'first' }));
    const started = factory.start(stop.signal);
    await world.settle();
    await started;
    api.cutWatches();
    api.remove(path('lost'));
    api.remove(path('reborn'));
    api.put(path('reborn'), pod('reborn', undefined, { uid: 'second' }));
    api.put(path('new'), pod('new'));
    api.compact();
    await world.advance(120_000);
    expect(seen.slice(0, 3)).toEqual(['+kept', '+lost', '+reborn']);
    expect(seen.slice(3).sort()).toEqual(['+new', '+reborn', '-lost', '-reborn']);
    expect(pods.get('a', 'reborn')?.metadata?.uid).toBe('second');
    stop.abort();
  });
});

test('a bookmark keeps the revision young', async () => {
  const { world, api, factory, pods, stop, pod, path } = setup();
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  api.put('/api/v1/namespaces/a/configmaps/other', { metadata: { name: 'other', namespace: 'a' } });
  api.bookmark();
  await world.settle();
  api.compact();
  api.cutWatches(new Error('connection reset'));
  await world.advance(60_000);
  api.put(path('one'), pod('one'));
  await world.settle();
  expect(api.requests.filter((request) => request.includes('sendInitialEvents'))).toHaveLength(1);
  expect(pods.list()).toHaveLength(1);
  stop.abort();
});

test('a server that is away is waited for', async () => {
  const { world, api, factory, pods, stop, pod, path } = setup();
  api.intercept = () => 'unreachable';
  api.put(path('one'), pod('one'));
  const started = factory.start(stop.signal);
  await world.advance(120_000);
  expect(pods.hasSynced).toBe(false);
  expect(api.requests.length).toBeGreaterThan(3);
  expect(api.requests.length).toBeLessThan(15);
  api.intercept = undefined;
  await world.advance(60_000);
  await started;
  expect(pods.list()).toHaveLength(1);
  stop.abort();
});

test('a server that was away long and has forgotten our revision is listed at once', async () => {
  const { world, api, factory, pods, stop, pod, path } = setup();
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  api.cutWatches(new Error('connection reset'));
  api.intercept = () => 'unreachable';
  await world.advance(100_000);
  api.put(path('one'), pod('one'));
  api.compact();
  const before = api.requests.length;
  api.intercept = undefined;
  // It is asked again after a while; what it answers then needs no other wait.
  for (let waitedMs = 0; api.requests.length === before && waitedMs < 60_000; waitedMs += 100) await world.advance(100);
  await world.settle();
  expect(pods.list()).toHaveLength(1);
  stop.abort();
});

test('a server that forgets every revision at once is not asked without a pause', async () => {
  const { world, api, factory, stop } = setup();
  api.streamedLists = false;
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  api.intercept = ({ path }) => (path.includes('watch=true') ? { status: 410, body: { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'too old resource version' } } : undefined);
  api.cutWatches(new Error('connection reset'));
  const before = api.requests.length;
  await world.advance(60_000);
  expect(api.requests.length - before).toBeLessThan(20);
  stop.abort();
});

test('a failing handler keeps no other from an event, and a late one is told what is there', async () => {
  const { world, api, factory, pods, stop, seen, pod, path } = setup();
  const failing: string[] = [];
  pods.addHandler({
    added() {
      failing.push('called');
      throw new Error('handler');
    },
  });
  const last: string[] = [];
  pods.addHandler({ added: (one) => void last.push(one.metadata?.name ?? '') });
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  api.put(path('one'), pod('one'));
  await world.settle();
  const late: string[] = [];
  pods.addHandler({ added: (one) => void late.push(one.metadata?.name ?? '') });
  expect([seen, failing, last, late]).toEqual([['+one'], ['called'], ['one'], ['one']]);
  stop.abort();
});

test('indexes follow changes', async () => {
  const { world, api, factory, pods, stop, pod, path } = setup();
  pods.addIndex('app', (one) => [one.metadata?.labels?.app ?? '']);
  api.put(path('one'), pod('one', { app: 'x' }));
  api.put(path('two'), pod('two', { app: 'x' }));
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  expect(pods.byIndex('app', 'x').map((one) => one.metadata?.name)).toEqual(['one', 'two']);
  api.put(path('one'), pod('one', { app: 'y' }));
  await world.settle();
  expect(pods.byIndex('app', 'x').map((one) => one.metadata?.name)).toEqual(['two']);
  expect(pods.byIndex('app', 'y').map((one) => one.metadata?.name)).toEqual(['one']);
  expect(pods.byIndex('app', 'z')).toEqual([]);
  stop.abort();
});

test('pages are followed', async () => {
  const { world, api, factory, pods, stop, pod, path } = setup();
  api.streamedLists = false;
  for (let n = 0; n < 1203; n++) api.put(path(`p${n}`), pod(`p${n}`));
  const started = factory.start(stop.signal);
  await world.settle();
  await started;
  expect(pods.list()).toHaveLength(1203);
  expect(pods.get('a', 'p7')?.kind).toBe('Pod');
  expect(api.requests.filter((request) => request.includes('limit=500'))).toHaveLength(3);
  stop.abort();
});
