// persistentVolumeClaim volumes (and generic ephemeral ones, whose claim is named after pod and volume):
// the claim must be bound, and its volume be of a kind that this node mounts: hostPath or local.
import type { PersistentVolume, PersistentVolumeClaim, Volume } from '#api/core/v1.ts';
import { isNotFound } from '#machinery';
import { nameOf, namespaceOf, uidOf } from '../pod.ts';
import { type MountedVolume, type VolumeContext, type VolumePlugin, volumeDirectory } from './contract.ts';
import { checkHostPath } from './host-path.ts';
import { applyFsGroup } from './ownership.ts';

async function boundVolume(context: VolumeContext, volume: Volume): Promise<PersistentVolume> {
  const namespace = namespaceOf(context.pod);
  const name = volume.persistentVolumeClaim?.claimName ?? `${nameOf(context.pod)}-${volume.name}`;
  let claim: PersistentVolumeClaim;
  try {
    claim = await context.client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(namespace).get(name);
  } catch (error) {
    if (isNotFound(error)) throw new Error(`error processing PVC ${namespace}/${name}: failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`, { cause: error });
    throw error;
  }
  if (volume.ephemeral !== undefined && claim.metadata?.ownerReferences?.some(({ uid }) => uid === uidOf(context.pod)) !== true) {
    throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${nameOf(context.pod)} (pod is not owner)`);
  }
  const bound = claim.spec?.volumeName;
  if (claim.status?.phase !== 'Bound' || bound === undefined || bound === '') throw new Error(`error processing PVC ${namespace}/${name}: PVC is not bound`);
  return context.client.resource<PersistentVolume>('persistentvolumes').get(bound);
}

async function mountLocal(context: VolumeContext, persistent: PersistentVolume, path: string): Promise<MountedVolume> {
  const { host } = context;
  const target = volumeDirectory(context, 'kubernetes.io/local-volume', persistent.metadata?.name ?? '');
  if ((await host.files.stat(path)) === undefined) throw new Error(`local volume source path ${path} does not exist`);
  if ((await host.mounts.under(target)).length === 0) {
    await host.files.mkdir(target, 0o750);
    await host.mounts.bind(path, target);
    await applyFsGroup(host.files, target, context.pod, false);
  }
  return { path: target };
}

export const persistentVolumeClaimPlugin: VolumePlugin = {
  name: 'kubernetes.io/persistent-volume-claim',
  handles: (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined,
  async setUp(context, volume) {
    const persistent = await boundVolume(context, volume);
    const readOnly = volume.persistentVolumeClaim?.readOnly === true;
    const { hostPath, local } = persistent.spec ?? {};
    if (hostPath !== undefined) {
      await checkHostPath(context.host, hostPath.path, hostPath.type ?? '');
      return { path: hostPath.path, readOnly };
    }
    if (local !== undefined) return { ...(await mountLocal(context, persistent, local.path)), readOnly };
    throw new Error(`no volume plugin matched for PersistentVolume ${persistent.metadata?.name ?? ''}`);
  },
};
