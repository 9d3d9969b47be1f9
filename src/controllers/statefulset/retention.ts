// Who owns a StatefulSet's claims, by persistentVolumeClaimRetentionPolicy (KEP-1847): nobody when they are kept, the
// set when they go with it, the pod when they go with a scale-down; the garbage collector does the rest. Claims
// that somebody else controls are left to him. Pure.
import type { StatefulSet } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';
import { isInRange } from './identity.ts';

interface Owned {
  readonly metadata?: ObjectMeta;
}

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

interface Policy {
  readonly goesWhenDeleted: boolean;
  readonly goesWhenScaled: boolean;
}

function policyOf(set: StatefulSet): Policy {
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  return { goesWhenDeleted: policy?.whenDeleted === 'Delete', goesWhenScaled: policy?.whenScaled === 'Delete' };
}

const ownerSet = (set: StatefulSet): Owner => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set.metadata?.name ?? '', uid: set.metadata?.uid ?? '' });
const ownerPod = (pod: Pod): Owner => ({ apiVersion: 'v1', kind: 'Pod', name: pod.metadata?.name ?? '', uid: pod.metadata?.uid ?? '' });

function names(reference: OwnerReference, owner: Owner): boolean {
  return reference.apiVersion === owner.apiVersion && reference.kind === owner.kind && reference.name === owner.name;
}

const referencesOf = (object: Owned): readonly OwnerReference[] => object.metadata?.ownerReferences ?? [];
const hasReference = (claim: Owned, owner: Owner): boolean => referencesOf(claim).some((reference) => reference.uid === owner.uid);

function isStale(claim: Owned, owner: Owner): boolean {
  const reference = referencesOf(claim).find((each) => names(each, owner));
  return reference !== undefined && reference.uid !== owner.uid;
}

/** The claim goes with a pod that was there before: no pod may take it up. */
export function isLeavingWithOldPod(set: StatefulSet, claim: PersistentVolumeClaim, pod: Pod): boolean {
  return policyOf(set).goesWhenScaled && isStale(claim, ownerPod(pod));
}

/** Somebody else controls a claim that the policy would have go. */
export function hasConflictingController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { goesWhenDeleted, goesWhenScaled } = policyOf(set);
  if (!goesWhenDeleted && !goesWhenScaled) return false;
  return referencesOf(claim).some((reference) => {
    const ours = [ownerSet(set), ownerPod(pod)].find((owner) => names(reference, owner));
    return ours === undefined ? reference.controller === true : reference.uid !== ours.uid;
  });
}

/** Whether set and pod are to own the claim. */
function wantedOwners(set: StatefulSet, pod: Pod): { readonly bySet: boolean; readonly byPod: boolean } {
  const { goesWhenDeleted, goesWhenScaled } = policyOf(set);
  const byPod = goesWhenScaled && !isInRange(set, pod);
  return { bySet: goesWhenDeleted && !byPod, byPod };
}

/** The claim with its owners put right; undefined when they are, or when they are not ours to change. */
export function withOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): PersistentVolumeClaim | undefined {
  const [bySet, byPod] = [ownerSet(set), ownerPod(pod)];
  if (isStale(claim, bySet) || isStale(claim, byPod)) return undefined;
  const references = referencesOf(claim);
  const others = references.filter((reference) => !names(reference, bySet) && !names(reference, byPod));
  if (hasConflictingController(claim, set, pod)) return hasReference(claim, bySet) || hasReference(claim, byPod) ? owned(claim, others) : undefined;
  const wanted = wantedOwners(set, pod);
  const half = references.some((reference) => (reference.uid === bySet.uid || reference.uid === byPod.uid) && reference.controller !== true);
  if (!half && hasReference(claim, bySet) === wanted.bySet && hasReference(claim, byPod) === wanted.byPod) return undefined;
  const controller = (owner: Owner): OwnerReference => ({ ...owner, controller: true, blockOwnerDeletion: true });
  return owned(claim, [...others, ...(wanted.bySet ? [controller(bySet)] : []), ...(wanted.byPod ? [controller(byPod)] : [])]);
}

function owned(claim: PersistentVolumeClaim, ownerReferences: OwnerReference[]): PersistentVolumeClaim {
  return { ...claim, metadata: { ...claim.metadata, ownerReferences } };
}
