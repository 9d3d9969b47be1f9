// Strategies of the core group, but pods and services, which have files of their own.
import type { Event as CoreEvent, Namespace, PersistentVolume, Secret, ServiceAccount } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { assignField, counted, define, keepSpec, selectable, withStatus } from './strategy-table.ts';
import { pods } from './pods.ts';

const metadataNameLabel = 'kubernetes.io/metadata.name';

/** The namespace's own DELETE: it becomes Terminating and stays until its content has gone. */
function markNamespace(object: Stored, options: { orphanDependents?: boolean; propagationPolicy?: string }, nowMs: number): boolean {
  const namespace = object as Stored<Namespace>;
  if (namespace.metadata.deletionTimestamp !== undefined) return false;
  namespace.metadata.deletionTimestamp = rfc3339(nowMs);
  namespace.status = { ...namespace.status, phase: 'Terminating' };
  const finalizers = new Set(namespace.metadata.finalizers ?? []);
  const set = (name: string, wanted: boolean | undefined): void => {
    if (wanted === true) finalizers.add(name);
    else if (wanted === false) finalizers.delete(name);
  };
  const { orphanDependents: orphan, propagationPolicy: policy } = options;
  set('orphan', orphan ?? (policy === undefined ? undefined : policy === 'Orphan'));
  set('foregroundDeletion', orphan === undefined ? (policy === undefined ? undefined : policy === 'Foreground') : !orphan);
  if (finalizers.size > 0) namespace.metadata.finalizers = [...finalizers];
  else delete namespace.metadata.finalizers;
  return true;
}

const namespaces = define(selectable(['status.phase']), {
  returnsDeleted: true,
  fieldAliases: { name: 'metadata.name' },
  prepareCreate(object) {
    const namespace = object as Stored<Namespace>;
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes('kubernetes')) namespace.spec = { ...namespace.spec, finalizers: [...finalizers, 'kubernetes'] };
  },
  prepareUpdate(object, old) {
    const before = (old as Stored<Namespace>).spec?.finalizers;
    const namespace = object as Stored<Namespace>;
    namespace.spec = { ...namespace.spec, ...(before === undefined ? {} : { finalizers: before }) };
    assignField(object, 'status', old.status);
  },
  canonicalize: (object) => void (object.metadata.labels = { ...object.metadata.labels, [metadataNameLabel]: object.metadata.name ?? '' }),
  subresources: {
    status: keepSpec,
    finalize: { prepare: (object, old) => assignField(object, 'status', old.status) },
  },
  deletesDuringUpdate: (object) => ((object as Stored<Namespace>).spec?.finalizers?.length ?? 0) === 0,
  markForDeletion: markNamespace,
  heldInDeletion: (object) => ((object as Stored<Namespace>).spec?.finalizers?.length ?? 0) > 0,
});

const nodes = define(selectable(['spec.unschedulable'], { 'spec.unschedulable': 'false' }), {
  prepareUpdate: (object, old) => assignField(object, 'status', old.status),
  subresources: { status: keepSpec },
});

const persistentVolumes = define({
  returnsDeleted: true,
  fieldAliases: { name: 'metadata.name' },
  prepareCreate: (object, context) => void (object.status = { phase: 'Pending', lastPhaseTransitionTime: rfc3339(context.nowMs) }),
  prepareUpdate: (object, old) => assignField(object, 'status', old.status),
  subresources: {
    status: {
      prepare(object, before, context) {
        assignField(object, 'spec', before.spec);
        const status = (object as Stored<PersistentVolume>).status;
        const old = (before as Stored<PersistentVolume>).status;
        if (status === undefined) return;
        const sameTime = status.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === old?.lastPhaseTransitionTime;
        if (status.phase !== old?.phase) {
          if (sameTime) status.lastPhaseTransitionTime = rfc3339(context.nowMs);
        } else if (status.lastPhaseTransitionTime === undefined && old?.lastPhaseTransitionTime !== undefined) {
          status.lastPhaseTransitionTime = old.lastPhaseTransitionTime;
        }
      },
    },
  },
});

const secrets = define(selectable(['type']), {
  prepareUpdate(object, old) {
    const secret = object as Stored<Secret>;
    if ((secret.type ?? '') === '') assignField(object, 'type', (old as Stored<Secret>).type);
  },
});

function onlyNames(object: Stored): void {
  const account = object as Stored<ServiceAccount>;
  account.secrets = account.secrets?.map((reference) => (reference.name === undefined ? {} : { name: reference.name }));
  if (account.secrets === undefined) delete account.secrets;
}

const eventFields = [
  'involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion',
  'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'source', 'type',
];

/** Both event groups: they share one storage. */
const events = define(selectable(eventFields.filter((field) => field !== 'source')), {
  fieldNames: eventFields,
  createOnUpdate: true,
  dependents: 'unsupported',
  ttlSeconds: 3600,
  fieldsOf(object) {
    const event = object as Stored<CoreEvent>;
    const about = event.involvedObject ?? {};
    const source = event.source?.component ?? '';
    return [
      about.kind ?? '', about.namespace ?? '', about.name ?? '', about.uid ?? '', about.apiVersion ?? '', about.resourceVersion ?? '',
      about.fieldPath ?? '', event.reason ?? '', event.reportingComponent ?? '', source === '' ? (event.reportingComponent ?? '') : source, event.type ?? '',
    ];
  },
});

export const core: Readonly<Record<string, Strategy>> = {
  pods,
  namespaces,
  nodes,
  persistentvolumes: persistentVolumes,
  secrets,
  events,
  persistentvolumeclaims: define(withStatus, { returnsDeleted: true, fieldAliases: { name: 'metadata.name' } }),
  serviceaccounts: define({ returnsDeleted: true, prepareCreate: onlyNames, prepareUpdate: onlyNames }),
  configmaps: define(),
  endpoints: define({ createOnUpdate: true }),
  limitranges: define({ createOnUpdate: true }),
  podtemplates: define(counted('template'), { returnsDeleted: true }),
  replicationcontrollers: define(withStatus, counted(), selectable(['status.replicas'], { 'status.replicas': '0' }), { dependents: 'orphan' }),
  resourcequotas: define(withStatus, { returnsDeleted: true }),
};
