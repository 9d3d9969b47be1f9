// When a claim's protecting finalizer is to be put on or taken off. A claim is in use while a pod that has a node
// names it; a pod that waits for no node yet cannot start on a dying claim any more, so it does not count. Pure.
// Upstream: pkg/controller/volume/pvcprotection.
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import { claimNameOf, isClaimOfPod } from '../pod-claims.ts';
import { isFinished } from '../pod-state.ts';

export const finalizer = 'kubernetes.io/pvc-protection';

export type Step = 'nothing' | 'protect' | 'release';

/** What is to be done for the claim; whether pods use it counts only when it is 'release'. */
export function stepFor(claim: PersistentVolumeClaim): Step {
  const has = claim.metadata?.finalizers?.includes(finalizer) === true;
  const dying = claim.metadata?.deletionTimestamp !== undefined;
  return has === dying ? (has ? 'release' : 'protect') : 'nothing';
}

/** True when one of `pods` (of the claim's namespace) uses the claim. */
export function isUsed(claim: PersistentVolumeClaim, pods: readonly Pod[]): boolean {
  return pods.some((pod) => usesClaim(pod, claim));
}

function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec?.nodeName ?? '') === '') return false;
  return (pod.spec?.volumes ?? []).some((volume) => {
    if (claimNameOf(pod, volume) !== claim.metadata?.name) return false;
    // The claim of an ephemeral volume is owned by its pod: were a pod that is done to hold it, both would wait
    // for each other.
    return volume.persistentVolumeClaim !== undefined || (!isShutDown(pod) && isClaimOfPod(pod, claim));
  });
}

function isShutDown(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
}

/** True when the event may have made a claim unused: the pod is gone, done, or has no node. */
export function mayRelease(pod: Pod, deleted: boolean): boolean {
  return deleted || isFinished(pod) || (pod.spec?.nodeName ?? '') === '' || isTerminated(pod);
}

function isTerminated(pod: Pod): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  return pod.metadata?.deletionTimestamp !== undefined && statuses.every((status) => status.state?.terminated !== undefined || status.state?.waiting !== undefined);
}

/** The claim with or without its protection. */
export function changed(claim: PersistentVolumeClaim, step: 'protect' | 'release'): PersistentVolumeClaim {
  const others = (claim.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  return { ...claim, metadata: { ...claim.metadata, finalizers: step === 'protect' ? [...others, finalizer] : others } };
}
