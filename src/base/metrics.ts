// Prometheus metrics. One registry per program (or per in-process cluster), never the library's global
// one, so that many clusters can live in one process. Names are upstream's.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(name: string, help: string, labels: readonly L[], buckets: readonly number[]): Histogram<L>;
  /** Text exposition format 0.0.4. */
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const find = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
  return {
    counter: (name, help, labels = []) => find(name, () => new Counter({ name, help, labelNames: labels, registers })),
    gauge: (name, help, labels = []) => find(name, () => new Gauge({ name, help, labelNames: labels, registers })),
    histogram: (name, help, labels, buckets) =>
      find(name, () => new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers })),
    text: () => registry.metrics(),
  };
}
