// When a volume's protecting finalizer is to be put on or taken off: a deleted volume stays while it is bound. Pure.
// Upstream: pkg/controller/volume/pvprotection.
import type { PersistentVolume } from '#api/core/v1.ts';

export const finalizer = 'kubernetes.io/pv-protection';

/** The volume as it is to be written; undefined when nothing is to be done. */
export function reconcile(volume: PersistentVolume): PersistentVolume | undefined {
  const finalizers = volume.metadata?.finalizers ?? [];
  const has = finalizers.includes(finalizer);
  const dying = volume.metadata?.deletionTimestamp !== undefined;
  if (dying && has && volume.status?.phase !== 'Bound') return withFinalizers(volume, finalizers.filter((each) => each !== finalizer));
  if (!dying && !has) return withFinalizers(volume, [...finalizers, finalizer]);
  return undefined;
}

function withFinalizers(volume: PersistentVolume, finalizers: string[]): PersistentVolume {
  return { ...volume, metadata: { ...volume.metadata, finalizers } };
}
