// The hubs of all resources, made when first watched, and the clockwork they share.
import { endOfTurn } from '#base/turn.ts';
import type { World } from '#base/world.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { WatchHub } from './watch-hub.ts';
import { createWatchPlaces, defaultWatchesPerUser } from './watch-places.ts';

const tickMs = 10_000;

export interface WatchHubs {
  of(cache: ResourceCache): WatchHub;
  /** The cache is closed: its hub ends by itself and is needed no more. */
  drop(cache: ResourceCache): void;
  /** Open watches. */
  readonly size: number;
  start(): void;
  /** Ends every watch properly. */
  close(): void;
}

/** @param mostPerUser see watch-places.ts. */
export function createWatchHubs(world: World, all: WatchCache, mostPerUser = defaultWatchesPerUser): WatchHubs {
  const places = createWatchPlaces(mostPerUser);
  const hubs = new Map<ResourceCache, WatchHub>();
  let closed = false;
  let timer: { cancel(): void } | undefined;
  const tick = (): void => {
    for (const hub of hubs.values()) hub.tick();
    timer = world.clock.after(tickMs, tick, { background: true });
  };
  return {
    of(cache) {
      let hub = hubs.get(cache);
      if (hub === undefined) {
        hub = new WatchHub(cache, all, world.clock, places);
        hubs.set(cache, hub);
      }
      // A watch that begins after the end ends at once.
      if (closed) endOfTurn(() => hub.endAll());
      return hub;
    },
    drop(cache) {
      hubs.delete(cache);
    },
    get size() {
      let size = 0;
      for (const hub of hubs.values()) size += hub.size;
      return size;
    },
    start() {
      timer ??= world.clock.after(tickMs, tick, { background: true });
    },
    close() {
      closed = true;
      timer?.cancel();
      for (const hub of hubs.values()) hub.endAll();
    },
  };
}
