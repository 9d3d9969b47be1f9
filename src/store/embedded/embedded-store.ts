// The store in this process's own files: the engine over LMDB. One process writes at a time; opening the
// directory takes it over from whoever had it.
import { endOfTurn } from '#base/turn.ts';
import type { World } from '#base/world.ts';
import { openEngine } from '../mvcc/engine.ts';
import type { LocalStore } from '../mvcc/local-store.ts';
import { openLmdbJournal } from './lmdb-journal.ts';

export interface EmbeddedStore extends LocalStore {
  /** Copies the whole store as of one moment (one read transaction) into a directory; writes go on meanwhile. */
  snapshot(directory: string): Promise<void>;
}

export interface EmbeddedStoreConfig {
  /** Created with mode 0700 when missing. */
  readonly directory: string;
}

/** Opens the store; reads its index, about 2 microseconds a record. */
export async function openEmbeddedStore(world: World, config: EmbeddedStoreConfig): Promise<EmbeddedStore> {
  const journal = await openLmdbJournal(config.directory);
  const engine = openEngine(journal, world, { afterTurn: endOfTurn });
  return { ...engine, snapshot: (directory) => journal.snapshot(directory), defragment: () => journal.defragment() };
}
