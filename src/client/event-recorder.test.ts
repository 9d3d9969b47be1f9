// What the server sees of recorded events: counts instead of repeats, combination, a bound on spam.
import { expect, test } from 'vitest';
import type { Event, Pod } from '#api/core/v1.ts';
import { createClient } from './client.ts';
import { createEventRecorder } from './event-recorder.ts';
import { fakeApi } from './fake-api.case.ts';
import { fakeWorld } from './fake-world.case.ts';

function setup() {
  const world = fakeWorld();
  const api = fakeApi(world);
  const client = createClient(world, api.transport, { userAgent: 'test' });
  const recorder = createEventRecorder(world, client, { component: 'kubelet', host: 'node-1' });
  const events = async (): Promise<readonly Event[]> => {
    await world.settle();
    return (await client.resource<Event>('events').list()).items;
  };
  const pod = (name: string): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'a', uid: `uid-${name}`, resourceVersion: '5' } });
  return { world, api, recorder, events, pod };
}

test('a repeat raises the count', async () => {
  const { world, recorder, events, pod } = setup();
  recorder.event(pod('web'), 'Warning', 'BackOff', 'back-off', { fieldPath: 'spec.containers{web}' });
  await world.advance(60_000);
  recorder.event(pod('web'), 'Warning', 'BackOff', 'back-off', { fieldPath: 'spec.containers{web}' });
  const found = await events();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'a', uid: 'uid-web', fieldPath: 'spec.containers{web}' },
    reason: 'BackOff', message: 'back-off', type: 'Warning', count: 2, source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:01:00Z', reportingComponent: 'kubelet', reportingInstance: 'node-1',
  });
  expect(found[0]?.metadata.name).toMatch(/^web\.[0-9a-f]{16}$/);
});

test('events that differ only by message are combined after nine', async () => {
  const { world, recorder, events, pod } = setup();
  for (let n = 0; n < 15; n++) {
    recorder.event(pod('web'), 'Normal', 'Same', `message ${n}`);
    await world.settle();
  }
  const found = await events();
  expect(found).toHaveLength(10);
  expect(found[9]).toMatchObject({ message: '(combined from similar events): message 14', count: 6 });
});

test('one object may have 25 events at once, then one every five minutes', async () => {
  const { world, recorder, events, pod } = setup();
  for (let n = 0; n < 100; n++) recorder.event(pod('web'), 'Normal', `Reason${n}`, 'text');
  recorder.event(pod('other'), 'Normal', 'Other', 'text');
  expect(await events()).toHaveLength(26);
  await world.advance(300_000);
  recorder.event(pod('web'), 'Normal', 'Later', 'text');
  expect(await events()).toHaveLength(27);
});

test('an unreachable server is tried again, a refusal is not', async () => {
  const { world, api, recorder, events, pod } = setup();
  api.intercept = () => 'unreachable';
  recorder.event(pod('web'), 'Normal', 'Started', 'text');
  await world.advance(15_000);
  api.intercept = undefined;
  await world.advance(15_000);
  expect(await events()).toHaveLength(1);
  api.intercept = () => ({ status: 403, body: { kind: 'Status', reason: 'Forbidden', code: 403 } });
  const before = api.requests.length;
  recorder.event(pod('two'), 'Normal', 'Started', 'text');
  await world.advance(60_000);
  expect(api.requests.length).toBe(before + 1);
});
