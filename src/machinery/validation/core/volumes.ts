// The volumes of a pod: names, exactly one kind each, and what each kind needs.
import type { ObjectMeta } from '#api/meta/v1.ts';
import type { CSIVolumeSource, EphemeralVolumeSource, Volume } from '#api/core/v1.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, isEnough, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { quantitySign } from '../../quantity.ts';
import { validateAnnotations, validateLabels } from '../meta/object-meta.ts';
import type { VolumeUse } from './container.ts';
import { checkDescendingPath, checkFileMode, checkLabel1123, checkRequired, checkRequiredEnum, quantity } from './fields.ts';
import { checkClaimSpec } from './persistent-volume-claim-spec.ts';
import { checkDownwardFile, checkObjectVolume, checkProjected } from './projected-volume.ts';
import {
  checkAllRequired, checkAzureDisk, checkCsiDriverName, checkFibreChannel, checkFlexVolume, checkFlocker, checkGlusterfs, checkHostPath,
  checkIscsi, checkNfs, checkPartitionedDisk, checkQuobyte, checkSecretRef, checkStorageOs, iscsiNameTooLong,
} from './volume-sources.ts';

type Kind = Exclude<keyof Volume, 'name'>;
type Check<K extends Kind> = (source: NonNullable<Volume[K]>, path: string) => FieldError[];

/** The path that upstream uses for a kind's errors, where it is not the field's name. */
const pathNames: Partial<Record<Kind, string>> = { gcePersistentDisk: 'persistentDisk' };
const secondPathNames: Partial<Record<Kind, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

