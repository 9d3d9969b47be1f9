// Which volume fits a claim: one that is bound to it already, else the smallest that is available, large enough, of
// the same class, mode and attributes, selected by its labels, and has all the access modes asked for; the fewer
// other modes it has, the better. Pure. Upstream: component-helpers/storage/volume.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1.ts';
import { compareQuantity, parseQuantity, quantityValue, selectorFromObject, type Quantity } from '#machinery';

const betaClass = 'volume.beta.kubernetes.io/storage-class';

export function classOfClaim(claim: PersistentVolumeClaim): string {
  return claim.metadata?.annotations?.[betaClass] ?? claim.spec?.storageClassName ?? '';
}

export function classOfVolume(volume: PersistentVolume): string {
  return volume.metadata?.annotations?.[betaClass] ?? volume.spec?.storageClassName ?? '';
}

/** It says a class, be it the empty one. */
export function saysClass(claim: PersistentVolumeClaim): boolean {
  return claim.metadata?.annotations?.[betaClass] !== undefined || claim.spec?.storageClassName !== undefined;
}

/** The volume names this claim, by uid when it has one. */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  if (reference === undefined || reference.name !== claim.metadata?.name || reference.namespace !== claim.metadata?.namespace) return false;
  return (reference.uid ?? '') === '' || reference.uid === claim.metadata?.uid;
}

const modeOf = (spec: { readonly volumeMode?: string } | undefined): string => spec?.volumeMode ?? 'Filesystem';
const attributesOf = (spec: { readonly volumeAttributesClassName?: string } | undefined): string => spec?.volumeAttributesClassName ?? '';
const sizeOf = (text: string | undefined): Quantity => parseQuantity(text ?? '0');

export function modesDiffer(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return modeOf(volume.spec) !== modeOf(claim.spec);
}

function hasModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode) === true);
}

/** Why the volume that a claim asks for by name will not do; undefined when it will. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata?.deletionTimestamp !== undefined) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (quantityValue(sizeOf(volume.spec?.capacity?.storage)) < quantityValue(sizeOf(claim.spec?.resources?.requests?.storage))) return 'requested PV is too small';
  if (classOfVolume(volume) !== classOfClaim(claim)) return 'storageClassName does not match';
  if (attributesOf(volume.spec) !== attributesOf(claim.spec)) return 'volumeAttributesClassName does not match';
  if (modesDiffer(volume, claim)) return 'incompatible volumeMode';
  return hasModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/** The best volume for the claim; with `delayed`, only one that is bound to it already. */
export function bestMatch(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[], delayed: boolean): PersistentVolume | undefined {
  const wanted = sizeOf(claim.spec?.resources?.requests?.storage);
  const selector = claim.spec?.selector === undefined ? undefined : selectorFromObject(claim.spec.selector);
  const fitting = volumes.filter((volume) => {
    if (volume.metadata?.deletionTimestamp !== undefined || !hasModes(volume, claim) || modesDiffer(volume, claim) || attributesOf(volume.spec) !== attributesOf(claim.spec)) return false;
    if (compareQuantity(sizeOf(volume.spec?.capacity?.storage), wanted) < 0) return false;
    if (volume.spec?.claimRef !== undefined) return isBoundTo(volume, claim);
    return !delayed && volume.status?.phase === 'Available' && (selector?.matches(volume.metadata?.labels ?? {}) ?? true) && classOfVolume(volume) === classOfClaim(claim);
  });
  const modes = (volume: PersistentVolume): number => volume.spec?.accessModes?.length ?? 0;
  const bound = (volume: PersistentVolume): number => (volume.spec?.claimRef === undefined ? 1 : 0);
  // What names the claim comes before all: it may be the controller's own work, seen late.
  fitting.sort((a, b) => bound(a) - bound(b) || modes(a) - modes(b) || compareQuantity(sizeOf(a.spec?.capacity?.storage), sizeOf(b.spec?.capacity?.storage)) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  return fitting[0];
}
