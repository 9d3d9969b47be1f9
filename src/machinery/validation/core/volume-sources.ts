// The kinds of volume that pods and persistent volumes share, one check each (pkg/apis/core/validation).
import type * as Core from '#api/core/v1.ts';
import { addAll, child, invalidValue, key, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, nameIsLabel, rangeError } from '../../names.ts';
import { checkLabel1123, checkNoBacksteps, checkRequired } from './fields.ts';

/** The named fields must not be empty, in this order. */
export function checkAllRequired(source: object, path: string, ...names: string[]): FieldError[] {
  const values = source as Readonly<Record<string, unknown>>;
  return names.flatMap((name) => {
    const value = values[name];
    const empty = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
    return empty ? [required(child(path, name), '')] : [];
  });
}

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

export function checkHostPath(source: Core.HostPathVolumeSource, path: string): FieldError[] {
  if ((source.path ?? '') === '') return [required(child(path, 'path'), '')];
  const errors = checkNoBacksteps(source.path, child(path, 'path'));
  const type = source.type ?? '';
  if (!hostPathTypes.includes(type)) errors.push(notSupported(child(path, 'type'), type, hostPathTypes));
  return errors;
}

/** A disk with an optional partition (GCE, AWS). */
export function checkPartitionedDisk(source: { readonly partition?: number }, idField: string, path: string): FieldError[] {
  const errors = checkAllRequired(source, path, idField);
  const partition = source.partition ?? 0;
  if (partition < 0 || partition > 255) errors.push(invalidValue(child(path, 'partition'), partition, rangeError(1, 255)));
  return errors;
}

export function checkNfs(source: Core.NFSVolumeSource, path: string): FieldError[] {
  const errors = checkAllRequired(source, path, 'server', 'path');
  if (!(source.path ?? '').startsWith('/')) errors.push(invalidValue(child(path, 'path'), source.path ?? '', 'must be an absolute path'));
  return errors;
}

const iqn = /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$/;
const eui = /^eui.[a-zA-Z0-9]{16}$/;
const naa = /^naa.[a-zA-Z0-9]{32}$/;

function initiatorError(name: string, unknownDetail: string): string | undefined {
  const patterns: readonly (readonly [string, RegExp])[] = [['iqn', iqn], ['eui', eui], ['naa', naa]];
  const known = patterns.find(([prefix]) => name.startsWith(prefix));
  if (known === undefined) return unknownDetail;
  return name.length <= 1000 && known[1].test(name) ? undefined : 'must be valid format';
}

/** `persistent` for PersistentVolumes, whose wording differs in places. */
export function checkIscsi(source: Core.ISCSIVolumeSource, path: string, persistent: boolean): FieldError[] {
  const errors = checkAllRequired(source, path, 'targetPortal', 'iqn');
  const unknownDetail = persistent ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa';
  if (source.iqn) {
    const detail = initiatorError(source.iqn, unknownDetail);
    if (detail !== undefined) errors.push(invalidValue(child(path, 'iqn'), source.iqn, detail));
  }
  const lun = source.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalidValue(child(path, 'lun'), lun, rangeError(0, 255)));
  if ((source.chapAuthDiscovery === true || source.chapAuthSession === true) && !source.secretRef) errors.push(required(child(path, 'secretRef'), ''));
  if (persistent && source.secretRef) addAll(errors, checkRequired(source.secretRef.name, child(path, 'secretRef', 'name')));
  const initiator = source.initiatorName ?? undefined;
  if (initiator !== undefined) {
    const detail = initiatorError(initiator, unknownDetail);
    if (detail !== undefined) errors.push(invalidValue(child(path, 'initiatorname'), initiator, detail));
  }
  return errors;
}

export const iscsiNameTooLong = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

export function checkFibreChannel(source: Core.FCVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = source.targetWWNs ?? [];
  const ids = source.wwids ?? [];
  if (names.length === 0 && ids.length === 0) errors.push(required(child(path, 'targetWWNs'), 'must specify either targetWWNs or wwids, but not both'));
  if (names.length > 0 && ids.length > 0) errors.push(invalidValue(child(path, 'targetWWNs'), names, 'targetWWNs and wwids can not be specified simultaneously'));
  if (names.length === 0) return errors;
  const lun = source.lun ?? undefined;
  if (lun === undefined) errors.push(required(child(path, 'lun'), 'lun is required if targetWWNs is specified'));
  else if (lun < 0 || lun > 255) errors.push(invalidValue(child(path, 'lun'), lun, rangeError(0, 255)));
  return errors;
}

