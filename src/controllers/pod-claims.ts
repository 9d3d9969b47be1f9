// Which PersistentVolumeClaims a pod's volumes stand for, by reference or as generic ephemeral volumes, and an
// index of the shared pod informer by them.
import type { PersistentVolumeClaim, Pod, Volume } from '#api/core/v1.ts';
import { isControlledBy, joinKey, type Informer } from '#client';

const indexName = 'pod-pvc-index';

/** The claim behind a volume; undefined for other kinds of volumes. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${pod.metadata?.name ?? ''}-${volume.name}`;
}

/** Keys ("namespace/name") of the claims of all volumes. */
export function claimKeysOf(pod: Pod): string[] {
  const names = (pod.spec?.volumes ?? []).map((volume) => claimNameOf(pod, volume));
  return names.filter((name) => name !== undefined && name !== '').map((name) => joinKey(pod.metadata?.namespace ?? '', name ?? ''));
}

/** True when `claim` was made for this very pod. */
export function isClaimOfPod(pod: Pod, claim: PersistentVolumeClaim): boolean {
  return pod.metadata?.namespace === claim.metadata?.namespace && isControlledBy(claim, pod);
}

/** Adds the index; once per informer, however many controllers ask. */
export function indexByClaim(pods: Informer<Pod>): void {
  pods.addIndex(indexName, claimKeysOf);
}

/** Pods that may use the claim `key`. */
export function podsOfClaim(pods: Informer<Pod>, key: string): readonly Pod[] {
  return pods.byIndex(indexName, key);
}
