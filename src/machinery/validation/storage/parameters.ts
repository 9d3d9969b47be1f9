// What StorageClasses and VolumeAttributesClasses share: the driver's name and its opaque parameters.
import { invalidValue, required, tooLong, type FieldError } from '../../field-errors.ts';
import { checkQualifiedName } from '../core/fields.ts';

const mostParameters = 512;
const parameterBytes = 256 * 1024;

export function checkProvisioner(provisioner: string, path: string): FieldError[] {
  return provisioner === '' ? [required(path, '')] : checkQualifiedName(provisioner.toLowerCase(), path);
}

export function checkParameters(parameters: Readonly<Record<string, string>>, mayBeEmpty: boolean): FieldError[] {
  if (Object.keys(parameters).length > mostParameters) return [tooLong('parameters', '', mostParameters)];
  const entries = Object.entries(parameters);
  const errors: FieldError[] = [];
  if (Object.hasOwn(parameters, '')) errors.push(invalidValue('parameters', '', 'field can not be empty.'));
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (bytes > parameterBytes) errors.push(tooLong('parameters', '', parameterBytes));
  if (!mayBeEmpty && entries.length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'));
  return errors;
}
