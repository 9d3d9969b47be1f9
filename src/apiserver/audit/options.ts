// Auditing from the flags of the API server program, checked in upstream's words: policy, log and webhook backends with
// their modes, batching and truncation.
import type { World } from '#base/world.ts';
import type { Dial } from '#wire';
import { createAuditor, type Auditor } from './auditor.ts';
import { buffered, forgiving, together, truncating, type AuditBackend } from './backend.ts';
import { defaultPolicyText } from './default-policy.ts';
import { logBackend } from './log-backend.ts';
import type { AuditMetrics } from './metrics.ts';
import { loadPolicy, parsePolicy } from './policy.ts';
import { webhookBackend } from './webhook-backend.ts';

export interface BatchFlags {
  /** batch, blocking or blocking-strict. */
  readonly mode: string;
  readonly bufferSize: number;
  readonly maxSize: number;
  readonly maxWaitMs: number;
  readonly throttleEnable: boolean;
  readonly throttleQps: number;
  readonly throttleBurst: number;
}

export interface TruncateFlags {
  readonly enabled: boolean;
  readonly maxBatchBytes: number;
  readonly maxEventBytes: number;
}

export interface AuditOptions {
  /** --audit-policy-file; `default` is the policy that comes with Skiff; '' turns auditing off. */
  readonly policyFile: string;
  readonly log: {
    /** '' for none, "-" for the standard output. */
    readonly path: string;
    readonly maxAgeDays: number;
    readonly maxBackups: number;
    readonly maxMegabytes: number;
    readonly format: string;
    readonly compress: boolean;
    readonly version: string;
    readonly batch: BatchFlags;
    readonly truncate: TruncateFlags;
  };
  readonly webhook: {
    /** '' for none. */
    readonly configFile: string;
    readonly initialBackoffMs: number;
    /** Opens its connections instead of TCP. */
    readonly dial?: Dial;
    readonly version: string;
    readonly batch: BatchFlags;
    readonly truncate: TruncateFlags;
  };
}

const defaultTruncate: TruncateFlags = { enabled: false, maxBatchBytes: 10 << 20, maxEventBytes: 100 << 10 };
const unthrottled = { throttleEnable: false, throttleQps: 0, throttleBurst: 0 };

/** What the flags are when nobody gives them. */
export const defaultAuditOptions: AuditOptions = {
  policyFile: '',
  log: {
    path: '', maxAgeDays: 366, maxBackups: 100, maxMegabytes: 100, format: 'json', compress: false, version: 'audit.k8s.io/v1', truncate: defaultTruncate,
    batch: { mode: 'blocking', bufferSize: 10_000, maxSize: 1, maxWaitMs: 0, ...unthrottled },
  },
  webhook: {
    configFile: '', initialBackoffMs: 10_000, version: 'audit.k8s.io/v1', truncate: defaultTruncate,
    batch: { mode: 'batch', bufferSize: 10_000, maxSize: 400, maxWaitMs: 30_000, throttleEnable: true, throttleQps: 10, throttleBurst: 15 },
  },
};

const modes = ['batch', 'blocking', 'blocking-strict'];
const formats = ['legacy', 'json'];
/** Webhook batches under way at once. */
const parallelBatches = 50;

function batchProblem(plugin: string, batch: BatchFlags): string | undefined {
  if (!modes.includes(batch.mode)) return `invalid audit ${plugin} mode ${batch.mode}, allowed modes are "${modes.join(',')}"`;
  if (batch.mode !== 'batch') return undefined;
  if (batch.bufferSize <= 0) return `invalid audit batch ${plugin} buffer size ${batch.bufferSize}, must be a positive number`;
  if (batch.maxSize <= 0) return `invalid audit batch ${plugin} max batch size ${batch.maxSize}, must be a positive number`;
  if (!batch.throttleEnable) return undefined;
  if (batch.throttleQps <= 0) return `invalid audit batch ${plugin} throttle QPS ${batch.throttleQps}, must be a positive number`;
  return batch.throttleBurst <= 0 ? `invalid audit batch ${plugin} throttle burst ${batch.throttleBurst}, must be a positive number` : undefined;
}

