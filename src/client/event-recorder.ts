// Events about objects, as core/v1 Events: correlated, queued (1,000 at most, then dropped) and written one by
// one in the background. Whoever records never waits and never fails. A server that cannot be reached is tried
// again every 10 s up to 12 times; one that refuses an event is not asked twice.
import type { Event, ObjectReference } from '#api/core/v1.ts';
import { rfc3339, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { jitter } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { isNotFound, StatusError } from '#machinery';
import type { ApiObject, Client, EventRecorder } from './contract.ts';
import { createEventCorrelator, type Correlated } from './event-correlator.ts';

const queueLimit = 1000;
const attempts = 12;
const retryMs = 10_000;

export interface EventSource {
  /** "kubelet", "deployment-controller" */
  readonly component: string;
  readonly host?: string;
}

/** A recorder for `source`; `signal` ends its background writing. */
export function createEventRecorder(world: World, client: Client, source: EventSource, signal?: AbortSignal): EventRecorder {
  const correlator = createEventCorrelator(world.clock);
  const queue: Event[] = [];
  let writing = false;
  const drain = async (): Promise<void> => {
    writing = true;
    for (let event = queue.shift(); event !== undefined && signal?.aborted !== true; event = queue.shift()) {
      const correlated = correlator.correlate(event);
      if (correlated !== undefined) await write(world, client, correlated, signal);
    }
    writing = false;
  };
  let serial = 0;
  return {
    event(about, type, reason, message, options) {
      if (queue.length >= queueLimit || signal?.aborted === true) return;
      // Two events within a millisecond need two names; upstream has nanoseconds for that.
      serial = (serial + 1) % 1_000_000;
      const nanos = BigInt(Math.floor(world.clock.now())) * 1_000_000n + BigInt(serial);
      const now = rfc3339(world.clock.now());
      queue.push({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: `${about.metadata?.name ?? ''}.${nanos.toString(16)}`,
          namespace: about.metadata?.namespace ?? 'default',
          ...(options?.annotations === undefined ? {} : { annotations: { ...options.annotations } }),
        },
        involvedObject: referenceTo(about, options?.fieldPath),
        reason,
        message,
        source: { component: source.component, ...(source.host === undefined ? {} : { host: source.host }) },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        type,
        reportingComponent: source.component,
        reportingInstance: source.host ?? '',
      });
      if (!writing) void drain();
    },
  };
}

function referenceTo(about: ApiObject, fieldPath: string | undefined): ObjectReference {
  const { namespace, name, uid, resourceVersion } = about.metadata ?? {};
  return { kind: about.kind, namespace, name, uid, apiVersion: about.apiVersion, resourceVersion, fieldPath };
}

async function write(world: World, client: Client, { event, repeat }: Correlated, signal: AbortSignal | undefined): Promise<void> {
  const events = client.resource<Event>('events').in(event.metadata.namespace ?? 'default');
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const { name = '' } = event.metadata;
      if (repeat && (await raiseCount(() => events.patch(name, 'strategic', { count: event.count, lastTimestamp: event.lastTimestamp, message: event.message }, { signal })))) return;
      await events.create(event, { signal });
      return;
    } catch (error) {
      if (error instanceof StatusError || signal?.aborted === true) {
        world.log.debug('event refused', { reason: event.reason, about: event.involvedObject.name, error: errorText(error) });
        return;
      }
      await sleep(world.clock, attempt === 1 ? world.random.next() * retryMs : jitter(world.random, retryMs, 0.1), signal).catch(() => undefined);
    }
  }
  world.log.warn('event lost: the API server was not reachable', { reason: event.reason, about: event.involvedObject.name });
}

/** False when the event is no longer there to be raised. */
async function raiseCount(patch: () => Promise<unknown>): Promise<boolean> {
  try {
    await patch();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
