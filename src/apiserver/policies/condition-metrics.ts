// What is counted about match conditions, under upstream's names.
import type { Metrics } from '#base/metrics.ts';

export interface ConditionLabels {
  /** The webhook or policy. */
  readonly name: string;
  /** "webhook" or "policy". */
  readonly kind: string;
  /** "admit" or "validating" of webhooks, "validate" or "mutate" of policies. */
  readonly type: string;
  readonly operation: string;
}

export interface ConditionMetrics {
  failed(labels: ConditionLabels): void;
  evaluated(labels: ConditionLabels, seconds: number): void;
}

const labelNames = ['name', 'kind', 'type', 'operation'] as const;

export function createConditionMetrics(metrics: Metrics): ConditionMetrics {
  const errors = metrics.counter(
    'apiserver_admission_match_condition_evaluation_errors_total',
    'Admission match condition evaluation errors count, identified by name of resource containing the match condition and broken out for each kind containing matchConditions (webhook or policy), operation and admission type (validate or admit).',
    labelNames,
  );
  const duration = metrics.histogram(
    'apiserver_admission_match_condition_evaluation_seconds',
    'Admission match condition evaluation time in seconds, identified by name and broken out for each kind containing matchConditions (webhook or policy), operation and type (validate or admit).',
    labelNames, [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
  );
  return {
    failed: ({ name, kind, type, operation }) => errors.inc({ name, kind, type, operation }),
    evaluated: ({ name, kind, type, operation }, seconds) => duration.observe({ name, kind, type, operation }, seconds),
  };
}
