// PersistentVolumes and PersistentVolumeClaims: what they must say and what stays once they are made.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, invalidValue, isEnough, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { labelKeyErrors } from '../../label-syntax.ts';
import { nameIsSubdomain } from '../../names.ts';
import { cloneJson, setKey } from '../../patch/json-tree.ts';
import { compareQuantity, formatQuantity, quantitySign } from '../../quantity.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, sameValue } from '../meta/object-meta.ts';
import { checkMeta, kind, standard } from '../validator.ts';
import { checkNodeSelector } from './affinity.ts';
import { checkEnum, checkLabel1123, checkNoBacksteps, checkObjectName, checkRequired, checkSubdomain, quantity } from './fields.ts';
import { checkAccessModes, checkClaimSpec } from './persistent-volume-claim-spec.ts';
import { checkBasicResource, checkResourceAmount, isNativeResource } from './resources.ts';
import { structDiff } from './unified-diff.ts';
import {
  checkAllRequired, checkAzureDisk, checkCsiDriverName, checkFibreChannel, checkFlexVolume, checkFlocker, checkGlusterfs, checkHostPath,
  checkIscsi, checkNfs, checkPartitionedDisk, checkQuobyte, checkSecretRef, checkStorageOs, iscsiNameTooLong,
} from './volume-sources.ts';

type Source = Readonly<Record<string, unknown>>;
type Spec = PersistentVolumeSpec;

/** The kinds of volume in upstream's order. */
const sources: readonly (readonly [keyof Spec & string, (spec: Spec, path: string, pvName: string) => FieldError[]])[] = [
  ['hostPath', (spec, path) => (spec.hostPath ? checkHostPath(spec.hostPath, path) : [])],
  ['gcePersistentDisk', (spec, path) => (spec.gcePersistentDisk ? checkPartitionedDisk(spec.gcePersistentDisk, 'pdName', path) : [])],
  ['awsElasticBlockStore', (spec, path) => (spec.awsElasticBlockStore ? checkPartitionedDisk(spec.awsElasticBlockStore, 'volumeID', path) : [])],
  ['glusterfs', (spec, path) => (spec.glusterfs ? checkGlusterfs(spec.glusterfs, path) : [])],
  ['flocker', (spec, path) => (spec.flocker ? checkFlocker(spec.flocker, path) : [])],
  ['nfs', (spec, path) => (spec.nfs ? checkNfs(spec.nfs, path) : [])],
  ['rbd', (spec, path) => (spec.rbd ? checkAllRequired(spec.rbd, path, 'monitors', 'image') : [])],
  ['quobyte', (spec, path) => (spec.quobyte ? checkQuobyte(spec.quobyte, path) : [])],
  ['cephfs', (spec, path) => (spec.cephfs ? checkAllRequired(spec.cephfs, path, 'monitors') : [])],
  ['iscsi', checkIscsiVolume],
  ['cinder', (spec, path) => (spec.cinder ? [...checkAllRequired(spec.cinder, path, 'volumeID'), ...checkSecretRef(spec.cinder.secretRef, path, true)] : [])],
  ['fc', (spec, path) => (spec.fc ? checkFibreChannel(spec.fc, path) : [])],
  ['flexVolume', (spec, path) => (spec.flexVolume ? checkFlexVolume(spec.flexVolume, path) : [])],
  ['azureFile', (spec, path) => (spec.azureFile ? [...checkAllRequired(spec.azureFile, path, 'secretName', 'shareName'), ...(spec.azureFile.secretNamespace === '' ? [required(child(path, 'secretNamespace'), '')] : [])] : [])],
  ['vsphereVolume', (spec, path) => (spec.vsphereVolume ? checkAllRequired(spec.vsphereVolume, path, 'volumePath') : [])],
  ['photonPersistentDisk', (spec, path) => (spec.photonPersistentDisk ? checkAllRequired(spec.photonPersistentDisk, path, 'pdID') : [])],
  ['portworxVolume', (spec, path) => (spec.portworxVolume ? checkAllRequired(spec.portworxVolume, path, 'volumeID') : [])],
  ['azureDisk', (spec, path) => (spec.azureDisk ? checkAzureDisk(spec.azureDisk, path) : [])],
  ['scaleIO', (spec, path) => (spec.scaleIO ? checkAllRequired(spec.scaleIO, path, 'gateway', 'system', 'volumeName') : [])],
  ['local', checkLocal],
  ['storageos', (spec, path) => (spec.storageos ? checkStorageOs(spec.storageos, path, true) : [])],
  ['csi', checkCsi],
];

