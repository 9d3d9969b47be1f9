// Workers on a queue: take a key, handle it, and on failure put it back with growing delay. The error is logged
// here, once per attempt, because here is who owns the retry.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { WorkQueue } from './contract.ts';
import { isConflict, isNotFound } from '#machinery';

/** What a handler may ask for: work on this key again after a while, without it counting as a failure. */
export interface HandleResult {
  readonly requeueAfterMs?: number;
}

export type Handle = (key: string, signal: AbortSignal) => Promise<HandleResult | void>;

/**
 * Runs `count` workers until `signal` aborts; resolves when the last one has finished its key. A rejected
 * handler is retried by the queue's rate limit.
 */
export async function runWorkers(world: World, queue: WorkQueue, count: number, signal: AbortSignal, handle: Handle): Promise<void> {
  const stop = (): void => queue.shutDown();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const work = async (): Promise<void> => {
    for (;;) {
      const key = await queue.take();
      if (key === undefined) return;
      await handleKey(world, queue, key, signal, handle);
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  signal.removeEventListener('abort', stop);
}

async function handleKey(world: World, queue: WorkQueue, key: string, signal: AbortSignal, handle: Handle): Promise<void> {
  try {
    const result = await handle(key, signal);
    queue.forget(key);
    if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs);
  } catch (error) {
    if (!signal.aborted) {
      // Conflicts and vanished objects are everyday: the cache was behind, the next try sees further.
      const level = isConflict(error) || isNotFound(error) ? 'debug' : 'warn';
      world.log[level]('work failed, will be retried', { key, retries: queue.retries(key), error: errorText(error) });
      queue.addRateLimited(key);
    }
  } finally {
    queue.done(key);
  }
}
