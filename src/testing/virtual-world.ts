// A world whose every part is under the test's control: a clock that stands still, randomness from a seed,
// metrics of its own, and a log that is kept instead of printed. Two worlds of one seed run alike.
import type { Log, LogFields } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { seededRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface LogLine {
  readonly atMs: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface LogBook {
  readonly log: Log;
  /** The newest lines, oldest first. */
  readonly lines: readonly LogLine[];
}

/** A log that keeps its last `limit` lines of at least `info`. */
export function createLogBook(now: () => number, limit = 5_000): LogBook {
  const lines: LogLine[] = [];
  const logWith = (bound: LogFields): Log => {
    const at = (level: LogLine['level']) => (message: string, fields: LogFields = {}): void => {
      lines.push({ atMs: now(), level, message, fields: { ...bound, ...fields } });
      if (lines.length > limit) lines.splice(0, limit / 2);
    };
    return { debug() {}, info: at('info'), warn: at('warn'), error: at('error'), with: (fields) => logWith({ ...bound, ...fields }) };
  };
  return { log: logWith({}), lines };
}

export interface VirtualWorld extends World {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly lines: readonly LogLine[];
}

export interface VirtualWorldOptions {
  readonly seed?: number;
  readonly startMs?: number;
}

/** Virtual worlds begin here unless told otherwise. */
export const defaultStartMs = Date.UTC(2026, 0, 1);

export function createVirtualWorld(options: VirtualWorldOptions = {}): VirtualWorld {
  const { seed = 1, startMs = defaultStartMs } = options;
  const clock = createVirtualClock(startMs);
  return { clock, seed, random: seededRandom(seed), metrics: createMetrics(), ...createLogBook(clock.now) };
}
