// Defaults and protection for storage and ingress: DefaultStorageClass, DefaultIngressClass and
// StorageObjectInUseProtection. Of several defaults the newest class wins, then the first by name.
import { compareText } from '#base/order.ts';
import type { PersistentVolumeClaim } from '#api/core/v1.ts';
import type { Ingress } from '#api/networking/v1.ts';
import { forbidden } from '#machinery';
import type { AdmissionPlugin, KubeObject, ObjectReader } from '../contract.ts';

function defaultClass(reader: ObjectReader, group: string, resource: string, annotations: readonly string[]): KubeObject | undefined {
  const created = (object: KubeObject): string => object.metadata?.creationTimestamp ?? '';
  return [...reader.list(group, resource)]
    .filter((object) => annotations.some((a) => object.metadata?.annotations?.[a] === 'true'))
    .sort((a, b) => compareText(created(b), created(a)) || compareText(a.metadata?.name ?? '', b.metadata?.name ?? ''))[0];
}

export function defaultStorageClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === '' && resource.plural === 'persistentvolumeclaims' && subresource === '',
    mutate(request) {
      const claim = request.object as (PersistentVolumeClaim & KubeObject) | undefined;
      if (claim?.spec === undefined || claim.spec.storageClassName !== undefined) return;
      if (claim.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return;
      const chosen = defaultClass(reader, 'storage.k8s.io', 'storageclasses', ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']);
      if (chosen !== undefined) claim.spec.storageClassName = chosen.metadata?.name;
    },
  };
}

export function defaultIngressClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === 'networking.k8s.io' && resource.plural === 'ingresses' && subresource === '',
    mutate(request) {
      const ingress = request.object as (Ingress & KubeObject) | undefined;
      if (ingress === undefined || ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata?.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
      const chosen = defaultClass(reader, 'networking.k8s.io', 'ingressclasses', ['ingressclass.kubernetes.io/is-default-class']);
      if (chosen === undefined) return;
      if (chosen.metadata?.name === undefined) throw forbidden({ group: 'networking.k8s.io', resource: 'ingresses' }, request.name, 'default ingress class has no name');
      ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata.name };
    },
  };
}

/** Claims and volumes get a finalizer that the protection controllers remove once nobody uses them. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (operation, resource, subresource) => operation === 'CREATE' && resource.group === '' && subresource === '' && (resource.plural === 'persistentvolumeclaims' || resource.plural === 'persistentvolumes'),
  mutate(request) {
    const object = request.object;
    if (object === undefined) return;
    const finalizer = request.resource.plural === 'persistentvolumes' ? 'kubernetes.io/pv-protection' : 'kubernetes.io/pvc-protection';
    object.metadata ??= {};
    if (object.metadata.finalizers?.includes(finalizer) !== true) object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  },
};
