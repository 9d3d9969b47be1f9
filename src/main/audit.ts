// Auditing of the API server program, from its flags, or from `audit` of the cluster's configuration.
import { join } from 'node:path';
import { defaultAuditOptions, type AuditOptions } from '#apiserver';
import type { Dial } from '#wire';
import type { ClusterConfig } from '#cli';
import type { ApiserverFlags } from './apiserver-flags.ts';

/** What the cluster's configuration says: a policy, `default` for the one that comes with Skiff; its log lies beside the programs'. */
export function clusterAudit(config: ClusterConfig): AuditOptions {
  const { log } = defaultAuditOptions;
  const batch = { ...log.batch, mode: 'batch', maxSize: 100, maxWaitMs: 100 };
  return { ...defaultAuditOptions, policyFile: config.audit ?? '', log: { ...log, path: join(config.paths.log, 'audit', 'audit.log'), maxBackups: 10, maxAgeDays: 30, compress: true, batch } };
}

/** What --audit-* say. @param dial opens the webhook's connections. */
export function auditOptions(flags: ApiserverFlags, dial?: Dial): AuditOptions {
  return {
    policyFile: flags.get('audit-policy-file'),
    log: {
      path: flags.get('audit-log-path'),
      maxAgeDays: flags.get('audit-log-maxage'),
      maxBackups: flags.get('audit-log-maxbackup'),
      maxMegabytes: flags.get('audit-log-maxsize'),
      format: flags.get('audit-log-format'),
      compress: flags.get('audit-log-compress'),
      version: flags.get('audit-log-version'),
      ...backendOptions(flags, 'log'),
    },
    webhook: {
      configFile: flags.get('audit-webhook-config-file'),
      initialBackoffMs: flags.get('audit-webhook-initial-backoff'),
      ...(dial === undefined ? {} : { dial }),
      version: flags.get('audit-webhook-version'),
      ...backendOptions(flags, 'webhook'),
    },
  };
}

function backendOptions(flags: ApiserverFlags, backend: 'log' | 'webhook'): Pick<AuditOptions['log'], 'batch' | 'truncate'> {
  return {
    batch: {
      mode: flags.get(`audit-${backend}-mode`),
      bufferSize: flags.get(`audit-${backend}-batch-buffer-size`),
      maxSize: flags.get(`audit-${backend}-batch-max-size`),
      maxWaitMs: flags.get(`audit-${backend}-batch-max-wait`),
      throttleEnable: flags.get(`audit-${backend}-batch-throttle-enable`),
      throttleQps: flags.get(`audit-${backend}-batch-throttle-qps`),
      throttleBurst: flags.get(`audit-${backend}-batch-throttle-burst`),
    },
    truncate: {
      enabled: flags.get(`audit-${backend}-truncate-enabled`),
      maxBatchBytes: flags.get(`audit-${backend}-truncate-max-batch-size`),
      maxEventBytes: flags.get(`audit-${backend}-truncate-max-event-size`),
    },
  };
}
