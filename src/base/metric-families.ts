// What a metric counts: a family under one name, and one child per combination of label values. Whoever counts with every
// request asks for its child once and keeps it; counting is then an addition, no look-up and no string. The number of
// children is bounded, because labels may carry what clients say.

export type Labels<L extends string> = Readonly<Partial<Record<L, string | number>>>;

/** By name, or the values in the order of the label names. */
export type LabelValues<L extends string> = readonly [Labels<L>] | readonly string[];

/** Beyond it a new combination is counted for nobody. */
const mostChildren = 20_000;

export class CounterChild {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

export class GaugeChild {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }

  dec(by = 1): void {
    this.value -= by;
  }

  set(value: number): void {
    this.value = value;
  }
}

export class HistogramChild {
  readonly bounds: readonly number[];
  /** Per bucket, not cumulative; the last is what lies above all bounds. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** @param weight how many observations of the value this is. */
  observe(value: number, weight = 1): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    counts[at] = (counts[at] ?? 0) + weight;
    this.sum += value * weight;
    this.count += weight;
  }
}

const summarised = 1024;

/** Quantiles of the latest observations. */
export class SummaryChild {
  readonly #latest: number[] = [];
  sum = 0;
  count = 0;

  observe(value: number): void {
    this.#latest[this.count % summarised] = value;
    this.sum += value;
    this.count++;
  }

  quantiles(wanted: readonly number[]): number[] {
    const sorted = this.#latest.toSorted((a, b) => a - b);
    return wanted.map((quantile) => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? Number.NaN);
  }
}

export interface Series<C> {
  /** In the order of the family's label names. */
  readonly values: readonly string[];
  readonly child: C;
}

function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : values.join('\0');
}

/** What a label with a value that is not allowed is counted as. */
export const unexpectedValue = 'unexpected';

class Family<L extends string, C> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  readonly #make: () => C;
  readonly #series = new Map<string, Series<C>>();
  /** The one child of a family without labels, which is shown before anything has been counted. */
  #only: C | undefined;
  /** By label, in the order of their names. */
  #allowed: readonly (ReadonlySet<string> | undefined)[] | undefined;
  #onUnexpected: () => void = () => undefined;

  constructor(name: string, help: string, labelNames: readonly L[], make: () => C) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#make = make;
    if (labelNames.length === 0) this.#only = this.#child([]);
  }

  /** The child to keep. */
  labels(...given: LabelValues<L>): C {
    return this.#child(this.#valuesOf(given));
  }

  /** From now on other values of these labels are counted together. @param count is called for each. */
  allowOnly(allowed: ReadonlyMap<string, ReadonlySet<string>>, count: () => void): void {
    this.#allowed = this.labelNames.map((name) => allowed.get(name));
    this.#onUnexpected = count;
  }

  remove(...given: LabelValues<L>): void {
    this.#series.delete(keyOf(this.#valuesOf(given)));
  }

  #child(values: readonly string[]): C {
    const key = keyOf(values);
    const known = this.#series.get(key);
    if (known !== undefined) return known.child;
    const child = this.#make();
    if (this.#series.size < mostChildren) this.#series.set(key, { values, child });
    return child;
  }

  reset(): void {
    this.#series.clear();
    if (this.labelNames.length === 0) this.#only = this.#child([]);
  }

  series(): Iterable<Series<C>> {
    return this.#series.values();
  }

  protected get only(): C {
    if (this.#only === undefined) throw new Error(`${this.name} has labels: ${this.labelNames.join(', ')}`);
    return this.#only;
  }

  #valuesOf(given: LabelValues<L>): readonly string[] {
    const [first] = given;
    const values = typeof first === 'object' ? this.labelNames.map((name) => String(first[name] ?? '')) : given.map(String);
    const allowed = this.#allowed;
    if (allowed === undefined) return values;
    return values.map((value, at) => {
      if (allowed[at]?.has(value) !== false) return value;
      this.#onUnexpected();
      return unexpectedValue;
    });
  }
}

export class Counter<L extends string> extends Family<L, CounterChild> {
  constructor(name: string, help: string, labelNames: readonly L[]) {
    super(name, help, labelNames, () => new CounterChild());
  }

  inc(labels?: Labels<L> | number, by = 1): void {
    if (typeof labels === 'object') this.labels(labels).inc(by);
    else this.only.inc(labels);
  }
}

export class Gauge<L extends string> extends Family<L, GaugeChild> {
  constructor(name: string, help: string, labelNames: readonly L[]) {
    super(name, help, labelNames, () => new GaugeChild());
  }

  inc(labels?: Labels<L> | number, by = 1): void {
    if (typeof labels === 'object') this.labels(labels).inc(by);
    else this.only.inc(labels);
  }

  dec(labels?: Labels<L> | number, by = 1): void {
    if (typeof labels === 'object') this.labels(labels).dec(by);
    else this.only.dec(labels);
  }

  set(labels: Labels<L> | number, value = 0): void {
    if (typeof labels === 'object') this.labels(labels).set(value);
    else this.only.set(labels);
  }
}

export class Histogram<L extends string> extends Family<L, HistogramChild> {
  readonly bounds: readonly number[];

  constructor(name: string, help: string, labelNames: readonly L[], bounds: readonly number[]) {
    super(name, help, labelNames, () => new HistogramChild(bounds));
    this.bounds = bounds;
  }

  observe(labels: Labels<L> | number, value = 0): void {
    if (typeof labels === 'object') this.labels(labels).observe(value);
    else this.only.observe(labels);
  }
}

export class Summary<L extends string> extends Family<L, SummaryChild> {
  readonly quantiles: readonly number[];

  constructor(name: string, help: string, labelNames: readonly L[], quantiles: readonly number[]) {
    super(name, help, labelNames, () => new SummaryChild());
    this.quantiles = quantiles;
  }
}
