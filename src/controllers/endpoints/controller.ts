// Endpoints, the elder of EndpointSlices: many programs still read it. Objects left behind by Services that were
// deleted while nobody watched are found once at the start.
import type { Endpoints, Pod, Service } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { createWorkQueue, keyOf, runWorkers, splitKey } from '#client';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { createTriggerTimes, isSelecting, selects, watchServicePods } from '../service-pods.ts';
import { reconcile } from './reconcile.ts';

const workers = 5;
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

function setUp(context: ControllerContext): Run {
  const { world, client, recorder, signal } = context;
  const services = context.informer<Service>('services');
  const pods = context.informer<Pod>('pods');
  const endpoints = context.informer<Endpoints>('endpoints');
  const resource = client.resource<Endpoints>('endpoints');
  const queue = createWorkQueue(world, { baseDelayMs: 1000, maxDelayMs: 100_000 });
  const triggerTimes = createTriggerTimes();
  services.addHandler({
    added: (service) => queue.add(keyOf(service)),
    updated: (service) => queue.add(keyOf(service)),
    deleted: (service) => queue.add(keyOf(service)),
  });
  watchServicePods(pods, services, (key) => queue.add(key));
  endpoints.addHandler({ deleted: (object) => queue.add(keyOf(object)) });

  const sync = async (key: string): Promise<void> => {
    const service = services.byKey(key);
    const { namespace, name } = splitKey(key);
    if (service === undefined) {
      triggerTimes.forget(key);
      if (endpoints.byKey(key) === undefined) return;
      await resource.in(namespace).delete(name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return;
    }
    if (!isSelecting(service)) return;
    const selected = pods.list(namespace).filter((pod) => selects(service, pod.metadata?.labels));
    const existing = endpoints.byKey(key);
    const object = reconcile({ service, pods: selected, existing, triggerTime: triggerTimes.of(key, service, selected) });
    if (object === undefined) return;
    try {
      await (existing === undefined ? resource.create(object) : resource.update(object));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      // The cache was behind: nothing that the Service's owner should hear of, the next try sees further.
      if (isConflict(error) || isAlreadyExists(error)) throw error;
      if (existing === undefined) recorder.event(object, 'Warning', 'FailedToCreateEndpoint', `Failed to create endpoint for service ${key}: ${errorText(error)}`);
      else recorder.event(object, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${errorText(error)}`);
      throw error;
    }
  };
  return async () => {
    for (const object of endpoints.list()) if (object.metadata?.annotations?.[leaderAnnotation] === undefined) queue.add(keyOf(object));
    await runWorkers(world, queue, workers, signal, sync);
  };
}

export const endpoints: Controller = {
  name: 'endpoints-controller',
  alias: 'endpoint',
  is: 'Says in Endpoints which pods stand behind each Service.',
  serviceAccount: 'endpoint-controller',
  eventSource: 'endpoint-controller',
  reads: ['services', 'pods', 'endpoints'],
  writes: ['endpoints'],
  setUp,
};