function checkIscsiVolume(spec: Spec, path: string, pvName: string): FieldError[] {
  if (!spec.iscsi) return [];
  const errors = checkIscsi(spec.iscsi, path, true);
  if (spec.iscsi.initiatorName && `${pvName}:${spec.iscsi.targetPortal}`.length > 64) {
    errors.push(invalidValue(child(path, 'targetportal'), spec.iscsi.targetPortal, iscsiNameTooLong));
  }
  return errors;
}

function checkLocal(spec: Spec, path: string): FieldError[] {
  const local = spec.local?.path ?? '';
  const errors = local === '' ? [required(child(path, 'path'), '')] : checkNoBacksteps(local, child(path, 'path'));
  if (!spec.nodeAffinity) errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  return errors;
}

function checkCsi(spec: Spec, path: string): FieldError[] {
  const csi = spec.csi;
  const errors = [...checkCsiDriverName(csi?.driver, child(path, 'driver')), ...checkRequired(csi?.volumeHandle, child(path, 'volumeHandle'))];
  for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const) {
    const ref = csi?.[field];
    if (!ref) continue;
    const [namePath, namespacePath] = [child(path, field, 'name'), child(path, field, 'namespace')];
    addAll(errors, (ref.name ? checkSubdomain(ref.name, namePath) : [required(namePath, '')]));
    addAll(errors, (ref.namespace ? checkLabel1123(ref.namespace, namespacePath) : [required(namespacePath, '')]));
  }
  return errors;
}

const pathNames: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };

/** Go prints maps by key. */
function sortedAmounts(amounts: Readonly<Record<string, string>> | undefined): unknown {
  if (amounts === undefined) return null;
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(amounts).sort()) setKey(sorted, name, amounts[name]);
  return sorted;
}

function checkCapacity(spec: Spec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = child(path, 'capacity');
  const capacity = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required(at, ''));
  if (!names.includes('storage') || names.length > 1) errors.push(notSupported(at, sortedAmounts(spec.capacity), ['storage']));
  const good = new Set<string | undefined>();
  for (const name of names) {
    if (isEnough(errors)) break;
    const text = capacity[name];
    if (good.has(text)) continue;
    const amount = quantity(text);
    addAll(errors, checkBasicResource(amount, key(at, name)));
    if (quantitySign(amount) > 0) good.add(text);
    else errors.push(invalidValue(key(at, name), formatQuantity(amount), 'must be greater than zero'));
  }
  return errors;
}

