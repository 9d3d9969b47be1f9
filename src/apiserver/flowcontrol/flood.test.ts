// One tenant floods the server with lists of everything; the leases of the nodes are renewed in time all the same.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { endOfTurn } from '#base/turn.ts';
import { openMemoryStore } from '#store';
import { memoryTransport } from '#wire';
import { startTestServer, testWorld, pod } from '../test-server.case.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
/** A kubelet gives up a renewal after a quarter of the lease's 40 seconds. */
const renewalMs = 10_000;

test('2,000 lists of one service account delay no lease beyond its deadline', async () => {
  const store = openMemoryStore(testWorld());
  const api = await startTestServer(store);
  const account = memoryTransport(api.server.handler, { user: 'system:serviceaccount:tenant:greedy', groups: ['system:serviceaccounts', 'system:serviceaccounts:tenant', 'system:authenticated'] });
  const node = memoryTransport(api.server.handler, { user: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] });
  try {
    for (let i = 0; i < 200; i++) await api.post('/api/v1/namespaces/default/pods', pod(`p${i}`));
    await api.post(leases, { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1', leaseDurationSeconds: 40 } });
    let done = 0;
    const flood = Array.from({ length: 2000 }, async () => {
      const response = await account.request({ method: 'GET', path: '/api/v1/pods', headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } });
      await response.bytes();
      done++;
      return response.status;
    });
    const waits: number[] = [];
    while (done < 2000) {
      const started = systemClock.monotonic();
      const renewed = await node.request({ method: 'PATCH', path: `${leases}/n1`, headers: { 'content-type': 'application/merge-patch+json' }, body: JSON.stringify({ spec: { renewTime: new Date(waits.length * 1000).toISOString().replace('Z', '000Z') } }) });
      await renewed.bytes();
      waits.push(systemClock.monotonic() - started);
      expect(renewed.status).toBe(200);
      await new Promise<void>((resolve) => endOfTurn(resolve));
    }
    const statuses = await Promise.all(flood);
    console.log(`${waits.length} renewals, the slowest took ${Math.max(...waits).toFixed(0)} ms; lists: ${statuses.filter((s) => s === 200).length} answered, ${statuses.filter((s) => s === 429).length} refused`);
    expect(Math.max(...waits)).toBeLessThan(renewalMs / 2);
    expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  } finally {
    await api[Symbol.asyncDispose]();
    await store.close();
  }
}, 120_000);
