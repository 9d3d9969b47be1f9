// Strategies of apps, batch, autoscaling and policy.
import type { DaemonSet, StatefulSet } from '#api/apps/v1.ts';
import type { CronJob, Job, JobSpec } from '#api/batch/v1.ts';
import type { PodTemplateSpec } from '#api/core/v1.ts';
import { badRequest, goQuote, jsonEqual } from '#machinery';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { dropTemplateFields } from './disabled-fields.ts';
import { assignField, counted, define, selectable, withStatus, type Row } from './strategy-table.ts';
import { hostnameWarnings, templateWarnings } from './warnings/pods.ts';
import { claimSpecWarnings } from './warnings/volumes.ts';

/**
 * A job finds its pods by labels that nobody else can have: name and uid. A job without labels of its own has its
 * template's, these included.
 */
function generateSelector(object: Stored): void {
  const job = object as Stored<Job>;
  const spec = job.spec;
  if (spec === undefined || spec.manualSelector === true || spec.template === undefined) return;
  const { name = '', uid = '' } = job.metadata;
  const own = spec.template.metadata?.labels ?? {};
  const labels = { 'job-name': name, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'batch.kubernetes.io/controller-uid': uid, ...own };
  if (Object.keys(own).length > 0 && jsonEqual(job.metadata.labels, own)) job.metadata.labels = { ...labels };
  spec.template.metadata = { ...spec.template.metadata, labels };
  spec.selector = { ...spec.selector, matchLabels: { 'batch.kubernetes.io/controller-uid': uid, ...spec.selector?.matchLabels } };
}

const indexedCompletions = 100_000;
const indexedParallelism = 10_000;

function jobWarnings(spec: JobSpec | undefined, path: string): string[] {
  const many = spec?.completionMode === 'Indexed' && (spec.completions ?? 0) > indexedCompletions && (spec.parallelism ?? 0) > indexedParallelism;
  const text = 'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(many ? [`${path}: ${text}`] : []), ...templateWarnings(spec?.template, `${path}.template`)];
}

/** On create, and when the generation says that the spec has changed. */
function isNews(object: Stored, old: Stored | undefined): boolean {
  return old === undefined || (object.metadata.generation ?? 0) !== (old.metadata.generation ?? 0);
}

function nameWarnings(object: Stored, old: Stored | undefined): string[] {
  return old === undefined ? hostnameWarnings(object.metadata.name ?? '', 'Pod names and hostnames') : [];
}

interface WithTemplate {
  readonly spec?: { readonly template?: PodTemplateSpec };
}

/** Template fields that are switched off go; the template's warnings are told when it is new. */
const templated: Row = {
  prepareCreate: (object) => dropTemplateFields((object as Stored<WithTemplate>).spec?.template, undefined),
  prepareUpdate: (object, old) => dropTemplateFields((object as Stored<WithTemplate>).spec?.template, (old as Stored<WithTemplate>).spec?.template),
  warnings: (object, old) => (isNews(object, old) ? templateWarnings((object as Stored<WithTemplate>).spec?.template, 'spec.template') : []),
};

const namedTemplated: Row = {
  ...templated,
  warnings: (object, old) => [...nameWarnings(object, old), ...(templated.warnings?.(object, old) ?? [])],
};

