// EndpointSlices: what stands behind every Service with a selector. A tracker of its own writes keeps the
// controller from acting on a cache that has not seen them yet.
import type { Node, Pod, Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { errorText } from '#base/errors.ts';
import { createWorkQueue, joinKey, keyOf, runWorkers } from '#client';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { createTriggerTimes, isSelecting, selects, triggerTimeAnnotation, watchServicePods } from '../service-pods.ts';
import { managedBy, managedByLabel, reconcile, serviceNameLabel } from './reconcile.ts';
import { createSliceTracker, type SliceTracker } from './tracker.ts';

const workers = 5;
/** Slices changed by others are looked at after this long, so that their writer may finish. */
const foreignChangeDelayMs = 1000;
const serviceIndex = 'endpointslice/service';

function serviceKeyOf(slice: EndpointSlice): string {
  return joinKey(slice.metadata?.namespace ?? '', slice.metadata?.labels?.[serviceNameLabel] ?? '');
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata?.labels?.[managedByLabel] === managedBy;
}

function setUp(context: ControllerContext): Run {
  const { world, signal } = context;
  const services = context.informer<Service>('services');
  const pods = context.informer<Pod>('pods');
  const nodes = context.informer<Node>('nodes');
  const slices = context.informer<EndpointSlice>('endpointslices.discovery.k8s.io');
  const queue = createWorkQueue(world, { baseDelayMs: 1000, maxDelayMs: 100_000 });
  const tracker = createSliceTracker();
  const triggerTimes = createTriggerTimes();
  slices.addIndex(serviceIndex, (slice) => (isOurs(slice) ? [serviceKeyOf(slice)] : []));
  services.addHandler({
    added: (service) => queue.add(keyOf(service)),
    updated: (service) => queue.add(keyOf(service)),
    deleted: (service) => queue.add(keyOf(service)),
  });
  watchServicePods(pods, services, (key) => queue.add(key));
  const wakeLater = (slice: EndpointSlice): void => queue.addAfter(serviceKeyOf(slice), foreignChangeDelayMs);
  slices.addHandler({
    added(slice) {
      if (isOurs(slice) && !tracker.isOwnWrite(serviceKeyOf(slice), slice)) wakeLater(slice);
    },
    updated(slice, old) {
      if (serviceKeyOf(slice) !== serviceKeyOf(old) || isOurs(slice) !== isOurs(old)) {
        wakeLater(old);
        wakeLater(slice);
      } else if (isOurs(slice) && !tracker.isOwnWrite(serviceKeyOf(slice), slice)) wakeLater(slice);
    },
    deleted(slice) {
      if (isOurs(slice) && !tracker.deleted(serviceKeyOf(slice), slice)) wakeLater(slice);
    },
  });
  const sync = async (key: string): Promise<void> => {
    const service = services.byKey(key);
    if (service === undefined) {
      tracker.forget(key);
      triggerTimes.forget(key);
      return;
    }
    if (!isSelecting(service)) return;
    const selected = pods.list(service.metadata?.namespace).filter((pod) => selects(service, pod.metadata?.labels));
    const existing = slices.byIndex(serviceIndex, key).filter((slice) => slice.metadata?.deletionTimestamp === undefined);
    if (tracker.isStale(key, existing)) throw new Error('EndpointSlice informer cache is out of date');
    const trigger = triggerTimes.of(key, service, selected);
    const actions = reconcile({ service, pods: selected, slices: existing, nodeOf: (name) => nodes.byKey(name) });
    try {
      await perform(context, key, actions, { tracker, trigger });
      if (actions.missingNodes.length > 0) throw new Error(`pods of Service ${key} were skipped: Node ${actions.missingNodes.join(', ')} Not Found`);
    } catch (error) {
      // The cache was behind: nothing that the Service's owner should hear of, the next try sees further.
      if (isConflict(error) || isAlreadyExists(error)) throw error;
      context.recorder.event(service, 'Warning', 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${errorText(error)}`);
      throw error;
    }
  };
  return () => runWorkers(world, queue, workers, signal, sync);
}

interface Writing {
  readonly tracker: SliceTracker;
  readonly trigger: string | undefined;
}

async function perform({ client }: ControllerContext, key: string, actions: ReturnType<typeof reconcile>, { tracker, trigger }: Writing): Promise<void> {
  const resource = client.resource<EndpointSlice>('endpointslices.discovery.k8s.io');
  const stamped = (slice: EndpointSlice): EndpointSlice => {
    const { [triggerTimeAnnotation]: _, ...annotations } = slice.metadata?.annotations ?? {};
    return { ...slice, metadata: { ...slice.metadata, annotations: trigger === undefined ? annotations : { ...annotations, [triggerTimeAnnotation]: trigger } } };
  };
  for (const slice of actions.create) {
    try {
      tracker.wrote(key, await resource.create(stamped(slice)));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      throw error;
    }
  }
  for (const slice of actions.update) tracker.wrote(key, await resource.update(stamped(slice)));
  for (const slice of actions.remove) {
    tracker.removing(key, slice);
    await resource.in(slice.metadata?.namespace ?? '').delete(slice.metadata?.name ?? '').catch((error: unknown) => {
      if (isNotFound(error)) return;
      tracker.notRemoved(key, slice);
      throw error;
    });
  }
}

export const endpointslice: Controller = {
  name: 'endpointslice-controller',
  alias: 'endpointslice',
  is: 'Says in EndpointSlices which pods stand behind each Service.',
  serviceAccount: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  reads: ['services', 'pods', 'nodes', 'endpointslices.discovery.k8s.io'],
  writes: ['endpointslices.discovery.k8s.io'],
  setUp,
};
