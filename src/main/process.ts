// What every long-running program shares: stop on SIGTERM or SIGINT, a last word on what nobody caught, logs of bounded
// size, and metrics of the process. A second signal ends the process at once.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { releaseIdleMemory } from './idle-memory.ts';
import { readProcessMetrics } from './process-metrics.ts';

export interface Running {
  close(): Promise<void>;
}

/** A start that waits for what never comes keeps the process this long from its end. */
const startGraceMs = 2000;

/** Starts a program and keeps the process until a signal; exit code 0 after an orderly stop, 1 otherwise. */
export async function runProgram(world: World, start: (signal: AbortSignal) => Promise<Running>): Promise<void> {
  const stop = new AbortController();
  let stopping = false;
  let started = false;
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(1);
        stopping = true;
        stop.abort(new Error(`got ${signal}`));
        if (!started) world.clock.after(startGraceMs, () => process.exit(0), { background: true });
        resolve();
      });
    }
  });
  process.on('uncaughtException', (error) => {
    world.log.error('broken invariant', { error: errorText(error), stack: error.stack });
    process.exit(1);
  });
  process.on('unhandledRejection', (reason) => {
    // An operation cut short by the stop itself is no news.
    if (stopping) return;
    world.log.error('broken invariant: nobody handles this rejection', { error: errorText(reason), stack: reason instanceof Error ? reason.stack : undefined });
    process.exit(1);
  });
  readProcessMetrics(world);
  try {
    const running = await start(stop.signal);
    started = true;
    releaseIdleMemory(world, stop.signal);
    await stopped;
    await running.close();
    process.exit(0);
  } catch (error) {
    if (stopping) process.exit(0);
    world.log.error('cannot start', { error: errorText(error), stack: error instanceof Error ? error.stack : undefined });
    process.exit(1);
  }
}
