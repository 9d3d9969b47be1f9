// How many seats a priority level could have used over the last period: mean, spread and peak, weighed by time, and a
// figure that follows a rise at once and forgets it with a half-life of five minutes.

const decay = 0.977;

export interface DemandFigures {
  readonly average: number;
  readonly deviation: number;
  readonly peak: number;
  readonly smoothed: number;
}

export class SeatDemand {
  #value = 0;
  #sinceMs: number;
  #elapsed = 0;
  #sum = 0;
  #squares = 0;
  #peak = 0;
  figures: DemandFigures = { average: 0, deviation: 0, peak: 0, smoothed: 0 };

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  set(value: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#value = value;
    if (value > this.#peak) this.#peak = value;
  }

  /** Ends the period: its figures are known, and the next one begins. */
  endPeriod(nowMs: number): DemandFigures {
    this.#advance(nowMs);
    const { average: lastAverage, deviation: lastDeviation, smoothed: lastSmoothed } = this.figures;
    let [average, deviation, smoothed] = [lastAverage, lastDeviation, lastSmoothed];
    if (this.#elapsed > 0) {
      average = this.#sum / this.#elapsed;
      deviation = Math.sqrt(Math.max(0, this.#squares / this.#elapsed - average * average));
      const envelope = average + deviation;
      smoothed = Math.max(envelope, decay * lastSmoothed + (1 - decay) * envelope);
    }
    this.figures = { average, deviation, peak: this.#peak, smoothed };
    this.#elapsed = this.#sum = this.#squares = 0;
    this.#peak = this.#value;
    return this.figures;
  }

  #advance(nowMs: number): void {
    const passed = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#elapsed += passed;
    this.#sum += passed * this.#value;
    this.#squares += passed * this.#value * this.#value;
  }
}
