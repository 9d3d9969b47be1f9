// For which audiences a kubelet may ask for a pod's service account token: those that the pod's projected volumes name,
// those that the CSI drivers of its volumes ask for, and those that an authorizer grants. A volume of an in-tree type
// counts as its migrated CSI driver's. Upstream: feature ServiceAccountNodeAudienceRestriction, KEP-4412.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '#api/core/v1.ts';
import { notFound } from '#machinery';
import type { AdmissionRequest, Authorizer, ObjectReader } from '../contract.ts';
import { refused } from './refused.ts';

const quote = JSON.stringify;

/** Field of a volume source → the driver that took it over. */
const migrated: readonly (readonly [string, string])[] = [
  ['awsElasticBlockStore', 'ebs.csi.aws.com'], ['gcePersistentDisk', 'pd.csi.storage.gke.io'], ['cinder', 'cinder.csi.openstack.org'], ['azureDisk', 'disk.csi.azure.com'],
  ['azureFile', 'file.csi.azure.com'], ['vsphereVolume', 'csi.vsphere.vmware.com'], ['portworxVolume', 'pxd.portworx.com'],
];

function migratedDriver(source: object): string | undefined {
  return migrated.find(([field]) => Object.hasOwn(source, field))?.[1];
}

type Get = (group: string, resource: string, singular: string, namespace: string, name: string) => object;

function driverOf(pod: Pod, volume: Volume, get: Get): string | undefined {
  const namespace = pod.metadata?.namespace ?? '';
  const claimName = volume.ephemeral?.volumeClaimTemplate === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata?.name ?? ''}-${volume.name}`;
  if (claimName === undefined) return volume.csi === undefined ? migratedDriver(volume) : volume.csi.driver;
  const claim = get('', 'persistentvolumeclaims', 'persistentvolumeclaim', namespace, claimName) as PersistentVolumeClaim;
  const { spec = {} } = get('', 'persistentvolumes', 'persistentvolume', '', claim.spec?.volumeName ?? '') as PersistentVolume;
  return spec.csi === undefined ? migratedDriver(spec) : spec.csi.driver;
}

/** True when a volume of the pod asks for it; else false, or what could not be looked up. */
function isNamed(pod: Pod, audience: string, reader: ObjectReader): boolean | string {
  const missing: string[] = [];
  const get: Get = (group, resource, singular, namespace, name) => {
    const found = reader.get(group, resource, namespace, name);
    if (found === undefined) throw notFound({ group, resource: singular }, name);
    return found;
  };
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined && (source.serviceAccountToken.audience ?? '') === audience) === true) return true;
    try {
      const name = driverOf(pod, volume, get) ?? '';
      if (name === '') continue;
      const driver = get('storage.k8s.io', 'csidrivers', 'csidriver', '', name) as { readonly spec?: { readonly tokenRequests?: readonly { readonly audience?: string }[] } };
      if (driver.spec?.tokenRequests?.some((wanted) => (wanted.audience ?? '') === audience) === true) return true;
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
    }
  }
  const told = [...new Set(missing)];
  return told.length === 0 ? false : told.length === 1 ? (told[0] ?? '') : `[${told.join(', ')}]`;
}

/** Throws a refusal when the node may not have a token for what it asks. */
export async function checkTokenAudience(request: AdmissionRequest, pod: Pod, audiences: readonly string[], reader: ObjectReader, authorizer: Authorizer): Promise<void> {
  if (audiences.length > 1) throw refused(request, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  const named = isNamed(pod, audience, reader);
  if (typeof named === 'string') throw refused(request, `error validating audience ${quote(audience)}: ${named}`);
  if (named) return;
  const { decision, error } = await authorizer.authorize({
    user: request.user, verb: 'request-serviceaccounts-token-audience', namespace: request.namespace, apiGroup: '', apiVersion: 'v1', resource: audience, subresource: '', name: request.name, path: '',
    isResourceRequest: true,
  });
  if (decision === 'allow') return;
  const user = request.user.name;
  throw refused(request, `audience ${quote(audience)} not found in pod spec volume, ${error === undefined ? `${user} is not authorized to request tokens for this audience` : `error authorizing ${user} to request tokens for this audience: ${error}`}`);
}
