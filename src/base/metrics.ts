// Prometheus metrics. One registry per program (or per in-process cluster), so that many clusters can live in one
// process. Names, labels and buckets are upstream's. Counting is cheap enough for every request: metric-families.ts.
import { Counter, Gauge, Histogram, Summary } from './metric-families.ts';
import { allowedSamples, metaMetrics, textUnder, type MetricRules } from './metric-rules.ts';
import { familyText, headText, lineText, type AnyFamily, type MetricType } from './metric-text.ts';

export type { Counter, CounterChild, Gauge, GaugeChild, Histogram, HistogramChild, Summary, SummaryChild } from './metric-families.ts';

/** One line of a metric that is read when somebody asks; `name` where a histogram's lines have one of their own. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly name?: string;
}

/** Asking for a name again gives the same metric. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(name: string, help: string, labels: readonly L[], buckets: readonly number[]): Histogram<L>;
  summary<L extends string>(name: string, help: string, labels: readonly L[], quantiles: readonly number[]): Summary<L>;
  /** A metric whose values are kept elsewhere: for what is counted too often to be told each time. The last reader counts. */
  read(name: string, help: string, type: Exclude<MetricType, 'summary'>, samples: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  /** Text exposition format 0.0.4, by name. */
  text(): Promise<string>;
}

/** @param rules of a program whose flags tell some: what they do is told too. */
export function createMetrics(rules?: MetricRules): Metrics {
  const families = new Map<string, AnyFamily>();
  const readers = new Map<string, () => Promise<string>>();
  const find = <F extends AnyFamily>(name: string, kind: abstract new (...parts: never[]) => F, make: () => F): F => {
    const known = families.get(name);
    if (known instanceof kind) return known;
    if (known !== undefined) throw new Error(`the metric ${name} is of two types`);
    const made = make();
    const allowed = rules?.allowed?.get(name);
    if (allowed !== undefined) made.allowOnly(allowed, () => meta?.unexpected.inc());
    families.set(name, made);
    return made;
  };
  const disabled = new Set(rules?.disabled);
  const former = rules?.former?.filter(({ name }) => !disabled.has(name)) ?? [];
  const metrics: Metrics = {
    counter: (name, help, labels = []) => find(name, Counter, () => new Counter(name, help, labels)) as Counter<(typeof labels)[number]>,
    gauge: (name, help, labels = []) => find(name, Gauge, () => new Gauge(name, help, labels)) as Gauge<(typeof labels)[number]>,
    histogram: (name, help, labels, buckets) => find(name, Histogram, () => new Histogram(name, help, labels, buckets)) as Histogram<(typeof labels)[number]>,
    summary: (name, help, labels, quantiles) => find(name, Summary, () => new Summary(name, help, labels, quantiles)) as Summary<(typeof labels)[number]>,
    read(name, help, type, samples) {
      readers.set(name, async () => {
        let text = headText(name, help, type);
        const allowed = rules?.allowed?.get(name);
        const all = await samples();
        for (const { labels, value, name: line } of allowed === undefined ? all : allowedSamples(all, allowed, () => meta?.unexpected.inc())) text += lineText(line ?? name, sortedPairs(labels), value);
        return text;
      });
    },
    async text() {
      // What cannot be read now is left out; the rest is told.
      const texts = await Promise.all(Array.from(readers, async ([name, text]) => ({ name, text: await text().catch(() => '') })));
      for (const [name, family] of families) if (!readers.has(name)) texts.push({ name, text: familyText(family) });
      if (rules?.showsFormer === true) texts.push(...former.map((own) => ({ name: own.name, text: textUnder(own, texts.find(({ name }) => name === own.of)?.text ?? '') })));
      return texts.filter(({ name }) => !disabled.has(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ text }) => text).join('');
    },
  };
  const meta = rules === undefined ? undefined : metaMetrics(metrics);
  meta?.disabled.inc(disabled.size);
  meta?.hidden.inc(disabled.size + former.length);
  return metrics;
}

/** `le` stays where it is told: last. */
function sortedPairs(labels: Readonly<Record<string, string | number>>): [string, string | number][] {
  return Object.entries(labels).toSorted(([a], [b]) => (a === 'le' ? 1 : b === 'le' ? -1 : a < b ? -1 : 1));
}
