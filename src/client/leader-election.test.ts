// Leader election: one leader, taken over when it falls silent, never two at once.
import { expect, test } from 'vitest';
import { createClient } from './client.ts';
import { fakeApi } from './fake-api.case.ts';
import { fakeWorld } from './fake-world.case.ts';
import { runLeaderElection } from './leader-election.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/lock';

function candidates() {
  const world = fakeWorld();
  const api = fakeApi(world);
  const log: string[] = [];
  const candidate = (identity: string) => {
    const own = { partitioned: false };
    const transport = {
      ...api.transport,
      request: (request: Parameters<typeof api.transport.request>[0]) => (own.partitioned ? Promise.reject(new Error('partitioned')) : api.transport.request(request)),
    };
    const client = createClient(world, transport, { userAgent: identity });
    const stop = new AbortController();
    let leading = false;
    const done = runLeaderElection(world, client, { lease: 'lock', namespace: 'kube-system', identity }, {
      async onStarted(signal) {
        leading = true;
        log.push(`${identity} leads`);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        leading = false;
      },
      onStopped: () => void log.push(`${identity} stopped`),
    }, stop.signal);
    return { own, stop, done, leads: () => leading };
  };
  return { world, api, log, candidate };
}

test('the first leads, renews, and gives the lease free when it ends', async () => {
  const { world, log, candidate, api } = candidates();
  const a = candidate('a');
  await world.settle();
  const b = candidate('b');
  await world.advance(60_000);
  expect(log).toEqual(['a leads']);
  a.stop.abort();
  await a.done;
  await world.advance(5_000);
  expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
  expect(api.get(path)).toMatchObject({ spec: { holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 1 } });
  b.stop.abort();
  await b.done;
});

test('a leader that cannot renew stops before another takes over', async () => {
  const { world, log, candidate } = candidates();
  const a = candidate('a');
  await world.settle();
  const b = candidate('b');
  await world.advance(10_000);
  a.own.partitioned = true;
  for (let second = 0; second < 40; second++) {
    await world.advance(1_000);
    expect(a.leads() && b.leads()).toBe(false);
  }
  expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
  a.own.partitioned = false;
  await world.advance(60_000);
  expect(log).toHaveLength(3);
  a.stop.abort();
  b.stop.abort();
  await Promise.all([a.done, b.done]);
});
