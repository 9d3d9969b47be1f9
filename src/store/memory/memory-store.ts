// The store without files: the same engine as the embedded one over memory, in virtual time if the world's
// clock is virtual. With a disk it can be crashed and opened again.
import type { World } from '#base/world.ts';
import { openEngine } from '../mvcc/engine.ts';
import type { LocalStore } from '../mvcc/local-store.ts';
import type { MemoryDisk } from './disk.ts';
import { createMemoryJournal } from './memory-journal.ts';

export interface MemoryStoreConfig {
  /** Where commits are synced to; absent: nowhere, and every commit is durable at once. */
  readonly disk?: MemoryDisk;
  /** What a sync takes; 0 when absent. */
  readonly syncMs?: number;
}

export interface MemoryStore extends LocalStore {
  /** The power fails: outstanding commits never settle as durable, and the disk loses what was not synced. */
  crash(options?: { tear?: boolean }): Promise<void>;
}

export function openMemoryStore(world: World, config: MemoryStoreConfig = {}): MemoryStore {
  const journal = createMemoryJournal(world.clock, config.disk, config.syncMs ?? 0);
  const engine = openEngine(journal, world, { afterTurn: queueMicrotask });
  return {
    ...engine,
    async crash(options) {
      journal.kill();
      config.disk?.crash(options);
      await engine.close();
    },
  };
}