function truncateProblem(plugin: string, { maxEventBytes, maxBatchBytes }: TruncateFlags): string | undefined {
  if (maxEventBytes <= 0) return `invalid audit truncate ${plugin} max event size ${maxEventBytes}, must be a positive number`;
  if (maxBatchBytes < maxEventBytes) return `invalid audit truncate ${plugin} max batch size ${maxBatchBytes}, must be greater than max event size (${maxEventBytes})`;
  return undefined;
}

function versionProblem(version: string): string | undefined {
  return version === 'audit.k8s.io/v1' ? undefined : 'invalid group version, allowed versions are [{"audit.k8s.io" "v1"}]';
}

/** What is wrong with the flags, all of it. */
export function auditProblems({ log, webhook }: AuditOptions): string[] {
  const problems: (string | undefined)[] = [];
  if (log.path !== '') {
    problems.push(batchProblem('log', log.batch), truncateProblem('log', log.truncate), versionProblem(log.version));
    if (!formats.includes(log.format)) problems.push(`invalid audit log format ${log.format}, allowed formats are "${formats.join(',')}"`);
    for (const [name, value] of [['maxage', log.maxAgeDays], ['maxbackup', log.maxBackups], ['maxsize', log.maxMegabytes]] as const) {
      if (value < 0) problems.push(`--audit-log-${name} ${value} can't be a negative number`);
    }
  }
  if (webhook.configFile !== '') problems.push(batchProblem('webhook', webhook.batch), truncateProblem('webhook', webhook.truncate), versionProblem(webhook.version));
  return problems.filter((problem) => problem !== undefined);
}

/** undefined when nothing is to be recorded. Throws what is wrong with flags, policy or backends. */
export function openAudit(world: World, options: AuditOptions): Auditor | undefined {
  const problems = auditProblems(options);
  if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
  if (options.policyFile === '' || (options.log.path === '' && options.webhook.configFile === '')) return undefined;
  const warn = (text: string): void => world.log.warn(text);
  const policy = options.policyFile === 'default' ? parsePolicy(defaultPolicyText, warn) : loadPolicy(options.policyFile, warn);
  return createAuditor(world, { policy, backend: (metrics) => together([...openLog(world, options, metrics), ...openWebhook(world, options, metrics)]) });
}

function openLog(world: World, { log }: AuditOptions, metrics: AuditMetrics): AuditBackend[] {
  if (log.path === '') return [];
  return [wrapped(world, logBackend(world, { ...log, format: log.format === 'legacy' ? 'legacy' : 'json' }, metrics), log.batch, log.truncate, metrics, 1)];
}

function openWebhook(world: World, { webhook }: AuditOptions, metrics: AuditMetrics): AuditBackend[] {
  if (webhook.configFile === '') return [];
  return [wrapped(world, webhookBackend(world, webhook, metrics), webhook.batch, webhook.truncate, metrics, parallelBatches)];
}

function wrapped(world: World, backend: AuditBackend, batch: BatchFlags, truncate: TruncateFlags, metrics: AuditMetrics, parallel: number): AuditBackend {
  const throttle = batch.throttleEnable ? { throttle: { perSecond: batch.throttleQps, burst: batch.throttleBurst } } : {};
  const moded =
    batch.mode === 'batch' ? buffered(world, backend, { bufferSize: batch.bufferSize, maxSize: batch.maxSize, maxWaitMs: batch.maxWaitMs, parallel, ...throttle }, metrics)
    : batch.mode === 'blocking' ? forgiving(backend)
    : backend;
  return truncate.enabled ? truncating(moded, truncate, metrics) : moded;
}
