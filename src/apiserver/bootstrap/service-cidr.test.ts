// The default ServiceCIDR comes back when somebody deletes it, with the ranges that the server was started with.
import { expect, test } from 'vitest';
import { createVirtualWorld } from '#testing';
import { openMemoryStore } from '#store';
import { startTestServer } from '../test-server.case.ts';

test('the default ServiceCIDR is made again, and nobody else’s answer about it is overruled', async () => {
  const path = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes';
  const world = createVirtualWorld({ seed: 4 });
  const store = openMemoryStore(world);
  await using api = await startTestServer(store, {}, world);
  const later = async (): Promise<void> => {
    await world.clock.advance('10s');
    await world.clock.settle();
  };
  const ready = async (): Promise<unknown> => {
    const { body } = await api.get(path);
    return [body.spec?.cidrs, body.status?.conditions?.map(({ type, status, message }: Record<string, string>) => [type, status, message])];
  };
  const kept = [['10.96.0.0/16'], [['Ready', 'True', 'Kubernetes default Service CIDR is ready']]];
  expect(await ready()).toEqual(kept);
  const { body: first } = await api.get(path);
  await api.del(path);
  await later();
  expect(await ready()).toEqual(kept);
  expect((await api.get(path)).body.metadata.uid).not.toBe(first.metadata.uid);
  const no = [{ type: 'Ready', status: 'False', reason: 'x', message: 'no', lastTransitionTime: '2026-01-01T00:00:00Z' }];
  await api.patch(`${path}/status`, 'merge', { status: { conditions: no } });
  await later();
  expect(await ready()).toEqual([['10.96.0.0/16'], [['Ready', 'False', 'no']]]);
});
