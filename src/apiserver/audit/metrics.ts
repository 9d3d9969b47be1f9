// The metrics of auditing under upstream's names, and the one place where a backend's failure is told.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { eventLegacy, type AuditEvent } from './event.ts';
import type { Level } from './policy.ts';

export interface AuditMetrics {
  recorded(): void;
  decided(level: Level): void;
  rejected(): void;
  /** Events that a backend could not take. */
  failed(plugin: string, error: unknown, events: readonly AuditEvent[]): void;
}

/** A failing backend is not to fill the program's own log as well. */
const mostEventsTold = 10;

export function createAuditMetrics({ metrics, log }: World): AuditMetrics {
  const events = metrics.counter('apiserver_audit_event_total', 'Counter of audit events generated and sent to the audit backend.');
  const errors = metrics.counter('apiserver_audit_error_total', 'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.', ['plugin']);
  const levels = metrics.counter('apiserver_audit_level_total', 'Counter of policy levels for audit events (1 per request).', ['level']);
  const rejected = metrics.counter('apiserver_audit_requests_rejected_total', 'Counter of apiserver requests rejected due to an error in audit logging backend.');
  return {
    recorded: () => events.inc(),
    decided: (level) => levels.inc({ level }),
    rejected: () => rejected.inc(),
    failed(plugin, error, impacted) {
      errors.inc({ plugin }, impacted.length);
      log.error('audit events could not be recorded', { plugin, count: impacted.length, error: errorText(error), events: impacted.slice(0, mostEventsTold).map(eventLegacy) });
    },
  };
}
