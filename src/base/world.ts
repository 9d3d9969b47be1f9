// The outside world as a program sees it: time, chance, a log and its metrics. Passed explicitly to
// whatever needs it; `realWorld` in production, a virtual one in tests.
import { systemClock, type Clock } from './clock.ts';
import { jsonLog, type Log } from './log.ts';
import type { MetricRules } from './metric-rules.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { systemRandom, type Random } from './random.ts';

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** @param rules what the program's flags say of metrics. */
export function realWorld(program: string, level?: string, rules?: MetricRules): World {
  return { clock: systemClock, random: systemRandom, log: jsonLog(program, level), metrics: createMetrics(rules) };
}
