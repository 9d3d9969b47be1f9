// What is counted about reading logs of pods from kubelets, under upstream's names.
import type { Metrics } from '#base/metrics.ts';

export interface LogMetrics {
  /** A log is asked for, with or without belief in any kubelet. */
  asked(insecure: boolean): void;
  /** The kubelet was not believed. */
  distrusted(): void;
}

export function createLogMetrics(metrics: Metrics): LogMetrics {
  const usage = metrics.counter('kube_apiserver_pod_logs_insecure_backend_total', 'Total number of requests for pods/logs sliced by usage type: enforce_tls, skip_tls_allowed, skip_tls_denied', ['usage']);
  const failures = metrics.counter('kube_apiserver_pod_logs_backend_tls_failure_total', 'Total number of requests for pods/logs that failed due to kubelet server TLS verification');
  return {
    asked: (insecure) => usage.inc({ usage: insecure ? 'skip_tls_allowed' : 'enforce_tls' }),
    distrusted: () => failures.inc({}),
  };
}
