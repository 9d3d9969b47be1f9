// Everything a pod refers to that its node must be able to read: "secret ns/name", "configmap ns/name",
// "pvc ns/name", "pv /name", "serviceaccount ns/name", "resourceclaim ns/name". A volume counts when it is bound to the
// claim from its own side, since that side is the administrator's.
import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '#api/core/v1.ts';
import type { ObjectReader } from '../contract.ts';

type Add = (kind: string, name: string | undefined) => void;

function fromVolume(volume: Volume, add: Add, podName: string): void {
  add('secret', volume.secret?.secretName);
  add('configmap', volume.configMap?.name);
  add('pvc', volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) add('pvc', `${podName}-${volume.name}`);
  add('secret', volume.azureFile?.secretName);
  for (const source of [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi, volume.storageos]) add('secret', source?.secretRef?.name);
  add('secret', volume.csi?.nodePublishSecretRef?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secret', source.secret?.name);
    add('configmap', source.configMap?.name);
  }
}

function fromContainer(container: Container, add: Add): void {
  for (const from of container.envFrom ?? []) {
    add('secret', from.secretRef?.name);
    add('configmap', from.configMapRef?.name);
  }
  for (const env of container.env ?? []) {
    add('secret', env.valueFrom?.secretKeyRef?.name);
    add('configmap', env.valueFrom?.configMapKeyRef?.name);
  }
}

/** Secrets that the node needs to mount the volume: "namespace/name". */
function volumeSecrets(volume: PersistentVolume): string[] {
  const { azureFile, cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos, csi, claimRef } = volume.spec ?? {};
  const claimNamespace = claimRef?.namespace ?? '';
  const found: string[] = [];
  // An absent namespace is written as null.
  const add = (namespace: string | null | undefined, name: string | undefined): void => {
    if (name !== undefined && name !== '') found.push(`${(namespace ?? '') === '' ? claimNamespace : namespace}/${name}`);
  };
  add(azureFile?.secretNamespace, azureFile?.secretName);
  for (const source of [cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos]) add(source?.secretRef?.namespace, source?.secretRef?.name);
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) add(ref?.namespace, ref?.name);
  return found;
}

const claimedVolumes = new WeakMap<ObjectReader, { readonly revision: number; readonly byClaim: ReadonlyMap<string, readonly string[]> }>();

/** Volumes by the claim that they are bound to from their side, made again when volumes have changed. */
function volumesByClaim(reader: ObjectReader): ReadonlyMap<string, readonly string[]> {
  const revision = reader.revision('', 'persistentvolumes');
  const before = claimedVolumes.get(reader);
  if (before?.revision === revision) return before.byClaim;
  const byClaim = new Map<string, string[]>();
  for (const volume of reader.list('', 'persistentvolumes') as readonly PersistentVolume[]) {
    const claim = volume.spec?.claimRef;
    if (claim === undefined) continue;
    const key = `${claim.namespace ?? ''}/${claim.name ?? ''}`;
    byClaim.set(key, [...(byClaim.get(key) ?? []), volume.metadata?.name ?? '']);
  }
  claimedVolumes.set(reader, { revision, byClaim });
  return byClaim;
}

/** The claim need not name its volume yet; where it does, nothing is searched. */
function volumesOf(namespace: string, claimName: string, reader: ObjectReader): PersistentVolume[] {
  const claimed = (reader.get('', 'persistentvolumeclaims', namespace, claimName) as PersistentVolumeClaim | undefined)?.spec?.volumeName ?? '';
  const names = claimed === '' ? (volumesByClaim(reader).get(`${namespace}/${claimName}`) ?? []) : [claimed];
  return names.flatMap((name) => {
    const volume = reader.get('', 'persistentvolumes', '', name) as PersistentVolume | undefined;
    const owner = volume?.spec?.claimRef;
    return volume !== undefined && owner?.namespace === namespace && owner.name === claimName ? [volume] : [];
  });
}

/** Also follows claims to their volumes and the volumes' secrets. Mirror pods refer to nothing. */
export function podReferences(pod: Pod, reader: ObjectReader): ReadonlySet<string> {
  const found = new Set<string>();
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) return found;
  const namespace = pod.metadata?.namespace ?? '';
  const add: Add = (kind, name) => {
    if (name !== undefined && name !== '') found.add(`${kind} ${namespace}/${name}`);
  };
  const { spec, status } = pod;
  add('serviceaccount', spec?.serviceAccountName);
  for (const secret of spec?.imagePullSecrets ?? []) add('secret', secret.name);
  for (const volume of spec?.volumes ?? []) fromVolume(volume, add, pod.metadata?.name ?? '');
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]) fromContainer(container, add);
  for (const claim of spec?.resourceClaims ?? []) {
    add('resourceclaim', claim.resourceClaimName ?? status?.resourceClaimStatuses?.find((made) => made.name === claim.name)?.resourceClaimName);
  }
  add('resourceclaim', status?.extendedResourceClaimStatus?.resourceClaimName);
  for (const ref of [...found]) {
    if (!ref.startsWith('pvc ')) continue;
    const claimName = ref.slice(`pvc ${namespace}/`.length);
    for (const volume of volumesOf(namespace, claimName, reader)) {
      found.add(`pv /${volume.metadata?.name ?? ''}`);
      for (const secret of volumeSecrets(volume)) found.add(`secret ${secret}`);
    }
  }
  return found;
}
