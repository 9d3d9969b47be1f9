// Rows of apps, batch, autoscaling and policy.
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1, Scale } from '#api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '#api/autoscaling/v2.ts';
import type { CronJob, Job } from '#api/batch/v1.ts';
import type { PodDisruptionBudget } from '#api/policy/v1.ts';
import { parseTime } from '#base/clock.ts';
import { age, containerCells, humanDuration, labelsText, nameOf, selectorText, since } from './cell-text.ts';
import { printer, type Cell, type Printers } from './printer.ts';

function jobStatus(job: Job): string {
  const holds = (type: string): boolean => job.status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (job.metadata?.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function jobCells(job: Job, nowMs: number): Cell[] {
  const { spec, status } = job;
  const succeeded = status?.succeeded ?? 0;
  let completions = `${succeeded}/1`;
  if (typeof spec?.completions === 'number') completions = `${succeeded}/${spec.completions}`;
  else if ((spec?.parallelism ?? 0) > 1) completions = `${succeeded}/1 of ${spec?.parallelism ?? 0}`;
  const started = parseTime(status?.startTime);
  const ended = parseTime(status?.completionTime);
  const duration = Number.isNaN(started) ? '' : humanDuration((Number.isNaN(ended) ? nowMs : ended) - started);
  return [nameOf(job), jobStatus(job), completions, duration, age(job, nowMs), ...containerCells(spec?.template?.spec?.containers), selectorText(spec?.selector)];
}

function cronJobCells(cron: CronJob, nowMs: number): Cell[] {
  const { spec, status } = cron;
  const suspend = spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False';
  const template = spec?.jobTemplate?.spec;
  return [
    nameOf(cron), spec?.schedule ?? '', spec?.timeZone ?? '<none>', suspend, (status?.active ?? []).length,
    status?.lastScheduleTime ? since(status.lastScheduleTime, nowMs) : '<none>', age(cron, nowMs), ...containerCells(template?.template?.spec?.containers), selectorText(template?.selector),
  ];
}

interface Measured {
  readonly target: MetricTarget | undefined;
  readonly current: MetricValueStatus | undefined;
}

function plainMetric({ target, current }: Measured): string {
  if (target?.averageValue) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`;
  return `${current?.value ?? '<unknown>'}/${target?.value ?? '<nil>'}`;
}

function resourceMetric(name: string, { target, current }: Measured): string {
  if (target?.averageValue) return `${name}: ${current?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  const have = typeof current?.averageUtilization === 'number' ? `${current.averageUtilization}%` : '<unknown>';
  const want = typeof target?.averageUtilization === 'number' ? `${target.averageUtilization}%` : '<auto>';
  return `${name}: ${have}/${want}`;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return plainMetric({ target: spec.external?.target, current: status?.external?.current });
    case 'Object':
      return plainMetric({ target: spec.object?.target, current: status?.object?.current });
    case 'Pods':
      return `${status?.pods?.current?.averageValue ?? '<unknown>'}/${spec.pods?.target?.averageValue ?? '<nil>'}`;
    case 'Resource':
      return resourceMetric(spec.resource?.name ?? '', { target: spec.resource?.target, current: status?.resource?.current });
    case 'ContainerResource':
      return resourceMetric(spec.containerResource?.name ?? '', { target: spec.containerResource?.target, current: status?.containerResource?.current });
    default:
      return '<unknown type>';
  }
}

function metricsText(specs: readonly MetricSpec[] | undefined, statuses: readonly MetricStatus[] | null | undefined): string {
  const texts = (specs ?? []).map((spec, i) => metricText(spec, statuses?.[i]));
  if (texts.length === 0) return '<none>';
  const shown = texts.slice(0, 2).join(', ');
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown;
}

const autoscalerColumns = 'Name=name Reference Targets MinPods MaxPods Replicas Age';

function autoscalerCells(hpa: HorizontalPodAutoscaler | AutoscalerV1, targets: string, nowMs: number): Cell[] {
  const reference = hpa.spec?.scaleTargetRef;
  const min = hpa.spec?.minReplicas;
  return [
    nameOf(hpa), `${reference?.kind ?? ''}/${reference?.name ?? ''}`, targets, typeof min === 'number' ? String(min) : '<unset>', hpa.spec?.maxReplicas ?? 0, hpa.status?.currentReplicas ?? 0,
    age(hpa, nowMs),
  ];
}

function simpleTarget({ spec, status }: AutoscalerV1): string {
  const want = spec?.targetCPUUtilizationPercentage;
  if (typeof want !== 'number') return '<none>';
  const have = status?.currentCPUUtilizationPercentage;
  return `cpu: ${typeof have === 'number' ? `${have}%` : '<unknown>'}/${want}%`;
}

/** "replicaset.apps/web" of the object's controller. */
function controllerText(revision: ControllerRevision): string {
  const owner = revision.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0] ?? ''}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

export const printers: Printers = {
  'apps.v1.Deployment': printer<Deployment>('Name=name Ready Up-to-date Available Age Containers* Images* Selector*', (object, nowMs) => [
    nameOf(object), `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`, object.status?.updatedReplicas ?? 0, object.status?.availableReplicas ?? 0, age(object, nowMs),
    ...containerCells(object.spec?.template?.spec?.containers), selectorText(object.spec?.selector, '', '<invalid>'),
  ]),
  'apps.v1.ReplicaSet': printer<ReplicaSet>('Name=name Desired:integer Current:integer Ready:integer Age Containers* Images* Selector*', (object, nowMs) => [
    nameOf(object), object.spec?.replicas ?? 0, object.status?.replicas ?? 0, object.status?.readyReplicas ?? 0, age(object, nowMs),
    ...containerCells(object.spec?.template?.spec?.containers), selectorText(object.spec?.selector),
  ]),
  'apps.v1.StatefulSet': printer<StatefulSet>('Name=name Ready Age Containers* Images*', (object, nowMs) => [
    nameOf(object), `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`, age(object, nowMs), ...containerCells(object.spec?.template?.spec?.containers),
  ]),
  'apps.v1.DaemonSet': printer<DaemonSet>(
    'Name=name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age Containers* Images* Selector*',
    (object, nowMs) => [
      nameOf(object), object.status?.desiredNumberScheduled ?? 0, object.status?.currentNumberScheduled ?? 0, object.status?.numberReady ?? 0, object.status?.updatedNumberScheduled ?? 0,
      object.status?.numberAvailable ?? 0, labelsText(object.spec?.template?.spec?.nodeSelector), age(object, nowMs), ...containerCells(object.spec?.template?.spec?.containers),
      selectorText(object.spec?.selector),
    ],
  ),
  'apps.v1.ControllerRevision': printer<ControllerRevision>('Name=name Controller Revision Age', (object, nowMs) => [
    nameOf(object), controllerText(object), object.revision ?? 0, age(object, nowMs),
  ]),
  'batch.v1.Job': printer<Job>('Name=name Status Completions Duration Age Containers* Images* Selector*', jobCells),
  'batch.v1.CronJob': printer<CronJob>('Name=name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age Containers* Images* Selector*', cronJobCells),
  'autoscaling.v1.Scale': printer<Scale>('Name Desired:integer Available:integer Age', (scale, nowMs) => [
    nameOf(scale), scale.spec?.replicas ?? 0, scale.status?.replicas ?? 0, age(scale, nowMs),
  ]),
  'autoscaling.v1.HorizontalPodAutoscaler': printer<AutoscalerV1>(autoscalerColumns, (hpa, nowMs) => autoscalerCells(hpa, simpleTarget(hpa), nowMs)),
  'autoscaling.v2.HorizontalPodAutoscaler': printer<HorizontalPodAutoscaler>(autoscalerColumns, (hpa, nowMs) =>
    autoscalerCells(hpa, metricsText(hpa.spec?.metrics, hpa.status?.currentMetrics), nowMs),
  ),
  'policy.v1.PodDisruptionBudget': printer<PodDisruptionBudget>('Name=name Min_Available Max_Unavailable Allowed_Disruptions:integer Age', (budget, nowMs) => [
    nameOf(budget), String(budget.spec?.minAvailable ?? 'N/A'), String(budget.spec?.maxUnavailable ?? 'N/A'), budget.status?.disruptionsAllowed ?? 0, age(budget, nowMs),
  ]),
};
