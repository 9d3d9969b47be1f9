// The numbers behind the flow control metrics, counted in plain fields so that a request pays next to nothing for
// them; flow-metrics.ts reads them when somebody asks. A tally holds what one FlowSchema did at one priority level.
import { HistogramChild } from '#base/metric-families.ts';

/** How long a ratio had which value: one observation at the end of every nanosecond. */
export class TimedRatio {
  readonly tally: HistogramChild;
  #value = 0;
  #denominator = 1;
  #sinceMs: number;

  constructor(bounds: readonly number[], nowMs: number) {
    this.tally = new HistogramChild(bounds);
    this.#sinceMs = nowMs;
  }

  set(value: number, nowMs: number): void {
    this.settle(nowMs);
    this.#value = value;
  }

  setDenominator(denominator: number, nowMs: number): void {
    this.settle(nowMs);
    this.#denominator = Math.max(denominator, 1e-9);
  }

  settle(nowMs: number): void {
    const passed = nowMs - this.#sinceMs;
    if (passed <= 0) return;
    this.#sinceMs = nowMs;
    this.tally.observe(this.#value / this.#denominator, Math.round(passed * 1e6));
  }
}

export const durationBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const lengthBounds = [0, 10, 25, 50, 100, 250, 500, 1000];
const seatBounds = [1, 2, 4, 8, 16, 32, 64, 100];
const watchBounds = [0, 1, 10, 100, 1000, 10_000];

export type RejectReason = 'concurrency-limit' | 'queue-full' | 'time-out';

/** What one FlowSchema's requests did at one priority level. */
export class FlowTally {
  readonly level: string;
  readonly schema: string;
  readonly rejected: Record<RejectReason, number> = { 'concurrency-limit': 0, 'queue-full': 0, 'time-out': 0 };
  dispatched = 0;
  waitingRequests = 0;
  waitingSeats = 0;
  executingRequests = 0;
  executingSeats = 0;
  noAccommodation = 0;
  readonly queueLength = new HistogramChild(lengthBounds);
  readonly waitedAndRan = new HistogramChild(durationBounds);
  readonly waitedInVain = new HistogramChild(durationBounds);
  readonly ran = new HistogramChild(durationBounds);
  readonly watchesStarted = new HistogramChild(durationBounds);
  readonly estimatedSeats = new HistogramChild(seatBounds);
  readonly watchCount = new HistogramChild(watchBounds);

  constructor(level: string, schema: string) {
    this.level = level;
    this.schema = schema;
  }
}

const seatRatioBounds = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const requestRatioBounds = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];
const demandRatioBounds = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];

/** How much of one priority level was in use, over time. */
export class LevelTally {
  readonly seatUse: TimedRatio;
  readonly executing: TimedRatio;
  readonly waiting: TimedRatio;
  readonly demand: TimedRatio;

  constructor(nowMs: number) {
    this.seatUse = new TimedRatio(seatRatioBounds, nowMs);
    this.executing = new TimedRatio(requestRatioBounds, nowMs);
    this.waiting = new TimedRatio(requestRatioBounds, nowMs);
    this.demand = new TimedRatio(demandRatioBounds, nowMs);
  }
}

const kindRatioBounds = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/** Requests of one kind (readOnly, mutating) in one phase, and their peak since it was last asked for. */
export class KindTally {
  now = 0;
  #peak = 0;
  readonly ratio: TimedRatio;

  constructor(nowMs: number) {
    this.ratio = new TimedRatio(kindRatioBounds, nowMs);
  }

  add(delta: number, nowMs: number): void {
    this.now += delta;
    if (this.now > this.#peak) this.#peak = this.now;
    this.ratio.set(this.now, nowMs);
  }

  takePeak(): number {
    const peak = this.#peak;
    this.#peak = this.now;
    return peak;
  }
}
