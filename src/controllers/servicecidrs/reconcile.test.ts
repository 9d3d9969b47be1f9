// When a ServiceCIDR is protected, called ready, held and let go; and the same in a whole cluster.
import { expect, test } from 'vitest';
import type { IPAddress, ServiceCIDR } from '#api/networking/v1.ts';
import { startCluster } from '#testing';
import { finalizer, holdersOf, overlapping, reconcile, type Actions } from './reconcile.ts';

const [deletedAt, now] = ['2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:04Z')];

function range(name: string, cidrs: string[], state: { dying?: boolean; protected?: boolean; status?: string; reason?: string; message?: string } = {}): ServiceCIDR {
  const { dying = false, status, reason = '', message = '' } = state;
  return {
    metadata: { name, ...(state.protected === false ? {} : { finalizers: [finalizer] }), ...(dying ? { deletionTimestamp: deletedAt } : {}) },
    spec: { cidrs },
    ...(status === undefined ? {} : { status: { conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: deletedAt }] } }),
  };
}
const address = (name: string, managedBy = 'ipallocator.k8s.io'): IPAddress => ({ metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': managedBy } }, spec: { parentRef: { resource: 'services', name: 's' } } });

const isReady = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' } as const;
const isHeld = { status: 'False', reason: 'Terminating', message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR' } as const;
const soon = { afterMs: 6000 };

test.each<[string, ServiceCIDR, ServiceCIDR[], string[], Actions]>([
  ['a new one', range('a', ['10.0.0.0/24'], { protected: false }), [], [], { finalizer: 'add', condition: isReady }],
  ['a default one, ready for another reason', range('a', ['10.0.0.0/24'], { status: 'True', message: 'Kubernetes default Service CIDR is ready' }), [], [], { condition: isReady }],
  ['one with all', range('a', ['10.0.0.0/24'], isReady), [], ['10.0.0.1'], {}],
  ['a dying one, in use', range('a', ['10.0.0.0/24'], { dying: true, ...isReady }), [], ['10.0.0.1'], { condition: isHeld }],
  ['a dying one that says so', range('a', ['10.0.0.0/24'], { dying: true, ...isHeld }), [], ['10.0.0.1'], {}],
  ['a dying one, in use by a second family', range('a', ['10.0.0.0/24', 'fd00::/112'], { dying: true }), [], ['fd00::1'], { condition: isHeld }],
  ['a dying one in a wider one', range('a', ['10.0.0.0/24'], { dying: true }), [range('b', ['10.0.0.0/16'])], ['10.0.0.1'], soon],
  ['a dying one of one range with another', range('a', ['10.0.0.0/24'], { dying: true }), [range('b', ['10.0.0.0/24'])], ['10.0.0.1'], soon],
  ['a dying one, one family of it in a wider one', range('a', ['10.0.0.0/24', 'fd00::/112'], { dying: true }), [range('b', ['10.0.0.0/16'])], ['10.0.0.1', 'fd00::1'], { condition: isHeld }],
  ['a dying one whose addresses lie in a narrower one', range('a', ['10.0.0.0/24'], { dying: true }), [range('b', ['10.0.0.0/28'])], ['10.0.0.1'], soon],
  ['a dying one with an address that is the broadcast address of the narrower', range('a', ['10.0.0.0/24'], { dying: true }), [range('b', ['10.0.0.0/28'])], ['10.0.0.15'], { condition: isHeld }],
  ['a dying one without addresses', range('a', ['10.0.0.0/24'], { dying: true }), [], ['10.0.1.1', '10.0.0.0', '10.0.0.255', 'fd00::1'], soon],
])('%s', (_, object, others, addresses, wanted) => {
  expect(reconcile(object, { all: [object, ...others], addresses: addresses.map((name) => address(name)) }, now)).toEqual(wanted);
});

test('one that has died long enough is let go, once', () => {
  const observed = { all: [], addresses: [address('10.0.0.1', 'somebody')] };
  expect(reconcile(range('a', ['10.0.0.0/24'], { dying: true }), observed, now + 6000)).toEqual({ finalizer: 'remove' });
  expect(reconcile(range('a', ['10.0.0.0/24'], { dying: true, protected: false }), observed, now + 6000)).toEqual({});
});

test('who else is to be looked at', () => {
  const all = [range('wide', ['10.0.0.0/16']), range('narrow', ['10.0.0.0/24', 'fd00::/112']), range('other', ['10.1.0.0/24'])];
  const names = (objects: ServiceCIDR[]): unknown => objects.map(({ metadata }) => metadata?.name);
  expect(names(overlapping(all[1] ?? {}, all))).toEqual(['wide', 'narrow']);
  expect(names(holdersOf(address('10.0.0.7'), all))).toEqual(['wide', 'narrow']);
  expect(names(holdersOf(address('10.0.0.255'), all))).toEqual(['wide']);
  expect(names(holdersOf(address('10.0.0.7', 'somebody'), all))).toEqual([]);
});

test('a range that a service uses stays until the service goes', async () => {
  await using cluster = await startCluster({ nodes: 0, scheduler: false, controllers: ['service-cidr-controller'] });
  const ranges = cluster.client.resource<ServiceCIDR>('servicecidrs.networking.k8s.io');
  const services = cluster.client.resource('services').in('default');
  const said = async (): Promise<unknown> => (await ranges.get('more')).status?.conditions?.map(({ status, reason }) => [status, reason]);
  await ranges.create({ metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } });
  await cluster.until(async () => JSON.stringify(await said()) === '[["True",""]]', { within: '1m' });
  expect((await ranges.get('more')).metadata?.finalizers).toEqual([finalizer]);
  await services.create({ metadata: { name: 's' }, spec: { clusterIP: '10.97.0.9', ports: [{ port: 80 }] } } as object);
  await ranges.delete('more');
  await cluster.until(async () => JSON.stringify(await said()) === '[["False","Terminating"]]', { within: '1m' });
  await services.delete('s');
  await cluster.until(async () => !(await ranges.list()).items.some(({ metadata }) => metadata?.name === 'more'), { within: '1m' });
});