export function checkQuobyte(source: Core.QuobyteVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if ((source.registry ?? '') === '') {
    errors.push(required(child(path, 'registry'), pairs));
  } else if ((source.tenant ?? '').length >= 65) {
    errors.push(required(child(path, 'tenant'), 'must be a UUID and may not exceed a length of 64 characters'));
  } else {
    for (const pair of source.registry.split(',')) {
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)) errors.push(invalidValue(child(path, 'registry'), source.registry, pairs));
    }
  }
  return [...errors, ...checkAllRequired(source, path, 'volume')];
}

export function checkGlusterfs(source: Core.GlusterfsVolumeSource & { readonly endpointsNamespace?: string }, path: string): FieldError[] {
  const errors = checkAllRequired(source, path, 'endpoints', 'path');
  const namespace = source.endpointsNamespace ?? undefined;
  const at = child(path, 'endpointsNamespace');
  if (namespace === '') errors.push(invalidValue(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name'));
  else if (namespace !== undefined) for (const message of nameIsLabel(namespace, false)) errors.push(invalidValue(at, namespace, message));
  return errors;
}

export function checkFlocker(source: Core.FlockerVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = source.datasetName ?? '';
  const id = source.datasetUUID ?? '';
  if (name === '' && id === '') errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (name !== '' && id !== '') errors.push(invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (name.includes('/')) errors.push(invalidValue(child(path, 'datasetName'), name, "must not contain '/'"));
  return errors;
}

/** An optional reference to a secret; `withNamespace` for persistent volumes. */
export function checkSecretRef(ref: { readonly name?: string; readonly namespace?: string } | undefined, path: string, withNamespace = false): FieldError[] {
  if (!ref) return [];
  const errors = checkRequired(ref.name, child(path, 'secretRef', 'name'));
  if (withNamespace) addAll(errors, checkRequired(ref.namespace, child(path, 'secretRef', 'namespace')));
  return errors;
}

export function checkFlexVolume(source: { readonly driver: string; readonly options?: Readonly<Record<string, string>> }, path: string): FieldError[] {
  const errors = checkRequired(source.driver, child(path, 'driver'));
  for (const option of Object.keys(source.options ?? {})) {
    const namespace = `.${(option.includes('/') ? (option.split('/')[0] ?? '') : option).toLowerCase()}`;
    if (!namespace.endsWith('.kubernetes.io') && !namespace.endsWith('.k8s.io')) continue;
    errors.push(invalidValue(key(child(path, 'options'), option), option, 'kubernetes.io and k8s.io namespaces are reserved'));
  }
  return errors;
}

export function checkAzureDisk(source: Core.AzureDiskVolumeSource, path: string): FieldError[] {
  const errors = checkAllRequired(source, path, 'diskName', 'diskURI');
  const caching = ['None', 'ReadOnly', 'ReadWrite'];
  const kinds = ['Dedicated', 'Managed', 'Shared'];
  if (source.cachingMode && !caching.includes(source.cachingMode)) errors.push(notSupported(child(path, 'cachingMode'), source.cachingMode, caching));
  if (source.kind && !kinds.includes(source.kind)) errors.push(notSupported(child(path, 'kind'), source.kind, kinds));
  const uri = source.diskURI ?? '';
  if (source.kind === 'Managed' && !uri.startsWith('/subscriptions/')) {
    errors.push(notSupported(child(path, 'diskURI'), uri, ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}']));
  }
  if (source.kind && source.kind !== 'Managed' && !uri.startsWith('https://')) {
    errors.push(notSupported(child(path, 'diskURI'), uri, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']));
  }
  return errors;
}

export function checkStorageOs(
  source: { readonly volumeName?: string; readonly volumeNamespace?: string; readonly secretRef?: { readonly name?: string; readonly namespace?: string } },
  path: string, withNamespace = false,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((source.volumeName ?? '') === '') errors.push(required(child(path, 'volumeName'), ''));
  else addAll(errors, checkLabel1123(source.volumeName ?? '', child(path, 'volumeName')));
  if (source.volumeNamespace) addAll(errors, checkLabel1123(source.volumeNamespace, child(path, 'volumeNamespace')));
  return [...errors, ...checkSecretRef(source.secretRef, path, withNamespace)];
}

export function checkCsiDriverName(driver: string | undefined, path: string): FieldError[] {
  const name = driver ?? '';
  if (name === '') return [required(path, '')];
  const errors: FieldError[] = [];
  if (name.length > 63) errors.push(tooLong(path, '', 63));
  for (const message of dns1123SubdomainErrors(name.toLowerCase())) errors.push(invalidValue(path, name, message));
  return errors;
}