function checkSources(spec: Spec, pvName: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values: Source = { ...spec };
  let count = 0;
  for (const [name, check] of sources) {
    if (values[name] === undefined || values[name] === null) continue;
    // Upstream counts a flexVolume, but never refuses it for being the second.
    if (count > 0 && name !== 'flexVolume') errors.push(forbiddenField(child(path, name === 'cephfs' ? 'cephFS' : name), 'may not specify more than 1 volume type'));
    else addAll(errors, check(spec, child(path, pathNames[name] ?? name), pvName));
    count++;
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

const inlineText = 'may not be specified in the context of inline volumes';

/** The fields that say something else for the volume inside a VolumeAttachment than for one of its own. */
function checkPlace(spec: Spec, path: string, inline: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!inline) addAll(errors, checkCapacity(spec, path));
  const policy = spec.persistentVolumeReclaimPolicy;
  const policyPath = child(path, 'persistentVolumeReclaimPolicy');
  if (policy) {
    if (!inline) addAll(errors, checkEnum(policy, ['Delete', 'Recycle', 'Retain'], policyPath));
    else if (policy !== 'Retain') errors.push(forbiddenField(policyPath, 'may only be Retain in the context of inline volumes'));
  }
  if (spec.nodeAffinity) {
    const at = child(path, 'nodeAffinity');
    if (inline) errors.push(forbiddenField(at, inlineText));
    else if (spec.nodeAffinity.required) addAll(errors, checkNodeSelector(spec.nodeAffinity.required, child(at, 'required')));
    else errors.push(required(child(at, 'required'), 'must specify required node constraints'));
  }
  return errors;
}

/** The specification of a volume; `inline` for the one inside a VolumeAttachment. */
export function checkPersistentVolumeSpec(spec: Spec, pvName: string, path: string, inline: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (inline) {
    if (spec.claimRef) errors.push(forbiddenField(child(path, 'claimRef'), inlineText));
    if (Object.keys(spec.capacity ?? {}).length > 0) errors.push(forbiddenField(child(path, 'capacity'), inlineText));
    if (!spec.csi) errors.push(required(child(path, 'csi'), 'has to be specified in the context of inline volumes'));
  }
  if ((spec.accessModes ?? []).length === 0) errors.push(required(child(path, 'accessModes'), ''));
  addAll(errors, checkAccessModes(spec.accessModes, child(path, 'accessModes')));
  addAll(errors, checkPlace(spec, path, inline));
  addAll(errors, checkSources(spec, pvName, path));
  if (spec.hostPath && /^\/+$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(forbiddenField(child(path, 'persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"));
  }
  const classPath = child(path, 'storageClassName');
  if (spec.storageClassName) addAll(errors, inline ? [forbiddenField(classPath, inlineText)] : checkObjectName(spec.storageClassName, classPath));
  const modePath = child(path, 'volumeMode');
  if (inline && spec.volumeMode && spec.volumeMode !== 'Filesystem') {
    errors.push(forbiddenField(modePath, 'may not specify volumeMode other than Filesystem in the context of inline volumes'));
  } else if (!inline && spec.volumeMode) {
    addAll(errors, checkEnum(spec.volumeMode, ['Block', 'Filesystem'], modePath));
  }
  return [...errors, ...checkAttributesClass(spec, path)];
}

function checkAttributesClass(spec: Spec, path: string): FieldError[] {
  const name = spec.volumeAttributesClassName ?? undefined;
  if (name === undefined) return [];
  const at = child(path, 'volumeAttributesClassName');
  const errors = name === '' ? [required(at, 'an empty string is disallowed')] : checkObjectName(name, at);
  if (!spec.csi) errors.push(required(child(path, 'csi'), 'has to be specified when using volumeAttributesClassName'));
  return errors;
}

function checkVolumeSpec(spec: Spec | undefined, pvName: string): FieldError[] {
  return checkPersistentVolumeSpec(spec ?? {}, pvName, 'spec', false);
}

function sourceOf(spec: Spec | undefined): Source {
  const values: Source = { ...spec };
  return Object.fromEntries(sources.map(([name]) => [name, values[name]]).filter(([, value]) => value !== undefined));
}

function checkVolumeUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors = [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkVolumeSpec(object.spec, object.metadata?.name ?? '')];
  const before = old.spec;
  const after = object.spec === undefined ? undefined : { ...object.spec };
  if (before?.csi && !before.csi.controllerExpandSecretRef && after?.csi) {
    after.csi = { ...after.csi };
    delete after.csi.controllerExpandSecretRef;
  }
  if (!sameValue(sourceOf(after), sourceOf(before))) {
    const text = structDiff('core.v1.PersistentVolumeSource', sourceOf(before), sourceOf(after));
    errors.push(forbiddenField('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${text}`));
  }
  addAll(errors, immutable(object.spec?.volumeMode ?? null, before?.volumeMode ?? null, 'volumeMode'));
  if (before?.nodeAffinity && !sameValue(object.spec?.nodeAffinity, before.nodeAffinity)) {
    errors.push(invalidValue('nodeAffinity', goStruct('core.v1.VolumeNodeAffinity', object.spec?.nodeAffinity), 'field is immutable, except for updating from beta label to GA'));
  }
  if (before?.volumeAttributesClassName && !object.spec?.volumeAttributesClassName) {
    errors.push(forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  }
  return errors;
}

export const persistentVolume = kind<PersistentVolume>({
  create: (object) => [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkVolumeSpec(object.spec, object.metadata?.name ?? '')],
  update: checkVolumeUpdate,
});

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

function checkClaimUpdate(object: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [spec, before] = [cloneJson(object.spec ?? {}), cloneJson(old.spec ?? {})];
  const errors = [...checkMeta(object.metadata, true, nameIsSubdomain), ...checkClaimSpec(object.spec, 'spec', old.spec)];
  if (!before.volumeName) before.volumeName = spec.volumeName;
  const [annotation, oldAnnotation] = [object.metadata?.annotations?.[classAnnotation], old.metadata?.annotations?.[classAnnotation]];
  const upgradesAnnotation = oldAnnotation !== undefined && !before.storageClassName && spec.storageClassName === oldAnnotation;
  if (upgradesAnnotation && (annotation === undefined || annotation === oldAnnotation)) {
    delete spec.storageClassName;
  } else {
    addAll(errors, immutable(annotation ?? '', oldAnnotation ?? '', `metadata.annotations.${classAnnotation}`));
    const setsClass = spec.storageClassName !== undefined && before.storageClassName === undefined;
    if (setsClass && (oldAnnotation === undefined || spec.storageClassName === oldAnnotation)) delete spec.storageClassName;
  }
  if (object.status?.phase === 'Bound') {
    const size = before.resources?.requests?.['storage'];
    if (spec.resources?.requests && size !== undefined) spec.resources.requests['storage'] = size;
    spec.volumeAttributesClassName = before.volumeAttributesClassName;
  }
  if (!sameValue(spec, before)) {
    const detail = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(forbiddenField('spec', `${detail}\n${structDiff('core.v1.PersistentVolumeClaimSpec', before, spec)}`));
  }
  const newSize = quantity(object.spec?.resources?.requests?.['storage']);
  const smaller = compareQuantity(newSize, quantity(old.spec?.resources?.requests?.['storage'])) < 0;
  if (smaller && compareQuantity(newSize, quantity(old.status?.capacity?.['storage'])) <= 0) {
    errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  addAll(errors, immutable(object.spec?.volumeMode ?? null, old.spec?.volumeMode ?? null, 'volumeMode'));
  const attributes = object.spec?.volumeAttributesClassName ?? undefined;
  if (old.status?.currentVolumeAttributesClassName && attributes !== (old.spec?.volumeAttributesClassName ?? undefined) && !attributes) {
    const to = attributes === undefined ? 'nil' : 'empty string';
    errors.push(forbiddenField('spec.volumeAttributesClassName', `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`));
  }
  return errors;
}

const resizeStates = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'].sort();

/** "storage", or a resource of somebody's own. */
function checkClaimResource(name: string, path: string): FieldError[] {
  const errors = labelKeyErrors(name).map((message) => invalidValue(path, name, message));
  if (errors.length > 0) return errors;
  return isNativeResource(name) && name !== 'storage' ? [notSupported(path, name, ['storage'])] : [];
}

function checkResizeStatuses(statuses: Readonly<Record<string, string>>): FieldError[] {
  const path = 'status.allocatedResourceStatuses';
  return Object.entries(statuses).flatMap(([name, state]) => [
    ...checkClaimResource(name, path),
    ...(resizeStates.includes(state) ? [] : [notSupported(path, name, resizeStates)]),
  ]);
}

function checkAllocated(amounts: Readonly<Record<string, string>>): FieldError[] {
  const path = 'status.allocatedResources';
  return Object.entries(amounts).flatMap(([name, text]) => {
    const bad = checkClaimResource(name, path);
    if (bad.length > 0) return bad;
    const negative = checkBasicResource(quantity(text), key(path, name));
    return negative.length > 0 ? negative : checkResourceAmount('storage', quantity(text), key(path, name));
  });
}

export const persistentVolumeClaim = standard<PersistentVolumeClaim>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkClaimSpec(object.spec, 'spec'),
  update: checkClaimUpdate,
  status: (object) => {
    const errors: FieldError[] = [];
    if ((object.spec?.accessModes ?? []).length === 0) errors.push(required('Spec.accessModes', ''));
    for (const [name, amount] of Object.entries(object.status?.capacity ?? {})) addAll(errors, checkBasicResource(quantity(amount), key('status.capacity', name)));
    errors.push(...checkResizeStatuses(object.status?.allocatedResourceStatuses ?? {}), ...checkAllocated(object.status?.allocatedResources ?? {}));
    return errors;
  },
});

