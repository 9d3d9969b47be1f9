// Plugins that are off by default but for the claim's: OwnerReferencesPermissionEnforcement, DenyServiceExternalIPs,
// AlwaysAdmit, AlwaysDeny; and PersistentVolumeClaimResize.
import type { PersistentVolumeClaim, Service } from '#api/core/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { compareQuantity, jsonEqual, parseQuantity } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, Attributes, Authorizer, KubeObject, ObjectReader } from '../contract.ts';
import { refused } from './refused.ts';

type FindKind = (apiVersion: string, kind: string) => ResourceInfo | undefined;

function attributes(request: AdmissionRequest, more: Partial<Attributes>): Attributes {
  return { user: request.user, isResourceRequest: true, verb: 'update', path: '', apiGroup: '', apiVersion: '', namespace: '', resource: '', subresource: 'finalizers', name: '', ...more };
}

function ownersOf(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata?.ownerReferences ?? [];
}

/** References that keep their owner from going, which the object did not have before. */
function newlyBlocking(request: AdmissionRequest): OwnerReference[] {
  const before = new Map(ownersOf(request.oldObject).map((ref) => [ref.uid, ref]));
  return ownersOf(request.object).filter((ref) => ref.blockOwnerDeletion === true && before.get(ref.uid)?.blockOwnerDeletion !== true);
}

/** Who changes owners decides over deletion: he must have the right to it. */
export function ownerReferencesPermissionEnforcement(authorizer: Authorizer, findKind: FindKind): AdmissionPlugin {
  const mayFinalize = async (request: AdmissionRequest, ref: OwnerReference): Promise<void> => {
    const owner = findKind(ref.apiVersion, ref.kind);
    if (owner === undefined) {
      throw refused(request, `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${ref.apiVersion} Kind ${ref.kind}: no matches for kind ${JSON.stringify(ref.kind)} in version ${JSON.stringify(ref.apiVersion)}`);
    }
    const verdict = await authorizer.authorize(
      attributes(request, { apiGroup: owner.group, apiVersion: owner.version, resource: owner.plural, name: ref.name, namespace: owner.namespaced ? request.namespace : '' }),
    );
    if (verdict.decision !== 'allow') throw refused(request, `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${verdict.reason}, ${verdict.error ?? '<nil>'}`);
  };
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: (operation, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && !(resource.group === '' && resource.plural === 'pods' && (subresource === 'status' || subresource === 'binding' || subresource === 'eviction')),
    async validate(request) {
      const { resource, operation } = request;
      if (request.object === undefined || jsonEqual(ownersOf(request.object), ownersOf(request.oldObject))) return;
      if (operation !== 'CREATE') {
        const verdict = await authorizer.authorize(
          attributes(request, { verb: 'delete', namespace: request.namespace, apiGroup: resource.group, apiVersion: resource.version, resource: resource.plural, subresource: request.subresource, name: request.name }),
        );
        if (verdict.decision !== 'allow') throw refused(request, `cannot set an ownerRef on a resource you can't delete: ${verdict.reason}, ${verdict.error ?? '<nil>'}`);
      }
      const blocking = newlyBlocking(request);
      if (blocking.length === 0) return;
      if ((await authorizer.authorize(attributes(request, { apiGroup: '*', apiVersion: '*', resource: '*', name: '*' }))).decision === 'allow') return;
      for (const ref of blocking) await mayFinalize(request, ref);
    },
  };
}

export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: (operation, resource, subresource) => (operation === 'CREATE' || operation === 'UPDATE') && resource.group === '' && resource.plural === 'services' && subresource === '',
  validate(request) {
    const before = new Set((request.oldObject as Service | undefined)?.spec?.externalIPs);
    const now = (request.object as Service | undefined)?.spec?.externalIPs ?? [];
    if (now.some((address) => !before.has(address))) throw refused(request, 'Use of external IPs is denied by admission control');
  },
};

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', handles: () => false };

export const alwaysDenyAdmission: AdmissionPlugin = {
  name: 'AlwaysDeny',
  handles: () => true,
  mutate(request) {
    throw refused(request, 'admission control is denying all modifications');
  },
  validate(request) {
    throw refused(request, 'admission control is denying all modifications');
  },
};

function classOf(claim: PersistentVolumeClaim | undefined): string {
  return claim?.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim?.spec?.storageClassName ?? '';
}

/** Only bound claims of classes that can grow, grow. */
export function persistentVolumeClaimResize(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: (operation, resource, subresource) => operation === 'UPDATE' && resource.group === '' && resource.plural === 'persistentvolumeclaims' && subresource === '',
    validate(request) {
      const [now, old] = [request.object, request.oldObject] as (PersistentVolumeClaim | undefined)[];
      const size = (claim: PersistentVolumeClaim | undefined): string => claim?.spec?.resources?.requests?.storage ?? '0';
      if (compareQuantity(parseQuantity(size(now)), parseQuantity(size(old))) <= 0) return;
      if (old?.status?.phase !== 'Bound') throw refused(request, 'Only bound persistent volume claims can be expanded');
      const name = classOf(now);
      const storageClass = name === '' || name !== classOf(old) ? undefined : reader.get('storage.k8s.io', 'storageclasses', '', name);
      if (storageClass?.allowVolumeExpansion !== true) throw refused(request, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
    },
  };
}
