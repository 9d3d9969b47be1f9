// Prometheus metrics. One registry per program (or per in-process cluster), never the library's global
// one, so that many clusters can live in one process. Names are upstream's.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** One line of a metric that is read when somebody asks; `name` where a histogram's lines have one of their own. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly name?: string;
}

export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(name: string, help: string, labels: readonly L[], buckets: readonly number[]): Histogram<L>;
  /** A metric whose values are kept elsewhere: for what is counted too often to be told each time. The last reader counts. */
  read(name: string, help: string, type: 'counter' | 'gauge' | 'histogram', samples: () => Iterable<Sample>): void;
  /** Text exposition format 0.0.4. */
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const readers = new Map<string, Reader>();
  const find = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
  return {
    counter: (name, help, labels = []) => find(name, () => new Counter({ name, help, labelNames: labels, registers })),
    gauge: (name, help, labels = []) => find(name, () => new Gauge({ name, help, labelNames: labels, registers })),
    histogram: (name, help, labels, buckets) =>
      find(name, () => new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers })),
    read(name, help, type, samples) {
      readers.set(name, { name, help, type, samples });
    },
    text: async () => [await registry.metrics(), ...Array.from(readers.values(), readerText)].join('\n'),
  };
}

interface Reader {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: () => Iterable<Sample>;
}

function readerText(reader: Reader): string {
  const lines = [`# HELP ${reader.name} ${reader.help}`, `# TYPE ${reader.name} ${reader.type}`];
  for (const { labels, value, name } of reader.samples()) {
    const shown = Object.entries(labels).map(([key, text]) => `${key}="${String(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
    lines.push(`${name ?? reader.name}${shown.length === 0 ? '' : `{${shown.join(',')}}`} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}
