// Field table of batch/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
CronJob object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 batch.v1.CronJobSpec ! required
  status 3 batch.v1.CronJobStatus !

CronJobList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[batch.v1.CronJob] ! required

CronJobSpec
  schedule 1 string ! required
  timeZone 8 string *
  startingDeadlineSeconds 2 int64 *
  concurrencyPolicy 3 string enum(Allow,Forbid,Replace)
  suspend 4 bool *
  jobTemplate 5 batch.v1.JobTemplateSpec ! required
  successfulJobsHistoryLimit 6 int32 *
  failedJobsHistoryLimit 7 int32 *

CronJobStatus
  active 1 list[core.v1.ObjectReference] atomic
  lastScheduleTime 4 time *
  lastSuccessfulTime 5 time *

Job object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 batch.v1.JobSpec !
  status 3 batch.v1.JobStatus !

JobCondition
  type 1 string ! required
  status 2 string ! required
  lastProbeTime 3 time !
  lastTransitionTime 4 time !
  reason 5 string
  message 6 string

JobList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[batch.v1.Job] ! required

JobSpec
  parallelism 1 int32 *
  completions 2 int32 *
  activeDeadlineSeconds 3 int64 *
  podFailurePolicy 11 batch.v1.PodFailurePolicy *
  successPolicy 16 batch.v1.SuccessPolicy *
  backoffLimit 7 int32 *
  backoffLimitPerIndex 12 int32 *
  maxFailedIndexes 13 int32 *
  selector 4 meta.v1.LabelSelector *
  manualSelector 5 bool *
  template 6 core.v1.PodTemplateSpec ! required
  ttlSecondsAfterFinished 8 int32 *
  completionMode 9 string * enum(Indexed,NonIndexed)
  suspend 10 bool *
  podReplacementPolicy 14 string * enum(Failed,TerminatingOrFailed)
  managedBy 15 string *

JobStatus
  conditions 1 list[batch.v1.JobCondition] atomic merge(type)
  startTime 2 time *
  completionTime 3 time *
  active 4 int32
  succeeded 5 int32
  failed 6 int32
  terminating 11 int32 *
  completedIndexes 7 string
  failedIndexes 10 string *
  uncountedTerminatedPods 8 batch.v1.UncountedTerminatedPods *
  ready 9 int32 *

JobTemplateSpec
  metadata 1 meta.v1.ObjectMeta !
  spec 2 batch.v1.JobSpec !

PodFailurePolicy
  rules 1 list[batch.v1.PodFailurePolicyRule] ! required atomic

PodFailurePolicyOnExitCodesRequirement
  containerName 1 string *
  operator 2 string ! required enum(In,NotIn)
  values 3 list[int32] ! required set

PodFailurePolicyOnPodConditionsPattern
  type 1 string ! required
  status 2 string !

PodFailurePolicyRule
  action 1 string ! required enum(Count,FailIndex,FailJob,Ignore)
  onExitCodes 2 batch.v1.PodFailurePolicyOnExitCodesRequirement *
  onPodConditions 3 list[batch.v1.PodFailurePolicyOnPodConditionsPattern] atomic

SuccessPolicy
  rules 1 list[batch.v1.SuccessPolicyRule] ! required atomic

SuccessPolicyRule
  succeededIndexes 1 string *
  succeededCount 2 int32 *

UncountedTerminatedPods
  succeeded 1 list[string] set
  failed 2 list[string] set
`;
