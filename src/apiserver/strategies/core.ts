// Strategies of the core group, but pods and services, which have files of their own.
import type { Endpoints, Event as CoreEvent, Namespace, Node, PersistentVolume, PersistentVolumeClaim, PodTemplate, ReplicationController, ResourceQuota, Secret, ServiceAccount } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { cidrWarnings, compareQuantity, ipWarnings, parseQuantity } from '#machinery';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { assignField, counted, define, keepSpec, selectable, withStatus } from './strategy-table.ts';
import { dropNodeFields, dropTemplateFields, settleClaimSources } from './disabled-fields.ts';
import { pods } from './pods.ts';
import { hostnameWarnings, templateWarnings } from './warnings/pods.ts';
import { claimWarnings, persistentVolumeWarnings } from './warnings/volumes.ts';
import { keyPairWarning } from './warnings/key-pair.ts';

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
    const { finalizers: _given, ...spec } = namespace.spec ?? {};
    namespace.spec = { ...spec, ...(before === undefined ? {} : { finalizers: before }) };
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

function nodeWarnings(object: Stored): string[] {
  const { spec } = object as Stored<Node>;
  return [
    ...(spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, i) => cidrWarnings(cidr, `spec.podCIDRs[${i}]`)),
  ];
}

const nodes = define(selectable(['spec.unschedulable'], { 'spec.unschedulable': 'false' }), {
  prepareCreate: (object) => dropNodeFields(object, undefined),
  prepareUpdate(object, old) {
    assignField(object, 'status', old.status);
    dropNodeFields(object, old);
  },
  warnings: nodeWarnings,
  subresources: {
    status: {
      prepare(object, old) {
        assignField(object, 'spec', old.spec);
        if (!(old as Stored<Node>).status?.config) delete (object as Stored<Node>).status?.config;
      },
    },
  },
});

const persistentVolumes = define({
  returnsDeleted: true,
  fieldAliases: { name: 'metadata.name' },
  warnings: (object) => persistentVolumeWarnings(object as Stored<PersistentVolume>),
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
  warnings: (object) => keyPairWarning(object as Stored<Secret>),
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

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

function accountWarnings(object: Stored, old: Stored | undefined): string[] {
  const isNew = object.metadata.annotations?.[mountableSecrets] !== undefined && old?.metadata.annotations?.[mountableSecrets] === undefined;
  return isNew ? [`metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`] : [];
}

function endpointsWarnings(object: Stored): string[] {
  const { metadata, subsets } = object as Stored<Endpoints>;
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return (subsets ?? []).flatMap((subset, i) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((field) => (subset[field] ?? []).flatMap(({ ip }, j) => ipWarnings(ip ?? '', `subsets[${i}].${field}[${j}].ip`))),
  );
}

/** Requests above limits: nothing that asks for what it may would fit. */
function quotaWarnings(object: Stored, old: Stored | undefined): string[] {
  const hard = (object as Stored<ResourceQuota>).spec?.hard ?? {};
  if (old !== undefined) return [];
  return ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => {
    const short = name !== 'ephemeral-storage' && hard[`requests.${name}`] === undefined;
    const key = short ? name : `requests.${name}`;
    const [request, limit] = [hard[key], hard[`limits.${name}`]];
    if (request === undefined || limit === undefined || compareQuantity(parseQuantity(request), parseQuantity(limit)) <= 0) return [];
    return [`ResourceQuota ${key} (${request}) should be less than limits.${name} (${limit})`];
  });
}

const podTemplates = define({
  returnsDeleted: true,
  prepareCreate: (object) => dropTemplateFields((object as Stored<PodTemplate>).template, undefined),
  prepareUpdate: (object, old) => dropTemplateFields((object as Stored<PodTemplate>).template, (old as Stored<PodTemplate>).template),
  warnings: (object, old) => (old === undefined || object.metadata.generation !== old.metadata.generation ? templateWarnings((object as Stored<PodTemplate>).template, 'template') : []),
}, counted('template'));

const replicationControllers = define(withStatus, selectable(['status.replicas'], { 'status.replicas': '0' }), {
  dependents: 'orphan',
  prepareCreate: (object) => dropTemplateFields((object as Stored<ReplicationController>).spec?.template, undefined),
  prepareUpdate: (object, old) => dropTemplateFields((object as Stored<ReplicationController>).spec?.template, (old as Stored<ReplicationController>).spec?.template),
  warnings(object, old) {
    // An update warns of the template that was there before, as upstream.
    const told = old ?? object;
    const isNews = old === undefined || old.metadata.generation !== object.metadata.generation;
    return [
      ...(old === undefined ? hostnameWarnings(object.metadata.name ?? '', 'Pod names and hostnames') : []),
      ...(isNews ? templateWarnings((told as Stored<ReplicationController>).spec?.template, 'spec.template') : []),
    ];
  },
}, counted());

const persistentVolumeClaims = define(withStatus, {
  returnsDeleted: true,
  fieldAliases: { name: 'metadata.name' },
  prepareCreate(object) {
    object.status = { phase: 'Pending' };
    settleClaimSources(object, undefined);
  },
  prepareUpdate: settleClaimSources,
  warnings: (object) => claimWarnings(object as Stored<PersistentVolumeClaim>),
});

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
  persistentvolumeclaims: persistentVolumeClaims,
  serviceaccounts: define({ returnsDeleted: true, prepareCreate: onlyNames, prepareUpdate: onlyNames, warnings: accountWarnings }),
  configmaps: define(),
  endpoints: define({ createOnUpdate: true, warnings: endpointsWarnings }),
  limitranges: define({ createOnUpdate: true }),
  podtemplates: podTemplates,
  replicationcontrollers: replicationControllers,
  resourcequotas: define(withStatus, { returnsDeleted: true, warnings: quotaWarnings }),
};
