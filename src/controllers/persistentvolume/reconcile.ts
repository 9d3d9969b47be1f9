// What to do about a claim and about a volume. A claim is bound to a volume that fits, waits for its first consumer,
// or waits for an external provisioner; a bound one whose volume is gone is lost. A volume whose claim is gone is
// released and reclaimed by its policy. Pure. Upstream: pkg/controller/volume/persistentvolume.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1.ts';
import type { StorageClass } from '#api/storage/v1.ts';
import { parseTime } from '#base/clock.ts';
import { bindCompleted, boundByController, hasAnnotation, provisionedBy, selectedNode } from './binding.ts';
import { bestMatch, classOfClaim, isBoundTo, mismatch, modesDiffer, saysClass } from './matching.ts';

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export type ClaimStep =
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  | { readonly do: 'pending'; readonly told?: Told }
  | { readonly do: 'lost'; readonly told: Told }
  | { readonly do: 'class'; readonly name: string }
  /** An external provisioner is asked by annotation. */
  | { readonly do: 'provision'; readonly provisioner: string; readonly told: Told }
  | { readonly do: 'tell'; readonly told: Told }
  | { readonly do: 'fail'; readonly told: Told; readonly error: string };

export interface ClaimView {
  readonly volumes: readonly PersistentVolume[];
  readonly volume: (name: string) => PersistentVolume | undefined;
  readonly classes: readonly StorageClass[];
  /** Names of the claim's pods that have no node yet. */
  readonly waitingPods: readonly string[];
}

export function claimStep(claim: PersistentVolumeClaim, view: ClaimView): ClaimStep {
  return hasAnnotation(claim, bindCompleted) ? boundStep(claim, view) : unboundStep(claim, view);
}

const warn = (reason: string, message: string): Told => ({ type: 'Warning', reason, message });
const note = (reason: string, message: string): Told => ({ type: 'Normal', reason, message });

function boundStep(claim: PersistentVolumeClaim, { volume: find }: ClaimView): ClaimStep {
  const name = claim.spec?.volumeName ?? '';
  if (name === '') return { do: 'lost', told: warn('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!') };
  const volume = find(name);
  if (volume === undefined) return { do: 'lost', told: warn('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!') };
  const owner = volume.spec?.claimRef;
  if (owner === undefined || owner.uid === claim.metadata?.uid) return { do: 'bind', volume };
  return { do: 'lost', told: warn('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly') };
}

