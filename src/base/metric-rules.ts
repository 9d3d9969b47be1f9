// What an administrator says of metrics, as component-base's flags do: which are not told at all, which values a label may
// have (others are counted together as "unexpected"), and whether metrics that only live on under a former name are told.
import { unexpectedValue, type Counter } from './metric-families.ts';
import type { Metrics, Sample } from './metrics.ts';

/** A deprecated metric that has the values of another one. */
export interface FormerName {
  readonly name: string;
  readonly of: string;
  readonly help: string;
}

export interface MetricRules {
  readonly disabled?: readonly string[];
  /** By metric and label. */
  readonly allowed?: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
  /** Hidden unless `showsFormer`. */
  readonly former?: readonly FormerName[];
  readonly showsFormer?: boolean;
}

/** The metrics about the rules. */
export function metaMetrics(metrics: Metrics): { readonly disabled: Counter<never>; readonly hidden: Counter<never>; readonly unexpected: Counter<never> } {
  return {
    disabled: metrics.counter<never>('disabled_metrics_total', '[BETA] The count of disabled metrics.'),
    hidden: metrics.counter<never>('hidden_metrics_total', '[BETA] The count of hidden metrics.'),
    unexpected: metrics.counter<never>('cardinality_enforcement_unexpected_categorizations_total', '[ALPHA] The count of unexpected categorizations during cardinality enforcement.'),
  };
}

/** Samples under their allowed labels; those that became alike are added up. */
export function allowedSamples(samples: Iterable<Sample>, allowed: ReadonlyMap<string, ReadonlySet<string>>, count: () => void): Iterable<Sample> {
  const merged = new Map<string, Sample>();
  for (const sample of samples) {
    const labels = Object.fromEntries(Object.entries(sample.labels).map(([label, value]) => {
      if (allowed.get(label)?.has(String(value)) !== false) return [label, value];
      count();
      return [label, unexpectedValue];
    }));
    const key = JSON.stringify([sample.name, Object.entries(labels).toSorted()]);
    merged.set(key, { ...sample, labels, value: sample.value + (merged.get(key)?.value ?? 0) });
  }
  return merged.values();
}

/** A metric's text under its former name. */
export function textUnder({ name, of, help }: FormerName, text: string): string {
  return text.split('\n').map((line) => {
    if (line.startsWith(`# HELP ${of} `)) return `# HELP ${name} ${help}`;
    if (line.startsWith(`# TYPE ${of} `)) return line.replace(of, name);
    return line.startsWith(of) ? name + line.slice(of.length) : line;
  }).join('\n');
}
