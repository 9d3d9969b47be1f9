// Strategies of the groups that describe the cluster: identity and permission, networking, storage,
// scheduling, admission, flow control, extensions.
import type { APIService } from '#api/apiregistration/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import type { Ingress, NetworkPolicy, NetworkPolicyPeer } from '#api/networking/v1.ts';
import type { RuntimeClass } from '#api/node/v1.ts';
import type { DeviceRequestAllocationResult, ResourceClaim, ResourceClaimTemplate } from '#api/resource/v1.ts';
import type { CSIDriver, CSIStorageCapacity, StorageClass } from '#api/storage/v1.ts';
import { cidrWarnings, ipWarnings, isDns1123Subdomain, jsonEqual } from '#machinery';
import { localCondition } from '../aggregation/conditions.ts';
import { customResourceDefinitions } from '../crds/definition-strategy.ts';
import type { Stored, Strategy, WriteContext } from '../registry/strategy.ts';
import { checkAdminRequests, checkAdminResults } from './admin-access.ts';
import { certificates } from './certificates.ts';
import { dropDeallocatedDevices, stampSliceTaints } from './devices.ts';
import { dropDriverFields, dropLeaseFields, dropSliceFields } from './disabled-fields.ts';
import { deprecatedLabel, labelSelectorWarnings } from './warnings/node-labels.ts';
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

/** Nodes that the deprecated topology of v1beta1 named: only those are taken over. */
function topologyNodes(slice: Stored<EndpointSlice>): Set<string> {
  return new Set((slice.endpoints ?? []).flatMap(({ deprecatedTopology }) => deprecatedTopology?.['kubernetes.io/hostname'] ?? []));
}

function dropTopology(slice: Stored<EndpointSlice>, old: Stored<EndpointSlice> | undefined): void {
  if (old !== undefined && jsonEqual(slice.endpoints ?? [], old.endpoints ?? [])) return;
  const known = old === undefined ? new Set<string>() : topologyNodes(old);
  for (const endpoint of slice.endpoints ?? []) {
    const node = endpoint.deprecatedTopology?.['kubernetes.io/hostname'];
    if (endpoint.nodeName === undefined && node !== undefined && known.has(node) && isDns1123Subdomain(node)) endpoint.nodeName = node;
    delete endpoint.deprecatedTopology;
  }
}

const sliceManagers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

