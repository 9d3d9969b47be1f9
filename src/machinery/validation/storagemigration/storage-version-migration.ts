// StorageVersionMigrations: which resource is written anew, and how far that is.
import type { StorageVersionMigration } from '#api/storagemigration/v1beta1.ts';
import { invalidValue, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsSubdomain } from '../../names.ts';
import { goStruct } from '../go-struct.ts';
import { validateConditions } from '../meta/conditions.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';

function checkResource(object: StorageVersionMigration): FieldError[] {
  const { resource = '', group = '' } = object.spec?.resource ?? {};
  const errors: FieldError[] = [];
  const wrong = dns1035LabelErrors(resource);
  if (resource === '') errors.push(required('spec.resource.resource', 'resource is required to be set'));
  else if (wrong.length > 0) errors.push(invalidValue('spec.resource.resource', resource, wrong.join(',')));
  const wrongGroup = group === '' ? [] : dns1123SubdomainErrors(group);
  if (wrongGroup.length > 0) errors.push(invalidValue('spec.resource.group', group, wrongGroup.join(',')));
  return errors;
}

function holds(object: StorageVersionMigration, type: string): boolean {
  return (object.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
}

function checkStatus(object: StorageVersionMigration, old: StorageVersionMigration): FieldError[] {
  const path = 'status.conditions';
  const { conditions, resourceVersion = '' } = object.status ?? {};
  const errors = validateConditions(conditions, path);
  const before = old.status?.resourceVersion ?? '';
  if (before !== '' && before !== resourceVersion) errors.push(invalidValue('status.resourceVersion', resourceVersion, 'field is immutable'));
  if (holds(object, 'Succeeded') && holds(object, 'Failed')) errors.push(invalidValue(path, conditions, 'Both success and failed conditions cannot be true at the same time'));
  if (holds(old, 'Succeeded') && !holds(object, 'Succeeded')) errors.push(invalidValue(path, conditions, 'Success condition cannot be set to false once it is true'));
  if (holds(old, 'Failed') && !holds(object, 'Failed')) errors.push(invalidValue(path, conditions, 'Failed condition cannot be set to false once it is true'));
  return errors;
}

function spec(object: StorageVersionMigration): unknown {
  return goStruct('storagemigration.v1beta1.StorageVersionMigrationSpec', object.spec ?? {});
}

export const storageVersionMigration = standard<StorageVersionMigration>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: checkResource,
  update: (object, old) => [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkResource(object), ...immutable(spec(object), spec(old), 'spec')],
  status: checkStatus,
});