function statefulSetWarnings(object: Stored, old: Stored | undefined): string[] {
  const { spec } = object as Stored<StatefulSet>;
  const claims = (spec?.volumeClaimTemplates ?? []).flatMap((claim, i) => claimSpecWarnings(claim.spec, `spec.volumeClaimTemplates[${i}]${old === undefined ? '' : '.Spec'}`));
  const keepsAll = (spec?.revisionHistoryLimit ?? 0) < 0;
  return [
    ...(templated.warnings?.(object, old) ?? []),
    ...claims,
    ...(keepsAll ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'] : []),
  ];
}

const generationAnnotation = 'deprecated.daemonset.template.generation';

/** The template's own generation, which the API shows as an annotation. */
function templateGeneration(object: Stored): number {
  return Number(object.metadata.annotations?.[generationAnnotation] ?? 0) || 0;
}

function setTemplateGeneration(object: Stored, generation: number): void {
  object.metadata.annotations = { ...object.metadata.annotations, [generationAnnotation]: String(generation) };
}

/** Annotations that are fields of the internal types: they must be numbers. Throws 400 for others. */
function requireNumber(object: Stored, kind: string, annotation: string): void {
  const text = object.metadata.annotations?.[annotation];
  if (text === undefined || /^[+-]?\d{1,18}$/.test(text)) return;
  throw badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
}

const daemonSets = define(withStatus, templated, counted(), {
  convertSpelling(object) {
    requireNumber(object, 'DaemonSet', generationAnnotation);
    setTemplateGeneration(object, templateGeneration(object));
  },
  prepareCreate: (object) => setTemplateGeneration(object, Math.max(templateGeneration(object), 1)),
  prepareUpdate(object, old) {
    const same = jsonEqual((object as Stored<DaemonSet>).spec?.template, (old as Stored<DaemonSet>).spec?.template);
    setTemplateGeneration(object, templateGeneration(old) + (same ? 0 : 1));
  },
  subresources: {
    status: {
      prepare(object, old) {
        assignField(object, 'spec', old.spec);
        setTemplateGeneration(object, templateGeneration(old));
      },
    },
  },
});

/** Deployments count annotations too: rollout restart and change-cause are new generations. */
const deployments = define(withStatus, namedTemplated, {
  convertSpelling: (object) => requireNumber(object, 'Deployment', 'deprecated.deployment.rollback.to'),
  prepareCreate: (object) => void (object.metadata.generation = 1),
  prepareUpdate(object, old) {
    const same = jsonEqual(object.spec, old.spec) && jsonEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {});
    if (!same) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  subresources: {
    status: {
      prepare(object, old) {
        assignField(object, 'spec', old.spec);
        object.metadata.labels = old.metadata.labels;
      },
    },
  },
});

export const apps: Readonly<Record<string, Strategy>> = {
  deployments,
  replicasets: define(withStatus, namedTemplated, counted(), selectable(['status.replicas'], { 'status.replicas': '0' })),
  statefulsets: define(withStatus, templated, counted(), { warnings: statefulSetWarnings }),
  daemonsets: daemonSets,
  controllerrevisions: define(),
};

export const batch: Readonly<Record<string, Strategy>> = {
  jobs: define(withStatus, templated, counted(), selectable(['status.successful'], { 'status.successful': '0' }), {
    dependents: 'orphan',
    prepareCreate: generateSelector,
    warnings: (object, old) => [...nameWarnings(object, old), ...(isNews(object, old) ? jobWarnings((object as Stored<Job>).spec, 'spec') : [])],
    fieldsOf: (object) => [String((object as Stored<Job>).status?.succeeded ?? 0)],
  }),
  cronjobs: define(withStatus, counted(), {
    prepareCreate: (object) => dropTemplateFields((object as Stored<CronJob>).spec?.jobTemplate?.spec?.template, undefined),
    prepareUpdate: (object, old) => dropTemplateFields((object as Stored<CronJob>).spec?.jobTemplate?.spec?.template, (old as Stored<CronJob>).spec?.jobTemplate?.spec?.template),
    warnings(object, old) {
      const { spec } = object as Stored<CronJob>;
      const zoned = old !== undefined && (spec?.schedule ?? '').includes('TZ');
      return [
        ...nameWarnings(object, old),
        ...(isNews(object, old) ? jobWarnings(spec?.jobTemplate?.spec, 'spec.jobTemplate.spec') : []),
        ...(zoned ? ['cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'] : []),
      ];
    },
  }),
};

export const autoscaling: Readonly<Record<string, Strategy>> = { horizontalpodautoscalers: define(withStatus) };

export const policy: Readonly<Record<string, Strategy>> = {
  poddisruptionbudgets: define(withStatus, counted(), { unconditionalUpdate: false }),
};
