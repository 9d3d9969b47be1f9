// Fields of features that are off by default in this version: writes leave them out, unless the stored object has
// them already (upstream: dropDisabledFields of each strategy).
import type { Container, Node, Pod, PersistentVolumeClaim, PersistentVolumeClaimSpec, PodSpec, PodTemplateSpec } from '#api/core/v1.ts';
import type { Lease } from '#api/coordination/v1.ts';
import type { Device, ResourceSlice } from '#api/resource/v1.ts';
import type { CSIDriver } from '#api/storage/v1.ts';
import type { KubeObject } from '../contract.ts';
import type { Stored } from '../registry/strategy.ts';

function containersOf(spec: PodSpec | undefined): readonly Container[] {
  if (spec === undefined) return [];
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])];
}

/** ContainerStopSignals and GenericWorkload. */
export function dropPodFields(spec: PodSpec | undefined, old: PodSpec | undefined): void {
  if (spec === undefined) return;
  if (spec.schedulingGroup && !old?.schedulingGroup) delete spec.schedulingGroup;
  if (!containersOf(spec).some((container) => container.lifecycle?.stopSignal) || containersOf(old).some((container) => container.lifecycle?.stopSignal)) return;
  for (const container of containersOf(spec)) {
    if (!container.lifecycle?.stopSignal) continue;
    delete container.lifecycle.stopSignal;
    if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
  }
}

/** DRANodeAllocatableResources and ImageVolumeWithDigest. */
export function dropPodStatusFields(pod: Pod, old: Pod | undefined): void {
  if (pod.status?.nodeAllocatableResourceClaimStatuses && !old?.status?.nodeAllocatableResourceClaimStatuses) delete pod.status.nodeAllocatableResourceClaimStatuses;
}

export function dropTemplateFields(template: PodTemplateSpec | undefined, old: PodTemplateSpec | undefined): void {
  dropPodFields(template?.spec, old?.spec);
}

/** CoordinatedLeaderElection. */
export function dropLeaseFields(object: Stored, old: Stored | undefined): void {
  const { spec } = object as Stored<Lease>;
  const before = (old as Stored<Lease> | undefined)?.spec;
  if (spec === undefined) return;
  for (const field of ['strategy', 'preferredHolder'] as const) if (before?.[field] === undefined) delete spec[field];
}

/** VolumeLimitScaling. */
export function dropDriverFields(object: Stored, old: Stored | undefined): void {
  const { spec } = object as Stored<CSIDriver>;
  const before = (old as Stored<CSIDriver> | undefined)?.spec;
  if (before?.preventPodSchedulingIfMissing === undefined) delete spec?.preventPodSchedulingIfMissing;
}

/** Dynamic kubelet configuration, which is gone for good. */
export function dropNodeFields(object: Stored, old: Stored | undefined): void {
  const node = object as Stored<Node>;
  const before = old as Stored<Node> | undefined;
  if (!before?.spec?.configSource) delete node.spec?.configSource;
  if (before === undefined) delete node.status?.config;
}

const listAttributes = ['bools', 'ints', 'strings', 'versions'] as const;

function hasLists(devices: readonly Device[]): boolean {
  return devices.some((device) => Object.values(device.attributes ?? {}).some((attribute) => listAttributes.some((field) => attribute[field] !== undefined)));
}

/** DRANodeAllocatableResources and DRAListTypeAttributes. */
export function dropSliceFields(object: Stored, old: Stored | undefined): void {
  const devices = (object as Stored<ResourceSlice>).spec?.devices ?? [];
  const before = (old as Stored<ResourceSlice> | undefined)?.spec?.devices ?? [];
  if (!before.some((device) => device.nodeAllocatableResourceMappings)) for (const device of devices) delete device.nodeAllocatableResourceMappings;
  if (hasLists(before)) return;
  for (const device of devices) for (const attribute of Object.values(device.attributes ?? {})) for (const field of listAttributes) delete attribute[field];
}

function isKnownSource(spec: PersistentVolumeClaimSpec): boolean {
  const kind = spec.dataSource?.kind ?? '';
  const apiGroup = spec.dataSource?.apiGroup ?? '';
  return (kind === 'PersistentVolumeClaim' && apiGroup === '') || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');
}

/** Both spellings of a claim's source say the same. */
function sameSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name };
  }
}

/** A claim of a server that knew one spelling of its source, or no mode, as everybody reads it (upstream: defaultOnReadPvc). Answers whether that changed it. */
export function completeClaim({ spec }: KubeObject): boolean {
  if (spec === undefined) return false;
  const claim = spec as PersistentVolumeClaimSpec;
  const { dataSource, dataSourceRef, volumeMode } = claim;
  sameSources(claim);
  claim.volumeMode ??= 'Filesystem';
  return claim.dataSource !== dataSource || claim.dataSourceRef !== dataSourceRef || claim.volumeMode !== volumeMode;
}

/** Sources in other namespaces (CrossNamespaceVolumeDataSource), and of kinds that only dataSourceRef may name (KEP-1495). */
export function settleClaimSources(object: Stored, old: Stored | undefined): void {
  const { spec } = object as Stored<PersistentVolumeClaim>;
  const before = (old as Stored<PersistentVolumeClaim> | undefined)?.spec;
  if (spec === undefined) return;
  if (spec.dataSourceRef?.namespace && !before?.dataSourceRef) delete spec.dataSourceRef;
  if (!before?.dataSource && !before?.dataSourceRef && !spec.dataSourceRef && !isKnownSource(spec)) delete spec.dataSource;
  sameSources(spec);
}
