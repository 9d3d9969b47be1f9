// Gives memory back when a program has become idle. V8 keeps the young generation and the fragments of a burst
// (start-up is one) until it has a reason to collect, and an idle program gives it none for minutes: tens of
// megabytes. One collection in a quiet moment returns them.
import { flushCompileCache } from 'node:module';
import { every, sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { collectAll } from './late-flags.ts';

export interface HeapSample {
  /** Share of one core used since the sample before. */
  readonly cpuShare: number;
  readonly usedBytes: number;
  readonly committedBytes: number;
}

const periodMs = 5000;
/** A start is a burst of its own, and often followed by nothing: the first look comes sooner. */
const firstPeriodMs = 750;
const quietCpuShare = 0.05;
/** A collection stops the program 2 to 4 ms for each MB in use; a larger heap is left to V8's concurrent collector. */
const mostUsedBytes = 32 * 1024 ** 2;
const leastGrowthBytes = 4 * 1024 ** 2;

/** Tells for each sample whether to collect now: quiet, small enough to be quick, and grown since the smallest heap seen. */
export function collectionPlan(): (sample: HeapSample) => boolean {
  let floor = 0;
  return ({ cpuShare, usedBytes, committedBytes }) => {
    floor = Math.min(floor, committedBytes);
    if (cpuShare > quietCpuShare || usedBytes > mostUsedBytes || committedBytes - floor < leastGrowthBytes) return false;
    // What the collection leaves is the new floor: an infinite one, until the next sample shows it.
    floor = Number.POSITIVE_INFINITY;
    return true;
  };
}

/** Watches the program's heap until the signal aborts. */
export function releaseIdleMemory(world: World, signal: AbortSignal): void {
  const wanted = collectionPlan();
  let cpu = process.cpuUsage();
  let at = world.clock.monotonic();
  const look = async (): Promise<void> => {
    const now = world.clock.monotonic();
    const used = process.cpuUsage(cpu);
    const cpuShare = now > at ? (used.user + used.system) / 1000 / (now - at) : 1;
    cpu = process.cpuUsage();
    at = now;
    const heap = process.memoryUsage();
    if (wanted({ cpuShare, usedBytes: heap.heapUsed, committedBytes: heap.heapTotal })) {
      // Compiled code goes to disk now, so that a start after kill -9 or a crash is a warm one too.
      flushCompileCache();
      await collectAll();
    }
  };
  void sleep(world.clock, firstPeriodMs, signal).then(() => every(world.clock, periodMs, signal, look), () => undefined);
}
