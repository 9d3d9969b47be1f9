// Everything a pod refers to that its node must be able to read: "secret ns/name", "configmap ns/name",
// "pvc ns/name", "pv /name", "serviceaccount ns/name", "resourceclaim ns/name".
import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '#api/core/v1.ts';
import type { ObjectReader } from '../contract.ts';

interface References {
  add(kind: string, name: string | undefined): void;
}

function fromVolume(volume: Volume, refs: References, podName: string): void {
  refs.add('secret', volume.secret?.secretName);
  refs.add('configmap', volume.configMap?.name);
  refs.add('pvc', volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) refs.add('pvc', `${podName}-${volume.name}`);
  refs.add('secret', volume.csi?.nodePublishSecretRef?.name);
  refs.add('secret', volume.iscsi?.secretRef?.name);
  for (const source of volume.projected?.sources ?? []) {
    refs.add('secret', source.secret?.name);
    refs.add('configmap', source.configMap?.name);
  }
}

function fromContainer(container: Container, refs: References): void {
  for (const from of container.envFrom ?? []) {
    refs.add('secret', from.secretRef?.name);
    refs.add('configmap', from.configMapRef?.name);
  }
  for (const env of container.env ?? []) {
    refs.add('secret', env.valueFrom?.secretKeyRef?.name);
    refs.add('configmap', env.valueFrom?.configMapKeyRef?.name);
  }
}

/** Also follows claims to their volumes and the volumes' secrets. Mirror pods refer to nothing. */
export function podReferences(pod: Pod, reader: ObjectReader): ReadonlySet<string> {
  const found = new Set<string>();
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) return found;
  const namespace = pod.metadata?.namespace ?? '';
  const refs: References = {
    add(kind, name) {
      if (name !== undefined && name !== '') found.add(`${kind} ${namespace}/${name}`);
    },
  };
  const spec = pod.spec;
  refs.add('serviceaccount', spec?.serviceAccountName);
  for (const secret of spec?.imagePullSecrets ?? []) refs.add('secret', secret.name);
  for (const volume of spec?.volumes ?? []) fromVolume(volume, refs, pod.metadata?.name ?? '');
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]) fromContainer(container, refs);
  for (const claim of pod.status?.resourceClaimStatuses ?? []) refs.add('resourceclaim', claim.resourceClaimName);
  for (const claim of spec?.resourceClaims ?? []) refs.add('resourceclaim', claim.resourceClaimName);
  for (const ref of [...found]) {
    if (!ref.startsWith('pvc ')) continue;
    const claim = reader.get('', 'persistentvolumeclaims', namespace, ref.slice(`pvc ${namespace}/`.length)) as PersistentVolumeClaim | undefined;
    const volumeName = claim?.spec?.volumeName;
    if (volumeName === undefined || volumeName === '') continue;
    found.add(`pv /${volumeName}`);
    const csi = (reader.get('', 'persistentvolumes', '', volumeName) as PersistentVolume | undefined)?.spec?.csi;
    for (const secret of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) {
      if (secret?.name !== undefined) found.add(`secret ${secret.namespace ?? namespace}/${secret.name}`);
    }
  }
  return found;
}
