// Optimistic writes: read, change, write, and again when somebody else was faster (client-go's DefaultRetry).
import { sleep } from '#base/clock.ts';
import { jitter } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { isConflict } from '#machinery';

const attempts = 5;
const firstWaitMs = 10;

/** Runs `write` (which reads afresh each time) up to 5 times while it fails with a conflict. */
export async function retryOnConflict<T>(world: World, write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
      await sleep(world.clock, jitter(world.random, firstWaitMs, 0.1), signal);
    }
  }
}
