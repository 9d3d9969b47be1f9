// VolumeAttachments and VolumeAttributesClasses.
import type { VolumeAttachment, VolumeAttributesClass, VolumeError } from '#api/storage/v1.ts';
import { addAll, child, forbiddenField, invalidValue, required, tooLong, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain, rangeError } from '../../names.ts';
import { checkPersistentVolumeSpec } from '../core/persistent-volume.ts';
import { checkCsiDriverName } from '../core/volume-sources.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, sameValue } from '../meta/object-meta.ts';
import { checkMeta, kind, standard } from '../validator.ts';
import { checkParameters, checkProvisioner } from './parameters.ts';

const metadataBytes = 256 * 1024;
const messageBytes = 1024;

function checkSource(source: VolumeAttachment['spec']['source'] | undefined): FieldError[] {
  const path = 'spec.source';
  const inline = source?.inlineVolumeSpec ?? undefined;
  const name = source?.persistentVolumeName ?? undefined;
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inline === undefined && name === undefined) return [required(path, detail)];
  if (inline !== undefined && name !== undefined) return [forbiddenField(path, detail)];
  if (inline !== undefined) return checkPersistentVolumeSpec(inline, '', child(path, 'inlineVolumeSpec'), true);
  return name === '' ? [required(child(path, 'persistentVolumeName'), 'must specify non empty persistentVolumeName')] : [];
}

function checkVolumeError(error: VolumeError | undefined, path: string): FieldError[] {
  if (!error) return [];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(error.message ?? '') > messageBytes) errors.push(tooLong(child(path, 'message'), '', metadataBytes));
  const code = error.errorCode;
  if (typeof code === 'number' && code < 0) errors.push(invalidValue(child(path, 'errorCode'), code, rangeError(0, 2147483647)));
  return errors;
}

function checkAttachment(object: VolumeAttachment): FieldError[] {
  const errors = [
    ...checkMeta(object.metadata, false, nameIsSubdomain),
    ...checkCsiDriverName(object.spec?.attacher, 'spec.attacher'),
    ...checkSource(object.spec?.source),
  ];
  const node = object.spec?.nodeName ?? '';
  for (const message of nameIsSubdomain(node, false)) errors.push(invalidValue('spec.nodeName', node, message));
  let bytes = 0;
  for (const [key, value] of Object.entries(object.status?.attachmentMetadata ?? {})) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > metadataBytes) errors.push(tooLong('status.attachmentMetadata', '', metadataBytes));
  addAll(errors, checkVolumeError(object.status?.attachError, 'status.attachError'));
  addAll(errors, checkVolumeError(object.status?.detachError, 'status.detachError'));
  const volume = object.spec?.source?.persistentVolumeName ?? undefined;
  if (volume !== undefined) for (const message of nameIsSubdomain(volume, false)) errors.push(invalidValue('spec.source.persistentVolumeName', volume, message));
  return errors;
}

function checkAttachmentUpdate(object: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  return [...checkAttachment(object), ...immutable(object.spec, old.spec, 'spec', () => goStruct('storage.v1.VolumeAttachmentSpec', object.spec))];
}

export const volumeAttachment = kind<VolumeAttachment>({
  create: checkAttachment,
  update: checkAttachmentUpdate,
  subresources: { status: checkAttachmentUpdate },
});

function checkAttributesClass(object: VolumeAttributesClass): FieldError[] {
  return [...checkProvisioner(object.driverName ?? '', 'driverName'), ...checkParameters(object.parameters ?? {}, false)];
}

export const volumeAttributesClass = standard<VolumeAttributesClass>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkAttributesClass,
  update: (object, old) => [
    ...((object.driverName ?? '') === (old.driverName ?? '') ? [] : [forbiddenField('driverName', 'updates to driverName are forbidden.')]),
    ...(sameValue(object.parameters, old.parameters) ? [] : [forbiddenField('parameters', 'updates to parameters are forbidden.')]),
    ...checkMeta(object.metadata, false, nameIsSubdomain),
    ...checkAttributesClass(object),
  ],
});