const checks: { [K in Kind]: Check<K> } = {
  emptyDir: (source, path) =>
    source.sizeLimit !== undefined && source.sizeLimit !== null && quantitySign(quantity(source.sizeLimit)) < 0
      ? [forbiddenField(child(path, 'sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: checkHostPath,
  gitRepo: (source, path) => [...checkAllRequired(source, path, 'repository'), ...checkDescendingPath(source.directory ?? '', child(path, 'directory'))],
  gcePersistentDisk: (source, path) => checkPartitionedDisk(source, 'pdName', path),
  awsElasticBlockStore: (source, path) => checkPartitionedDisk(source, 'volumeID', path),
  secret: (source, path) => checkObjectVolume(source, source.secretName, 'secretName', path),
  nfs: checkNfs,
  iscsi: (source, path) => checkIscsi(source, path, false),
  glusterfs: checkGlusterfs,
  flocker: checkFlocker,
  persistentVolumeClaim: (source, path) => checkAllRequired(source, path, 'claimName'),
  rbd: (source, path) => checkAllRequired(source, path, 'monitors', 'image'),
  cinder: (source, path) => [...checkAllRequired(source, path, 'volumeID'), ...checkSecretRef(source.secretRef, path)],
  cephfs: (source, path) => checkAllRequired(source, path, 'monitors'),
  quobyte: checkQuobyte,
  downwardAPI: (source, path) => [
    ...checkFileMode(source.defaultMode, child(path, 'defaultMode')),
    ...(source.items ?? []).flatMap((file) => checkDownwardFile(file, path)),
  ],
  fc: checkFibreChannel,
  flexVolume: checkFlexVolume,
  configMap: (source, path) => checkObjectVolume(source, source.name, 'name', path),
  azureFile: (source, path) => checkAllRequired(source, path, 'secretName', 'shareName'),
  vsphereVolume: (source, path) => checkAllRequired(source, path, 'volumePath'),
  photonPersistentDisk: (source, path) => checkAllRequired(source, path, 'pdID'),
  portworxVolume: (source, path) => checkAllRequired(source, path, 'volumeID'),
  azureDisk: checkAzureDisk,
  storageos: (source, path) => checkStorageOs(source, path),
  projected: checkProjected,
  scaleIO: (source, path) => checkAllRequired(source, path, 'gateway', 'system', 'volumeName'),
  csi: checkInlineCsi,
  ephemeral: checkEphemeral,
  image: (source, path) => checkRequiredEnum(source.pullPolicy, ['Always', 'IfNotPresent', 'Never'], child(path, 'pullPolicy')),
};

const kinds = Object.keys(checks) as readonly Kind[];

function checkKind<K extends Kind>(kind: K, volume: Volume, path: string): FieldError[] {
  const source = volume[kind];
  const check: Check<K> = checks[kind];
  return source === undefined || source === null ? [] : check(source, path);
}

/** Checks all volumes and tells how the good ones may be used by containers. */
export function checkVolumes(volumes: readonly Volume[] | undefined, meta: ObjectMeta | undefined, path: string): { uses: Map<string, VolumeUse>; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const uses = new Map<string, VolumeUse>();
  const podName = meta?.name ?? '';
  const created = new Set<string>();
  for (const volume of volumes ?? []) if (podName !== '' && volume.ephemeral) created.add(`${podName}-${volume.name}`);
  for (const [i, volume] of (volumes ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    const name = volume.name ?? '';
    const found = checkSource(volume, at, podName);
    if (meta !== undefined && volume.image) found.push(...checkRequired(volume.image.reference, child(at, 'image', 'reference')));
    if (name === '') found.push(required(child(at, 'name'), ''));
    else found.push(...checkLabel1123(name, child(at, 'name')));
    if (uses.has(name)) found.push(duplicate(child(at, 'name'), name));
    if (found.length === 0) uses.set(name, volume.persistentVolumeClaim || volume.ephemeral ? 'claim' : 'filesystem');
    addAll(errors, found);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim)) {
      errors.push(invalidValue(child(at, 'persistentVolumeClaim', 'claimName'), claim, 'must not reference a PVC that gets created for an ephemeral volume'));
    }
  }
  return { uses, errors };
}

function checkSource(volume: Volume, path: string, podName: string): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const kind of kinds) {
    if (volume[kind] === undefined || volume[kind] === null) continue;
    if (count > 0) errors.push(forbiddenField(child(path, secondPathNames[kind] ?? kind), 'may not specify more than 1 volume type'));
    else addAll(errors, checkKind(kind, volume, child(path, pathNames[kind] ?? kind)));
    count++;
    if (kind === 'iscsi' && volume.iscsi?.initiatorName && `${volume.name}:${volume.iscsi.targetPortal}`.length > 64) {
      errors.push(invalidValue(child(path, 'name'), volume.name, iscsiNameTooLong));
    }
    if (kind === 'ephemeral' && podName !== '' && volume.name !== '') {
      const claim = `${podName}-${volume.name}`;
      for (const message of nameIsSubdomain(claim, false)) errors.push(invalidValue(child(path, 'name'), volume.name, `PVC name ${JSON.stringify(claim)}: ${message}`));
    }
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

function checkInlineCsi(source: CSIVolumeSource, path: string): FieldError[] {
  const errors = checkCsiDriverName(source.driver, child(path, 'driver'));
  const ref = source.nodePublishSecretRef;
  if (!ref) return errors;
  const name = ref.name ?? '';
  if (name === '') errors.push(required(child(path, 'nodePublishSecretRef', 'name'), ''));
  else for (const message of nameIsSubdomain(name, false)) errors.push(invalidValue(child(path, 'name'), name, message));
  return errors;
}

function checkEphemeral(source: EphemeralVolumeSource, path: string): FieldError[] {
  const template = source.volumeClaimTemplate;
  const at = child(path, 'volumeClaimTemplate');
  if (!template) return [required(at, '')];
  const metaPath = child(at, 'metadata');
  const errors = [
    ...validateAnnotations(template.metadata?.annotations, child(metaPath, 'annotations')),
    ...validateLabels(template.metadata?.labels, child(metaPath, 'labels')),
  ];
  for (const [field, value] of Object.entries(template.metadata ?? {})) {
    if (field === 'annotations' || field === 'labels' || value === null || value === undefined || value === '') continue;
    errors.push(forbiddenField(child(metaPath, field), 'cannot be set'));
  }
  return [...errors, ...checkClaimSpec(template.spec, child(at, 'spec'))];
}
