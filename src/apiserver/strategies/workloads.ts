// Strategies of apps, batch, autoscaling and policy.
import type { Job } from '#api/batch/v1.ts';
import { jsonEqual } from '#machinery';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { assignField, counted, define, selectable, withStatus } from './strategy-table.ts';

/** A job finds its pods by labels that nobody else can have: name and uid. */
function generateSelector(object: Stored): void {
  const job = object as Stored<Job>;
  const spec = job.spec;
  if (spec === undefined || spec.manualSelector === true || spec.template === undefined) return;
  const { name = '', uid = '' } = job.metadata;
  const labels = { 'job-name': name, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'batch.kubernetes.io/controller-uid': uid };
  spec.template.metadata = { ...spec.template.metadata, labels: { ...labels, ...spec.template.metadata?.labels } };
  spec.selector = { ...spec.selector, matchLabels: { 'batch.kubernetes.io/controller-uid': uid, ...spec.selector?.matchLabels } };
}

/** Deployments count annotations too: rollout restart and change-cause are new generations. */
const deployments = define(withStatus, {
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
  replicasets: define(withStatus, counted(), selectable(['status.replicas'], { 'status.replicas': '0' })),
  statefulsets: define(withStatus, counted()),
  daemonsets: define(withStatus, counted()),
  controllerrevisions: define(),
};

export const batch: Readonly<Record<string, Strategy>> = {
  jobs: define(withStatus, counted(), selectable(['status.successful'], { 'status.successful': '0' }), {
    dependents: 'orphan',
    prepareCreate: generateSelector,
    fieldsOf: (object) => [String((object as Stored<Job>).status?.succeeded ?? 0)],
  }),
  cronjobs: define(withStatus, counted()),
};

export const autoscaling: Readonly<Record<string, Strategy>> = { horizontalpodautoscalers: define(withStatus) };

export const policy: Readonly<Record<string, Strategy>> = {
  poddisruptionbudgets: define(withStatus, counted(), { unconditionalUpdate: false }),
};
