// Rows of storage.k8s.io, coordination.k8s.io, scheduling.k8s.io, node.k8s.io and resource.k8s.io.
import type { Lease } from '#api/coordination/v1.ts';
import type { RuntimeClass } from '#api/node/v1.ts';
import type { DeviceClass, ResourceClaim, ResourceSlice } from '#api/resource/v1.ts';
import type { PriorityClass } from '#api/scheduling/v1.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from '#api/storage/v1.ts';
import { age, nameOf } from './cell-text.ts';
import { printer, type Printers } from './printer.ts';

const defaultClass = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

function claimState(claim: ResourceClaim): string {
  const isDeleted = Boolean(claim.metadata?.deletionTimestamp);
  const states = isDeleted ? ['deleted'] : [];
  if (!claim.status?.allocation) {
    if (!isDeleted) states.push('pending');
  } else {
    states.push('allocated');
    if ((claim.status.reservedFor ?? []).length > 0) states.push('reserved');
  }
  return states.join(',');
}

const nameAndAge = printer<DeviceClass>('Name=name Age', (object, nowMs) => [nameOf(object), age(object, nowMs)]);

export const printers: Printers = {
  'storage.v1.StorageClass': printer<StorageClass>('Name=name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age', (object, nowMs) => {
    const isDefault = defaultClass.some((annotation) => object.metadata?.annotations?.[annotation] === 'true');
    return [
      `${nameOf(object)}${isDefault ? ' (default)' : ''}`, object.provisioner, object.reclaimPolicy ?? 'Delete', object.volumeBindingMode ?? 'Immediate', object.allowVolumeExpansion ?? false,
      age(object, nowMs),
    ];
  }),
  'storage.v1.VolumeAttributesClass': printer<VolumeAttributesClass>('Name=name DriverName Age', (object, nowMs) => [nameOf(object), object.driverName, age(object, nowMs)]),
  'storage.v1.VolumeAttachment': printer<VolumeAttachment>('Name=name Attacher=name PV Node Attached:boolean Age', (object, nowMs) => [
    nameOf(object), object.spec?.attacher ?? '', object.spec?.source?.persistentVolumeName ?? '', object.spec?.nodeName ?? '', object.status?.attached ?? false, age(object, nowMs),
  ]),
  'storage.v1.CSINode': printer<CSINode>('Name=name Drivers:integer Age', (object, nowMs) => [nameOf(object), (object.spec?.drivers ?? []).length, age(object, nowMs)]),
  'storage.v1.CSIDriver': printer<CSIDriver>(
    'Name=name AttachRequired:boolean PodInfoOnMount:boolean StorageCapacity:boolean TokenRequests RequiresRepublish:boolean Modes Age',
    (object, nowMs) => [
      nameOf(object), object.spec?.attachRequired ?? true, object.spec?.podInfoOnMount ?? false, object.spec?.storageCapacity ?? false,
      object.spec?.tokenRequests ? object.spec.tokenRequests.map(({ audience }) => audience).join(',') : '<unset>', object.spec?.requiresRepublish ?? false,
      (object.spec?.volumeLifecycleModes ?? []).join(',') || '<none>', age(object, nowMs),
    ],
  ),
  'storage.v1.CSIStorageCapacity': printer<CSIStorageCapacity>('Name=name StorageClassName Capacity', (object) => [nameOf(object), object.storageClassName, object.capacity ?? '<unset>']),
  'coordination.v1.Lease': printer<Lease>('Name=name Holder Age', (lease, nowMs) => [nameOf(lease), lease.spec?.holderIdentity ?? '', age(lease, nowMs)]),
  'scheduling.v1.PriorityClass': printer<PriorityClass>('Name=name Value:integer Global-Default:boolean Age PreemptionPolicy', (object, nowMs) => [
    nameOf(object), object.value ?? 0, object.globalDefault ?? false, age(object, nowMs), object.preemptionPolicy ?? '',
  ]),
  'node.v1.RuntimeClass': printer<RuntimeClass>('Name=name Handler Age', (object, nowMs) => [nameOf(object), object.handler, age(object, nowMs)]),
  'resource.v1.DeviceClass': nameAndAge,
  'resource.v1.ResourceClaimTemplate': nameAndAge,
  'resource.v1.ResourceClaim': printer<ResourceClaim>('Name=name State Age', (object, nowMs) => [nameOf(object), claimState(object), age(object, nowMs)]),
  'resource.v1.ResourceSlice': printer<ResourceSlice>('Name=name Node Driver Pool Age', (object, nowMs) => [
    nameOf(object), object.spec?.nodeName ?? '', object.spec?.driver ?? '', object.spec?.pool?.name ?? '', age(object, nowMs),
  ]),
};
