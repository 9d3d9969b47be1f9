// The text exposition format 0.0.4 as Go's Prometheus client writes it: labels in alphabetical order, `le` and
// `quantile` last, numbers in Go's shortest notation, so that queries which name a bucket find it.
import { Counter, Gauge, Histogram, type Summary } from './metric-families.ts';

export type AnyFamily = Counter<string> | Gauge<string> | Histogram<string> | Summary<string>;

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

const mostPlainDigits = 6;

export function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < mostPlainDigits)) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

export function headText(name: string, help: string, type: MetricType): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

/** @param pairs in the order shown. */
export function lineText(name: string, pairs: readonly (readonly [string, string | number])[], value: number): string {
  const shown = pairs.map(([key, text]) => `${key}="${String(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  return `${name}${shown.length === 0 ? '' : `{${shown.join(',')}}`} ${goNumber(value)}\n`;
}

function typeOf(family: AnyFamily): MetricType {
  if (family instanceof Counter) return 'counter';
  if (family instanceof Gauge) return 'gauge';
  return family instanceof Histogram ? 'histogram' : 'summary';
}

/** Nothing for a family that has counted nothing yet. */
export function familyText(family: AnyFamily): string {
  const { name } = family;
  const order = family.labelNames.map((label, at) => ({ label, at })).toSorted((a, b) => (a.label < b.label ? -1 : 1));
  const pairsOf = (values: readonly string[]): [string, string][] => order.map(({ label, at }) => [label, values[at] ?? '']);
  let text = '';
  if (family instanceof Histogram) {
    for (const { values, child } of family.series()) {
      const pairs = pairsOf(values);
      let below = 0;
      for (const [at, bound] of family.bounds.entries()) {
        below += child.counts[at] ?? 0;
        text += lineText(`${name}_bucket`, [...pairs, ['le', goNumber(bound)]], below);
      }
      text += lineText(`${name}_bucket`, [...pairs, ['le', '+Inf']], child.count) + lineText(`${name}_sum`, pairs, child.sum) + lineText(`${name}_count`, pairs, child.count);
    }
  } else if (family instanceof Counter || family instanceof Gauge) {
    for (const { values, child } of family.series()) text += lineText(name, pairsOf(values), child.value);
  } else {
    for (const { values, child } of family.series()) {
      const pairs = pairsOf(values);
      for (const [at, value] of child.quantiles(family.quantiles).entries()) text += lineText(name, [...pairs, ['quantile', goNumber(family.quantiles[at] ?? 0)]], value);
      text += lineText(`${name}_sum`, pairs, child.sum) + lineText(`${name}_count`, pairs, child.count);
    }
  }
  return text === '' ? '' : headText(name, family.help, typeOf(family)) + text;
}