/** The generation counts what is not metadata, and labels. */
const endpointSlices = define({
  prepareCreate(object) {
    object.metadata.generation = 1;
    dropTopology(object as Stored<EndpointSlice>, undefined);
  },
  prepareUpdate(object, old) {
    const { metadata, ...content } = object;
    const { metadata: oldMetadata, ...oldContent } = old;
    const same = jsonEqual(content, oldContent) && jsonEqual(metadata.labels ?? {}, oldMetadata.labels ?? {});
    if (!same) metadata.generation = (oldMetadata.generation ?? 0) + 1;
    dropTopology(object as Stored<EndpointSlice>, old as Stored<EndpointSlice>);
  },
  warnings(object, old) {
    const slice = object as Stored<EndpointSlice>;
    const isOurs = sliceManagers.includes(slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '');
    return [
      ...(old === undefined && slice.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
      ...(isOurs ? [] : (slice.endpoints ?? []).flatMap(({ addresses }, i) => (addresses ?? []).flatMap((ip, j) => ipWarnings(ip, `endpoints[${i}].addresses[${j}]`)))),
    ];
  },
});

const tokenSecretsText = 'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

const csiDrivers = define(strict, answered, {
  prepareCreate: (object) => dropDriverFields(object, undefined),
  prepareUpdate(object, old) {
    dropDriverFields(object, old);
    if (!jsonEqual(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  warnings(object, old) {
    const { spec } = object as Stored<CSIDriver>;
    const requests = spec?.tokenRequests ?? [];
    const isNews = old === undefined || !jsonEqual(requests, (old as Stored<CSIDriver>).spec?.tokenRequests ?? []);
    return isNews && requests.length > 0 && spec?.serviceAccountTokenInSecrets === undefined ? [tokenSecretsText] : [];
  },
});

function storageClassWarnings(object: Stored): string[] {
  return ((object as Stored<StorageClass>).allowedTopologies ?? []).flatMap((term, i) =>
    (term.matchLabelExpressions ?? []).flatMap(({ key }, j) => {
      const message = deprecatedLabel(key);
      return message === undefined ? [] : [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${message}`];
    }),
  );
}

function runtimeClassWarnings(object: Stored): string[] {
  return Object.keys((object as Stored<RuntimeClass>).scheduling?.nodeSelector ?? {}).flatMap((key) => {
    const message = deprecatedLabel(key);
    return message === undefined ? [] : [`scheduling.nodeSelector: ${message}`];
  });
}

function networkPolicyWarnings(object: Stored): string[] {
  const { spec } = object as Stored<NetworkPolicy>;
  const told = (peers: readonly NetworkPolicyPeer[] | undefined, path: string): string[] =>
    (peers ?? []).flatMap(({ ipBlock }, j) => {
      if (!ipBlock) return [];
      const at = `${path}[${j}].ipBlock`;
      return [...cidrWarnings(ipBlock.cidr, `${at}.cidr`), ...(ipBlock.except ?? []).flatMap((cidr, k) => cidrWarnings(cidr, `${at}.except[${k}]`))];
    });
  return [
    ...(spec?.ingress ?? []).flatMap((rule, i) => told(rule.from, `spec.ingress[${i}].from`)),
    ...(spec?.egress ?? []).flatMap((rule, i) => told(rule.to, `spec.egress[${i}].to`)),
  ];
}

const resourceClaims = define(withStatus, strictStatus, answered, {
  validate: (object, old, context) => (old === undefined ? checkAdminRequests((object as Stored<ResourceClaim>).spec?.devices?.requests, object.metadata.namespace ?? '', context) : []),
  subresources: {
    status: {
      prepare(object, old, context) {
        keepSpecAndMetadata.prepare(object, old, context);
        dropDeallocatedDevices(object, old);
      },
      validate(object, old, context) {
        const results = (claim: Stored): readonly DeviceRequestAllocationResult[] | undefined => (claim as Stored<ResourceClaim>).status?.allocation?.devices?.results;
        return checkAdminResults(results(object), results(old), object.metadata.namespace ?? '', context);
      },
    },
  },
});

function prepareSlice(object: Stored, { nowMs }: WriteContext, old?: Stored): void {
  dropSliceFields(object, old);
  stampSliceTaints(object, nowMs);
}

const classAnnotation = 'kubernetes.io/ingress.class';

const ingresses = define(withStatus, counted(), {
  warnings(object, old) {
    const isOld = object.metadata.annotations?.[classAnnotation] !== undefined && (object as Stored<Ingress>).spec?.ingressClassName === undefined;
    return old === undefined && isOld ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`] : [];
  },
  subresources: {
    status: {
      prepare: (object, old) => assignField(object, 'spec', old.spec),
      warnings: (object) => ((object as Stored<Ingress>).status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) => (ip ? ipWarnings(ip, `status.loadBalancer.ingress[${i}]`) : [])),
    },
  },
});

/** By group, then plural. */
export const cluster: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  'rbac.authorization.k8s.io': {
    roles: define(rbacRow), rolebindings: define(rbacRow), clusterroles: define(rbacRow), clusterrolebindings: define(rbacRow),
  },
  'networking.k8s.io': {
    ingresses: ingresses,
    ingressclasses: define(counted()),
    networkpolicies: define(counted(), { warnings: networkPolicyWarnings }),
    ipaddresses: define(selectable(['spec.parentRef.resource', 'spec.parentRef.namespace', 'spec.parentRef.name'])),
    servicecidrs: define(withStatus, strictStatus),
  },
  'discovery.k8s.io': { endpointslices: endpointSlices },
  'coordination.k8s.io': { leases: define(strict, { createOnUpdate: true, prepareCreate: (object) => dropLeaseFields(object, undefined), prepareUpdate: dropLeaseFields }) },
  'certificates.k8s.io': certificates,
  'scheduling.k8s.io': { priorityclasses: define({ prepareCreate: (object) => void (object.metadata.generation = 1) }) },
  'node.k8s.io': { runtimeclasses: define(strict, { createOnUpdate: true, warnings: runtimeClassWarnings }) },
  'storage.k8s.io': {
    csidrivers: csiDrivers,
    csinodes: define(strict, answered),
    csistoragecapacities: define(strict, { warnings: (object) => labelSelectorWarnings((object as Stored<CSIStorageCapacity>).nodeTopology, 'nodeTopology') }),
    storageclasses: define(answered, { warnings: storageClassWarnings }),
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
    resourceclaims: resourceClaims,
    resourceclaimtemplates: define(answered, {
      validate: (object, old, context) => (old === undefined ? checkAdminRequests((object as Stored<ResourceClaimTemplate>).spec?.spec?.devices?.requests, object.metadata.namespace ?? '', context) : []),
    }),
    resourceslices: define({ prepareCreate: prepareSlice, prepareUpdate: (object, old, context) => prepareSlice(object, context, old) }, counted(), answered, selectable(['spec.nodeName', 'spec.driver'])),
  },
  'apiextensions.k8s.io': { customresourcedefinitions: customResourceDefinitions },
  'apiregistration.k8s.io': { apiservices: define(withStatus, { unconditionalUpdate: false, subresources: { status: keepSpecAndMetadata }, prepareCreate: markLocalAvailable }) },
};
