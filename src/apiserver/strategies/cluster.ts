// Strategies of the groups that describe the cluster: identity and permission, networking, storage,
// scheduling, admission, flow control, certificates, extensions.
import type { APIService } from '#api/apiregistration/v1.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { jsonEqual } from '#machinery';
import { localCondition } from '../aggregation/conditions.ts';
import type { Stored, Strategy, WriteContext } from '../registry/strategy.ts';
import { assignField, counted, define, keepSpecAndMetadata, selectable, withStatus, type Row } from './strategy-table.ts';

const rbacRow: Row = { createOnUpdate: true };
const strict: Row = { unconditionalUpdate: false };
const answered: Row = { returnsDeleted: true };
const strictStatus: Row = { subresources: { status: keepSpecAndMetadata } };

/** What this server answers itself is available from the start. */
function markLocalAvailable(object: Stored, context: WriteContext): void {
  const service = object as Stored<APIService>;
  if (service.spec?.service === undefined) service.status = { conditions: [localCondition(context.nowMs)] };
}

function stampConditions(object: Stored, before: Stored, context: WriteContext): void {
  const status = (object as Stored<CertificateSigningRequest>).status;
  const known = (before as Stored<CertificateSigningRequest>).status?.conditions ?? [];
  const now = rfc3339(context.nowMs);
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??= known.find((old) => old.type === condition.type && old.status === condition.status)?.lastTransitionTime ?? now;
  }
}

/** Approved and Denied can only be set through /approval. */
function keepDecision(object: Stored, before: Stored): void {
  const status = (object as Stored<CertificateSigningRequest>).status;
  if (status === undefined) return;
  const decided = (condition: CertificateSigningRequestCondition): boolean => condition.type === 'Approved' || condition.type === 'Denied';
  const old = (before as Stored<CertificateSigningRequest>).status?.conditions ?? [];
  const conditions = [...(status.conditions ?? []).filter((c) => !decided(c)), ...old.filter(decided)];
  if (conditions.length > 0) status.conditions = conditions;
}

const certificateSigningRequests = define(selectable(['spec.signerName']), {
  prepareCreate(object, context) {
    const csr = object as Stored<CertificateSigningRequest>;
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = csr.spec;
    const { user } = context;
    csr.spec = {
      ...spec,
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: [...user.groups],
      ...(user.extra === undefined ? {} : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
    };
    object.status = {};
  },
  prepareUpdate(object, old) {
    assignField(object, 'spec', old.spec);
    assignField(object, 'status', old.status);
  },
  subresources: {
    status: {
      prepare(object, old, context) {
        assignField(object, 'spec', old.spec);
        keepDecision(object, old);
        stampConditions(object, old, context);
      },
    },
    approval: {
      prepare(object, old, context) {
        stampConditions(object, old, context);
        const conditions = (object as Stored<CertificateSigningRequest>).status?.conditions;
        assignField(object, 'spec', old.spec);
        object.status = { ...(old as Stored<CertificateSigningRequest>).status, ...(conditions === undefined ? {} : { conditions }) };
      },
    },
  },
});

/** The generation counts what is not metadata, and labels. */
const endpointSlices = define({
  prepareCreate: (object) => void (object.metadata.generation = 1),
  prepareUpdate(object, old) {
    const { metadata, ...content } = object;
    const { metadata: oldMetadata, ...oldContent } = old;
    const same = jsonEqual(content, oldContent) && jsonEqual(metadata.labels ?? {}, oldMetadata.labels ?? {});
    if (!same) metadata.generation = (oldMetadata.generation ?? 0) + 1;
  },
});

/** By group, then plural. */
export const cluster: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  'rbac.authorization.k8s.io': {
    roles: define(rbacRow), rolebindings: define(rbacRow), clusterroles: define(rbacRow), clusterrolebindings: define(rbacRow),
  },
  'networking.k8s.io': {
    ingresses: define(withStatus, counted()),
    ingressclasses: define(counted()),
    networkpolicies: define(counted()),
    ipaddresses: define(selectable(['spec.parentRef.resource', 'spec.parentRef.namespace', 'spec.parentRef.name'])),
    servicecidrs: define(withStatus),
  },
  'discovery.k8s.io': { endpointslices: endpointSlices },
  'coordination.k8s.io': { leases: define(strict, { createOnUpdate: true }) },
  'certificates.k8s.io': { certificatesigningrequests: certificateSigningRequests },
  'scheduling.k8s.io': { priorityclasses: define({ prepareCreate: (object) => void (object.metadata.generation = 1) }) },
  'node.k8s.io': { runtimeclasses: define(strict, { createOnUpdate: true }) },
  'storage.k8s.io': {
    csidrivers: define(strict, answered),
    csinodes: define(strict, answered),
    csistoragecapacities: define(strict),
    storageclasses: define(answered),
    volumeattachments: define(withStatus, strictStatus, strict, answered),
    volumeattributesclasses: define(answered),
  },
  'admissionregistration.k8s.io': {
    mutatingwebhookconfigurations: define(counted('webhooks'), strict),
    validatingwebhookconfigurations: define(counted('webhooks'), strict),
    mutatingadmissionpolicies: define(counted(), strict),
    mutatingadmissionpolicybindings: define(counted(), strict),
    validatingadmissionpolicies: define(withStatus, counted(), strict, strictStatus),
    validatingadmissionpolicybindings: define(counted(), strict),
  },
  'flowcontrol.apiserver.k8s.io': {
    flowschemas: define(withStatus, counted(), strict, strictStatus, { createOnUpdate: true }),
    prioritylevelconfigurations: define(withStatus, counted(), strict, strictStatus, { createOnUpdate: true }),
  },
  'resource.k8s.io': {
    deviceclasses: define(counted(), answered),
    resourceclaims: define(withStatus, strictStatus, answered),
    resourceclaimtemplates: define(answered),
    resourceslices: define(counted(), answered, selectable(['spec.nodeName', 'spec.driver'])),
  },
  'apiextensions.k8s.io': { customresourcedefinitions: define(withStatus, counted(), { unconditionalUpdate: false, subresources: { status: keepSpecAndMetadata } }) },
  'apiregistration.k8s.io': { apiservices: define(withStatus, { unconditionalUpdate: false, subresources: { status: keepSpecAndMetadata }, prepareCreate: markLocalAvailable }) },
};
