// How binding shows on both objects: the volume names its claim, the claim its volume, annotations tell who bound
// them and that it is done, phases follow. Each function gives the changed object, or undefined when it is so
// already; any of the four writes may be the last one before a restart. Pure.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '#api/core/v1.ts';
import { compareQuantity, parseQuantity } from '#machinery';
import { sameValue } from '../same-value.ts';
import { isBoundTo } from './matching.ts';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
export const selectedNode = 'volume.kubernetes.io/selected-node';
const provisioner = 'volume.kubernetes.io/storage-provisioner';
const betaProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';
const preResizeCapacity = 'volume.alpha.kubernetes.io/pre-resize-capacity';

export function hasAnnotation(object: { readonly metadata?: { readonly annotations?: Record<string, string> } }, name: string): boolean {
  return object.metadata?.annotations?.[name] !== undefined;
}

/** The volume naming the claim; who had named it before keeps the honour. */
export function volumeForClaim(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata ?? {};
  const reference = volume.spec?.claimRef;
  const names = reference !== undefined && reference.name === name && reference.namespace === namespace && reference.uid === uid;
  const marks = !isBoundTo(volume, claim) && !hasAnnotation(volume, boundByController);
  if (names && !marks) return undefined;
  return {
    ...volume,
    metadata: { ...volume.metadata, ...(marks ? { annotations: { ...volume.metadata?.annotations, [boundByController]: 'yes' } } : {}) },
    spec: { ...volume.spec, ...(names ? {} : { claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name, namespace, uid, resourceVersion } }) },
  };
}

export function claimForVolume(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const named = claim.spec?.volumeName === volume.metadata?.name;
  if (named && hasAnnotation(claim, bindCompleted)) return undefined;
  const annotations = { ...claim.metadata?.annotations, ...(named ? {} : { [boundByController]: 'yes' }), [bindCompleted]: 'yes' };
  return { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...claim.spec, volumeName: volume.metadata?.name } };
}

/** The claim's status in `phase`; without a volume it has no modes and no capacity. */
export function claimInPhase(claim: PersistentVolumeClaim, phase: string, volume: PersistentVolume | undefined): PersistentVolumeClaim | undefined {
  const status = volume === undefined ? unboundStatus(claim, phase) : boundStatus(claim, phase, volume);
  return sameValue(status, claim.status ?? {}) ? undefined : { ...claim, status };
}

function unboundStatus(claim: PersistentVolumeClaim, phase: string): PersistentVolumeClaimStatus {
  const { accessModes, capacity, currentVolumeAttributesClassName, ...rest } = claim.status ?? {};
  void [accessModes, capacity, currentVolumeAttributesClassName];
  return { ...rest, phase };
}

function boundStatus(claim: PersistentVolumeClaim, phase: string, volume: PersistentVolume): PersistentVolumeClaimStatus {
  const before = claim.status ?? {};
  const status: PersistentVolumeClaimStatus = { ...before, phase, accessModes: volume.spec?.accessModes };
  if (before.phase === phase) return status;
  const size = volume.spec?.capacity?.storage;
  if (size === undefined) throw new Error(`PersistentVolume "${volume.metadata?.name}" is without a storage capacity`);
  const preResize = volume.metadata?.annotations?.[preResizeCapacity];
  if (preResize !== undefined) status.capacity = { ...before.capacity, storage: preResize };
  else if (before.capacity?.storage === undefined || compareQuantity(parseQuantity(before.capacity.storage), parseQuantity(size)) !== 0) status.capacity = volume.spec?.capacity;
  const attributes = volume.spec?.volumeAttributesClassName;
  if (before.phase === 'Pending' && attributes !== undefined) status.currentVolumeAttributesClassName = attributes;
  return status;
}

/** The volume let go: wholly when the controller had bound it, else still meant for a claim of that name. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec ?? {};
  if (!hasAnnotation(volume, boundByController)) return { ...volume, spec: { ...spec, claimRef: { ...claimRef, uid: undefined } } };
  const { [boundByController]: mark, ...annotations } = volume.metadata?.annotations ?? {};
  void mark;
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
}

/** The claim telling who is to provision it. */
export function claimForProvisioner(claim: PersistentVolumeClaim, name: string): PersistentVolumeClaim | undefined {
  if (claim.metadata?.annotations?.[provisioner] === name && claim.metadata.annotations[betaProvisioner] === name) return undefined;
  return { ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata?.annotations, [provisioner]: name, [betaProvisioner]: name } } };
}
