// Mirror pods stand for what a node runs by itself: they may not refer to anything in the API.
import type { Container, Pod, Volume } from '#api/core/v1.ts';

function fromContainer(container: Container, kind: 'secret' | 'configMap'): boolean {
  const isFrom = container.envFrom?.some((from) => (kind === 'secret' ? from.secretRef : from.configMapRef) !== undefined) === true;
  return isFrom || container.env?.some((env) => (kind === 'secret' ? env.valueFrom?.secretKeyRef : env.valueFrom?.configMapKeyRef) !== undefined) === true;
}

function volumeReference(volume: Volume): string | undefined {
  if (volume.configMap !== undefined) return 'configmaps (via configmap volumes)';
  if (volume.secret !== undefined) return 'secrets (via secret volumes)';
  if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs !== undefined) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims';
  if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)';
  if (volume.azureFile !== undefined) return 'secrets (via azureFile volumes)';
  for (const source of volume.projected?.sources ?? []) {
    if (source.configMap !== undefined) return 'configmaps (via projected volumes)';
    if (source.secret !== undefined) return 'secrets (via projected volumes)';
    if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)';
    if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles';
    if (source.podCertificate !== undefined) return 'podcertificates';
  }
  return undefined;
}

/** The kind of object that the pod refers to, as refusals name it; undefined: to none. */
export function apiReferenceOf({ spec }: Pod): string | undefined {
  if (spec === undefined) return undefined;
  if ((spec.serviceAccountName ?? '') !== '') return 'serviceaccounts';
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
  const hasSecret = (spec.imagePullSecrets ?? []).length > 0 || containers.some((c) => fromContainer(c, 'secret'))
    || (spec.volumes ?? []).some((v) => v.secret !== undefined || v.azureFile !== undefined || v.csi?.nodePublishSecretRef !== undefined || v.projected?.sources?.some((s) => s.secret !== undefined) === true);
  if (hasSecret) return 'secrets';
  const hasConfigMap = containers.some((c) => fromContainer(c, 'configMap')) || (spec.volumes ?? []).some((v) => v.configMap !== undefined || v.projected?.sources?.some((s) => s.configMap !== undefined) === true);
  if (hasConfigMap) return 'configmaps';
  if ((spec.resourceClaims ?? []).length > 0) return 'resourceclaims';
  for (const volume of spec.volumes ?? []) {
    const reference = volumeReference(volume);
    if (reference !== undefined) return reference;
  }
  return undefined;
}
