// Forgets old revisions on a schedule, as upstream's API server does against etcd: every five minutes,
// keeping five minutes of history for watches and chunked lists that are behind.
import { errorText } from '#base/errors.ts';
import { every } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { CompactedError, type Store } from './contract.ts';

export interface CompactorConfig {
  /** 300,000 when absent. */
  readonly intervalMs?: number;
  /** Revisions younger than this are kept; 300,000 when absent. Checked at each interval. */
  readonly keepMs?: number;
  /** At least so many of the newest revisions are kept; 0 when absent. */
  readonly keepRevisions?: number;
}

/** Compacts until the returned function is called. A failure is logged and tried again at the next interval. */
export function startCompactor(store: Store, world: World, config: CompactorConfig = {}): () => void {
  const { intervalMs = 300_000, keepMs = 300_000, keepRevisions = 0 } = config;
  const stop = new AbortController();
  /** What the newest revision was, and when: the marks that say how old a revision is. */
  let marks: { readonly at: number; readonly revision: number }[] = [];

  const compact = async (): Promise<void> => {
    try {
      const { revision, compactedRevision } = await store.status();
      const now = world.clock.monotonic();
      marks.push({ at: now, revision });
      const old = marks.filter((mark) => mark.at <= now - keepMs).at(-1);
      const target = Math.min(old?.revision ?? 0, revision - keepRevisions);
      if (target > compactedRevision) await store.compact(target);
      if (old !== undefined) marks = marks.filter((mark) => mark.at >= old.at);
    } catch (error) {
      if (!stop.signal.aborted && !(error instanceof CompactedError)) world.log.warn('compaction failed; trying again later', { error: errorText(error) });
    }
  };

  void every(world.clock, intervalMs, stop.signal, compact);
  return () => stop.abort(new Error('the compactor is stopped'));
}
