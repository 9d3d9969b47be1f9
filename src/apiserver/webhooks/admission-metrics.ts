// What is counted about admission webhooks, under upstream's names.
import type { Metrics } from '#base/metrics.ts';

export interface WebhookMetrics {
  /** `seconds` of one call; `code` is the answer's or the failure's. */
  called(name: string, type: string, operation: string, code: number, rejected: boolean, seconds: number): void;
  rejected(name: string, type: string, operation: string, errorType: 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error', code: number): void;
  failedOpen(name: string, type: string): void;
  excluded(name: string, type: string, operation: string): void;
}

const highestCode = 600;

export function createWebhookMetrics(metrics: Metrics): WebhookMetrics {
  const duration = metrics.histogram(
    'apiserver_admission_webhook_admission_duration_seconds',
    'Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
    ['name', 'type', 'operation', 'rejected'], [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25],
  );
  const requests = metrics.counter(
    'apiserver_admission_webhook_request_total',
    'Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
    ['name', 'type', 'operation', 'code', 'rejected'],
  );
  const rejections = metrics.counter(
    'apiserver_admission_webhook_rejection_count',
    'Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
    ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  );
  const failOpen = metrics.counter(
    'apiserver_admission_webhook_fail_open_count', 'Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).', ['name', 'type'],
  );
  const exclusions = metrics.counter(
    'apiserver_admission_match_condition_exclusions_total',
    'Admission match condition evaluation exclusions count, identified by name of resource containing the match condition and broken out for each kind containing matchConditions (webhook or policy), operation and admission type (validate or admit).',
    ['name', 'kind', 'type', 'operation'],
  );
  return {
    called(name, type, operation, code, rejected, seconds) {
      requests.inc({ name, type, operation, code: String(Math.min(code, highestCode)), rejected: String(rejected) });
      duration.observe({ name, type, operation, rejected: String(rejected) }, seconds);
    },
    rejected: (name, type, operation, errorType, code) => rejections.inc({ name, type, operation, error_type: errorType, rejection_code: String(Math.min(code, highestCode)) }),
    failedOpen: (name, type) => failOpen.inc({ name, type }),
    excluded: (name, type, operation) => exclusions.inc({ name, kind: 'webhook', type, operation }),
  };
}
