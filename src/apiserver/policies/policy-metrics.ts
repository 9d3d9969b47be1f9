// What is counted about policies' expressions, under upstream's names.
import type { Metrics } from '#base/metrics.ts';

export type ErrorType = 'compile_error' | 'invalid_error' | 'out_of_budget' | 'no_error';
export type Enforcement = 'allow' | 'deny' | 'audit' | 'warn';

export interface ValidatingPolicyMetrics {
  checked(policy: string, binding: string, error: ErrorType, enforcement: Enforcement, seconds: number): void;
}

export interface MutatingPolicyMetrics {
  checked(policy: string, binding: string, error: ErrorType, seconds: number): void;
}

const buckets = [0.0000005, 0.001, 0.01, 0.1, 1];

export function createValidatingPolicyMetrics(metrics: Metrics): ValidatingPolicyMetrics {
  const labels = ['policy', 'policy_binding', 'error_type', 'enforcement_action'] as const;
  const count = metrics.counter(
    'apiserver_validating_admission_policy_check_total',
    'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.', labels,
  );
  const duration = metrics.histogram(
    'apiserver_validating_admission_policy_check_duration_seconds',
    'Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.', labels, buckets,
  );
  return {
    checked(policy, binding, error, enforcement, seconds) {
      const values = { policy, policy_binding: binding, error_type: error, enforcement_action: enforcement };
      count.inc(values);
      duration.observe(values, seconds);
    },
  };
}

export function createMutatingPolicyMetrics(metrics: Metrics): MutatingPolicyMetrics {
  const labels = ['policy', 'policy_binding', 'error_type'] as const;
  const count = metrics.counter(
    'apiserver_mutating_admission_policy_check_total', 'Mutation admission policy check total, labeled by policy and further identified by binding.', labels,
  );
  const duration = metrics.histogram(
    'apiserver_mutating_admission_policy_check_duration_seconds', 'Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.', labels, buckets,
  );
  return {
    checked(policy, binding, error, seconds) {
      const values = { policy, policy_binding: binding, error_type: error };
      count.inc(values);
      duration.observe(values, seconds);
    },
  };
}

/** The kind of a failure by its text. */
export function errorTypeOf(message: string): ErrorType {
  if (message.startsWith('compilation')) return 'compile_error';
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error';
}
