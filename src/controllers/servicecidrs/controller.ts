// Protects ServiceCIDRs that users add or delete: they go when no Service is left with an address of theirs alone, and
// some time after API servers have stopped to give any (KEP-1880). What is Ready is what API servers give addresses of.
import type { IPAddress, ServiceCIDR } from '#api/networking/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { createWorkQueue, keyOf, runWorkers } from '#client';
import { isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { finalizer, holdersOf, overlapping, reconcile, type Condition } from './reconcile.ts';

const workers = 5;
const name = 'service-cidr-controller';
const [cidrKind, addressKind] = ['servicecidrs.networking.k8s.io', 'ipaddresses.networking.k8s.io'];

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const cidrs = context.informer<ServiceCIDR>(cidrKind);
  const addresses = context.informer<IPAddress>(addressKind);
  const queue = createWorkQueue(world);
  const wake = (object: ServiceCIDR): void => queue.add(keyOf(object));
  const wakeAll = (objects: readonly ServiceCIDR[]): void => objects.forEach(wake);
  cidrs.addHandler({
    added(object) {
      wake(object);
      wakeAll(overlapping(object, cidrs.list()));
    },
    updated: wake,
  });
  const wakeHolders = (address: IPAddress): void => wakeAll(holdersOf(address, cidrs.list()));
  addresses.addHandler({ added: wakeHolders, deleted: wakeHolders });
  return () =>
    runWorkers(world, queue, workers, signal, async (key) => {
      const object = cidrs.byKey(key);
      if (object === undefined) return;
      const actions = reconcile(object, { all: cidrs.list(), addresses: addresses.list() }, world.clock.now());
      if (actions.finalizer !== undefined) await protect(context, key, actions.finalizer);
      if (actions.condition !== undefined) await tell(context, object, actions.condition);
      if (actions.afterMs !== undefined) queue.addAfter(key, actions.afterMs);
    });
}

async function protect({ client }: ControllerContext, key: string, action: 'add' | 'remove'): Promise<void> {
  const list = action === 'add' ? 'finalizers' : '$deleteFromPrimitiveList/finalizers';
  try {
    await client.resource<ServiceCIDR>(cidrKind).patch(key, 'strategic', { metadata: { [list]: [finalizer] } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function tell({ world, client, recorder }: ControllerContext, object: ServiceCIDR, condition: Condition): Promise<void> {
  const key = keyOf(object);
  const conditions = [{ type: 'Ready', ...condition, lastTransitionTime: rfc3339(world.clock.now()) }];
  const applied = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: key }, status: { conditions } };
  try {
    await client.resource<ServiceCIDR>(cidrKind).patch(key, 'apply', applied, { subresource: 'status', fieldManager: name, force: true });
  } catch (error) {
    if (condition.status === 'True') recorder.event(object, 'Warning', 'KubernetesServiceCIDRError', 'The ServiceCIDR Status can not be set to Ready=True');
    throw error;
  }
}

export const servicecidrs: Controller = {
  name,
  alias: name,
  is: 'Keeps ServiceCIDRs as long as a Service has an address of theirs alone.',
  serviceAccount: 'service-cidrs-controller',
  reads: [cidrKind, addressKind],
  writes: [cidrKind],
  setUp,
};
