// What a claim asks for: access modes, size, class, mode and source. Shared by claims, ephemeral volumes
// and the claim templates of StatefulSets.
import type { PersistentVolumeClaimSpec, TypedObjectReference } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, invalidValue, isEnough, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1123SubdomainErrors, nameIsLabel } from '../../names.ts';
import { formatQuantity, quantitySign } from '../../quantity.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { checkEnum, checkObjectName, checkRequired, quantity } from './fields.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** Known modes, and ReadWriteOncePod only alone. */
export function checkAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const mode of modes ?? []) {
    if (isEnough(errors)) break;
    if (!accessModes.includes(mode)) errors.push(notSupported(path, mode, accessModes));
  }
  const others = (modes ?? []).filter((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (modes?.includes('ReadWriteOncePod') === true && others.length > 0) errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

/** `old` relaxes what a stored claim already violates. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string, old?: PersistentVolumeClaimSpec): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec?.accessModes ?? []).length === 0) errors.push(required(child(path, 'accessModes'), 'at least 1 access mode is required'));
  addAll(errors, validateLabelSelector(spec?.selector, child(path, 'selector'), hasInvalidValues(old?.selector)));
  addAll(errors, checkAccessModes(spec?.accessModes, child(path, 'accessModes')));
  const storagePath = key(child(path, 'resources'), 'storage');
  const storage = spec?.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required(storagePath, ''));
  else if (quantitySign(quantity(storage)) <= 0) errors.push(invalidValue(storagePath, formatQuantity(quantity(storage)), 'must be greater than zero'));
  if (spec?.storageClassName) addAll(errors, checkObjectName(spec.storageClassName, child(path, 'storageClassName')));
  if (spec?.volumeMode !== undefined && spec.volumeMode !== null) addAll(errors, checkEnum(spec.volumeMode, ['Block', 'Filesystem'], child(path, 'volumeMode')));
  addAll(errors, checkSources(spec, path, old));
  if (spec?.volumeAttributesClassName) addAll(errors, checkObjectName(spec.volumeAttributesClassName, child(path, 'volumeAttributesClassName')));
  return errors;
}

function checkSources(spec: PersistentVolumeClaimSpec | undefined, path: string, old: PersistentVolumeClaimSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const relaxed = (old?.dataSource?.apiGroup ?? old?.dataSourceRef?.apiGroup ?? undefined) !== undefined;
  const { dataSource, dataSourceRef } = spec ?? {};
  if (dataSource) addAll(errors, checkSource(dataSource, child(path, 'dataSource'), relaxed));
  if (dataSourceRef) addAll(errors, checkSource(dataSourceRef, child(path, 'dataSourceRef'), relaxed));
  if (!dataSource || !dataSourceRef) return errors;
  // Upstream shows the path's own struct, which has nothing to show.
  const shown = {};
  if (dataSourceRef.namespace) {
    errors.push(invalidValue(path, shown, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (dataSource.apiGroup !== dataSourceRef.apiGroup || dataSource.kind !== dataSourceRef.kind || dataSource.name !== dataSourceRef.name) {
    errors.push(invalidValue(path, shown, 'must match dataSourceRef'));
  }
  return errors;
}

function checkSource(source: TypedObjectReference, path: string, relaxed: boolean): FieldError[] {
  const errors = [...checkRequired(source.name, child(path, 'name')), ...checkRequired(source.kind, child(path, 'kind'))];
  const group = source.apiGroup ?? '';
  if (group === '' && source.kind !== 'PersistentVolumeClaim') {
    errors.push(invalidValue(path, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (group !== '' && !relaxed) for (const message of dns1123SubdomainErrors(group)) errors.push(invalidValue(child(path, 'apiGroup'), group, message));
  if (source.namespace) for (const message of nameIsLabel(source.namespace, false)) errors.push(invalidValue(child(path, 'namespace'), source.namespace, message));
  return errors;
}
