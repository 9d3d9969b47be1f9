// Defaults of batch/v1 (pkg/apis/batch/v1/defaults.go).
import type { CronJob, Job, PodFailurePolicyOnPodConditionsPattern } from '#api/batch/v1.ts';
import { hook, type Hooks } from './hook.ts';

function jobDefaults(job: Job): void {
  const { spec } = job;
  if (spec === undefined) return;
  if ((spec.completions ?? undefined) === undefined && (spec.parallelism ?? undefined) === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= typeof spec.backoffLimitPerIndex === 'number' ? 2 ** 31 - 1 : 6;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined && Object.keys(job.metadata?.labels ?? {}).length === 0) job.metadata = { ...job.metadata, labels: { ...labels } };
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
}

export const hooks: Hooks = {
  'batch.v1.Job': hook(jobDefaults),
  'batch.v1.CronJob': hook<CronJob>(({ spec }) => {
    if (spec === undefined) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
  }),
  'batch.v1.PodFailurePolicyOnPodConditionsPattern': hook<PodFailurePolicyOnPodConditionsPattern>((pattern) => {
    pattern.status ||= 'True';
  }),
};
