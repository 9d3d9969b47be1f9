// Keeps a sink equal to what a server holds: a complete list, then the watch from that revision, for ever.
// The list is a streamed one (WatchList, KEP-3157) where the server has it, else pages of 500. A broken watch
// resumes at the last revision seen (bookmarks keep it young); 410 lists anew; failures wait with jitter.
import { errorText } from '#base/errors.ts';
import { sleep } from '#base/clock.ts';
import { randomInt } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { isGone, StatusError } from '#machinery';
import { createBackoff, reflectorBackoff } from './backoff.ts';
import type { ApiObject, ResourceClient, WatchEvent } from './contract.ts';
import { keyOf } from './object-key.ts';
import { errorOf } from './watch.ts';

export interface ReflectorSink<T> {
  /** The complete state; whatever is not in `items` is gone. */
  replace(items: readonly T[]): void;
  put(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: boolean;
}

const initialEventsEnd = 'k8s.io/initial-events-end';

/** A watch that ends sooner than this without an event counts as a failure. */
const shortestWatchMs = 1000;

interface Position {
  /** The revision to go on from; undefined when a list is due. */
  revision: string | undefined;
  /** A list must not be older than this: '0' (anything) at first, '' (the latest) after our revision expired. */
  seen: string;
  streamedLists: boolean;
}

/** Runs until `signal` aborts; never rejects. */
export async function runReflector<T extends ApiObject>(world: World, resource: ResourceClient<T>, options: ReflectorOptions, sink: ReflectorSink<T>, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff(world, reflectorBackoff);
  const position: Position = { revision: undefined, seen: '0', streamedLists: true };
  let listedAtOnce = false;
  while (!signal.aborted) {
    let wait = 0;
    try {
      if (await session(world, resource, options, sink, position, signal)) {
        backoff.reset();
        listedAtOnce = false;
      } else wait = backoff.next();
    } catch (error) {
      if (signal.aborted) return;
      // The server answers, and however long it was away: the list need not wait. Once, lest every revision be forgotten at once.
      const mayList = isGone(error) && position.revision !== undefined && !listedAtOnce;
      if (isGone(error)) {
        position.revision = undefined;
        position.seen = '';
      }
      if (mayList) listedAtOnce = true;
      else wait = backoff.next();
      world.log.warn('watch interrupted, will be resumed', { resource: resource.info.plural, error: errorText(error), waitMs: Math.round(wait) });
    }
    if (wait > 0) await sleep(world.clock, wait, signal).catch(() => undefined);
  }
}

/** One list (if due) and one watch. False when the watch ended suspiciously soon. */
async function session<T extends ApiObject>(world: World, resource: ResourceClient<T>, options: ReflectorOptions, sink: ReflectorSink<T>, position: Position, signal: AbortSignal): Promise<boolean> {
  const streamed = position.revision === undefined && position.streamedLists;
  if (position.revision === undefined && !streamed) await listPages(resource, options, sink, position, signal);
  const begun = world.clock.monotonic();
  const events = resource.watch({
    ...options,
    ...(streamed ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const, resourceVersion: position.seen === '0' ? '' : position.seen } : { resourceVersion: position.revision }),
    allowBookmarks: true,
    timeoutSeconds: 300 + randomInt(world.random, 300),
    signal,
  });
  const initial = streamed ? new Map<string, T>() : undefined;
  let count: number;
  try {
    count = await follow(events, initial, sink, position);
  } catch (error) {
    // A server without streamed lists refuses the parameter: go on with pages from now on.
    if (streamed && position.revision === undefined && error instanceof StatusError && [400, 403, 405, 422, 501].includes(error.code)) {
      position.streamedLists = false;
      if (error.code !== 403) return true;
    }
    throw error;
  }
  if (streamed && position.revision === undefined) position.streamedLists = false;
  return count > 0 || world.clock.monotonic() - begun >= shortestWatchMs;
}

async function listPages<T extends ApiObject>(resource: ResourceClient<T>, options: ReflectorOptions, sink: ReflectorSink<T>, position: Position, signal: AbortSignal): Promise<void> {
  const list = await resource.listAll({ ...options, limit: 500, resourceVersion: position.seen, signal });
  sink.replace(list.items);
  position.revision = list.resourceVersion;
  position.seen = list.resourceVersion;
}

/** Applies events until the stream ends; while `initial` is collecting nothing reaches the sink. */
async function follow<T extends ApiObject>(events: AsyncIterable<WatchEvent<T>>, initial: Map<string, T> | undefined, sink: ReflectorSink<T>, position: Position): Promise<number> {
  let count = 0;
  let collecting = initial;
  for await (const event of events) {
    count++;
    const failure = errorOf(event);
    if (failure !== undefined) throw failure;
    const { object } = event;
    if (event.type === 'BOOKMARK') {
      if (collecting !== undefined && object.metadata?.annotations?.[initialEventsEnd] === 'true') {
        sink.replace([...collecting.values()]);
        collecting = undefined;
      }
    } else if (collecting !== undefined) {
      if (event.type === 'DELETED') collecting.delete(keyOf(object));
      else collecting.set(keyOf(object), object);
    } else if (event.type === 'DELETED') sink.remove(object);
    else sink.put(object);
    if (collecting === undefined) {
      const revision = object.metadata?.resourceVersion;
      if (revision !== undefined && revision !== '') {
        position.revision = revision;
        position.seen = revision;
      }
    }
  }
  return count;
}