function unboundStep(claim: PersistentVolumeClaim, view: ClaimView): ClaimStep {
  const name = claim.spec?.volumeName ?? '';
  if (name === '') return searchStep(claim, view);
  const volume = view.volume(name);
  if (volume === undefined) return { do: 'pending' };
  if (volume.spec?.claimRef === undefined) {
    const why = mismatch(volume, claim);
    return why === undefined ? { do: 'bind', volume } : { do: 'pending', told: warn('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`) };
  }
  if (isBoundTo(volume, claim)) return { do: 'bind', volume };
  const told = warn('FailedBinding', `volume "${name}" already bound to a different claim.`);
  if (!hasAnnotation(claim, boundByController)) return { do: 'pending', told };
  const { namespace, name: owner } = volume.spec.claimRef;
  return { do: 'fail', told, error: `invalid binding of claim "${claim.metadata?.namespace}/${claim.metadata?.name}" to volume "${name}": volume already claimed by "${namespace}/${owner}"` };
}

/** The claim names no volume: find one, or have one made. */
function searchStep(claim: PersistentVolumeClaim, { volumes, classes, waitingPods }: ClaimView): ClaimStep {
  const storageClass = classes.find((each) => each.metadata?.name === classOfClaim(claim));
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = bestMatch(claim, volumes, delayed);
  if (volume !== undefined) return { do: 'bind', volume };
  const standard = saysClass(claim) ? undefined : defaultClass(classes);
  if (standard !== undefined) return { do: 'class', name: standard.metadata?.name ?? '' };
  if (delayed && !hasAnnotation(claim, selectedNode)) return { do: 'pending', told: waiting(waitingPods) };
  const className = classOfClaim(claim);
  if (className === '') return { do: 'pending', told: note('FailedBinding', 'no persistent volumes available for this claim and no storage class is set') };
  if (storageClass === undefined) return { do: 'tell', told: warn('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`) };
  const provisioner = migrated.get(storageClass.provisioner) ?? storageClass.provisioner;
  if (provisioner.startsWith('kubernetes.io/')) return { do: 'tell', told: warn('ProvisioningFailed', `no volume plugin matched name: ${provisioner}`) };
  return {
    do: 'provision',
    provisioner,
    told: note('ExternalProvisioning', `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`),
  };
}

/** Provisioners that were part of Kubernetes once, by the CSI drivers that took their place. */
const migrated: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
]);

function waiting(pods: readonly string[]): Told {
  if (pods.length === 0) return note('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return note('WaitForPodScheduled', `waiting for ${pods.length > 1 ? 'pods' : 'pod'} ${pods.join(',')} to be scheduled`);
}

/** The class for claims that say none: of several the newest. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const isDefault = ({ metadata }: StorageClass): boolean => metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' || metadata?.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';
  const created = (each: StorageClass): number => parseTime(each.metadata?.creationTimestamp) || 0;
  return classes.filter(isDefault).sort((a, b) => created(b) - created(a) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))[0];
}

export type VolumeStep =
  | { readonly do: 'phase'; readonly phase: 'Available' | 'Bound' }
  /** Released first, unless that was before. */
  | { readonly do: 'reclaim' }
  | { readonly do: 'unbind' }
  /** The claim is to take the volume up. */
  | { readonly do: 'wake claim' }
  | { readonly do: 'tell'; readonly aboutVolume: Told; readonly aboutClaim: Told };

/** `claim` is the one that the volume names by uid; undefined when that is gone. */
export function volumeStep(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumeStep {
  // Nobody has taken it yet, though it may be meant for somebody.
  if ((volume.spec?.claimRef?.uid ?? '') === '') return { do: 'phase', phase: 'Available' };
  if (claim === undefined) return { do: 'reclaim' };
  const bound = claim.spec?.volumeName ?? '';
  if (bound === volume.metadata?.name) return { do: 'phase', phase: 'Bound' };
  if (bound !== '') return hasAnnotation(volume, provisionedBy) && volume.spec?.persistentVolumeReclaimPolicy === 'Delete' ? { do: 'reclaim' } : { do: 'unbind' };
  if (!modesDiffer(volume, claim)) return { do: 'wake claim' };
  return {
    do: 'tell',
    aboutVolume: warn('VolumeMismatch', `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata?.name}" due to incompatible volumeMode.`),
    aboutClaim: warn('VolumeMismatch', `Cannot bind PersistentVolume "${volume.metadata?.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`),
  };
}

/** What becomes of a released volume: kept, left to its external driver, or failed because nobody here can do it. */
export function reclaimFailure(volume: PersistentVolume): Told | undefined {
  if (hasAnnotation(volume, 'pv.kubernetes.io/migrated-to')) return undefined;
  switch (volume.spec?.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return undefined;
    case 'Recycle':
      return warn('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    case 'Delete': {
      const by = volume.metadata?.annotations?.[provisionedBy] ?? '';
      if (by !== '') return by.startsWith('kubernetes.io/') ? warn('VolumeFailedDelete', `no volume plugin matched name: ${by}`) : undefined;
      if (volume.spec.csi !== undefined) return undefined;
      return warn('VolumeFailedDelete', `error getting deleter volume plugin for volume "${volume.metadata?.name}": no deletable volume plugin matched`);
    }
    default:
      return warn('VolumeUnknownReclaimPolicy', 'Volume has unrecognized PersistentVolumeReclaimPolicy');
  }
}
