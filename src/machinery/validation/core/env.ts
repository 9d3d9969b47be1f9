// Environment variables of a container and where their values come from.
import type { EnvFromSource, EnvVar, FileKeySelector, ObjectFieldSelector, ResourceFieldSelector } from '#api/core/v1.ts';
import { addAll, child, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { configKeyErrors, environmentNameErrors, nameIsSubdomain } from '../../names.ts';
import { formatQuantity, isZeroQuantity } from '../../quantity.ts';
import { checkLabel1123, checkNoBacksteps, checkQualifiedName, quantity } from './fields.ts';

const envFieldPaths = [
  'metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName',
  'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs',
];
export const volumeFieldPaths: readonly string[] = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];

/** What the downward API can name at all; the first list of each use is narrower. */
const knownFieldPaths = new Set([
  'metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.restartPolicy',
  'spec.serviceAccountName', 'spec.schedulerName', 'status.phase', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs', 'spec.host',
]);

const resourcePaths = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

export function checkEnv(env: readonly EnvVar[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, variable] of (env ?? []).entries()) {
    if (isEnough(errors)) break;
    const name = variable.name ?? '';
    if (name === '') errors.push(required(`${path}[${i}].name`, ''));
    else for (const message of environmentNameErrors(name)) errors.push(invalidValue(`${path}[${i}].name`, name, message));
    if (variable.valueFrom !== undefined && variable.valueFrom !== null) addAll(errors, checkValueFrom(variable, `${path}[${i}].valueFrom`));
  }
  return errors;
}

function checkValueFrom(variable: EnvVar, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const source = variable.valueFrom ?? {};
  let count = 0;
  if (source.fieldRef) {
    count++;
    addAll(errors, checkFieldRef(source.fieldRef, envFieldPaths, child(path, 'fieldRef')));
  }
  if (source.resourceFieldRef) {
    count++;
    addAll(errors, checkResourceFieldRef(source.resourceFieldRef, child(path, 'resourceFieldRef'), false));
  }
  for (const field of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[field];
    if (!ref) continue;
    count++;
    addAll(errors, checkKeyRef(ref.name ?? '', ref.key ?? '', child(path, field)));
  }
  if (source.fileKeyRef) {
    count++;
    addAll(errors, checkFileKeyRef(source.fileKeyRef, child(path, 'fileKeyRef')));
  }
  if (count === 0) {
    errors.push(invalidValue(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'));
  } else if ((variable.value ?? '') !== '') {
    errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function checkKeyRef(name: string, keyName: string, path: string): FieldError[] {
  const errors = nameIsSubdomain(name, false).map((message) => invalidValue(child(path, 'name'), name, message));
  if (keyName === '') errors.push(required(child(path, 'key'), ''));
  else for (const message of configKeyErrors(keyName)) errors.push(invalidValue(child(path, 'key'), keyName, message));
  return errors;
}

function checkFileKeyRef(ref: FileKeySelector, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((ref.key ?? '') === '') errors.push(required(child(path, 'key'), ''));
  else for (const message of environmentNameErrors(ref.key)) errors.push(invalidValue(child(path, 'key'), ref.key, message));
  if ((ref.volumeName ?? '') === '') errors.push(required(child(path, 'volumeName'), ''));
  else addAll(errors, checkLabel1123(ref.volumeName, child(path, 'volumeName')));
  if ((ref.path ?? '') === '') errors.push(required(child(path, 'path'), ''));
  else addAll(errors, checkNoBacksteps(ref.path, child(path, 'path')));
  return errors;
}

/** A field of the pod itself; `allowed` is what may be named here. */
export function checkFieldRef(ref: ObjectFieldSelector, allowed: readonly string[], path: string): FieldError[] {
  const apiVersion = ref.apiVersion ?? '';
  const fieldPath = ref.fieldPath ?? '';
  if (apiVersion === '') return [required(child(path, 'apiVersion'), '')];
  if (fieldPath === '') return [required(child(path, 'fieldPath'), '')];
  const refuse = (detail: string): FieldError[] => [invalidValue(child(path, 'fieldPath'), fieldPath, `error converting fieldPath: ${detail}`)];
  if (apiVersion !== 'v1') return refuse(`unsupported pod version: ${apiVersion}`);
  const subscripted = /^(.+?)\['(.*)'\]$/s.exec(fieldPath);
  if (subscripted !== null) {
    const [, base = '', subscript = ''] = subscripted;
    if (base === 'metadata.annotations') return checkQualifiedName(subscript.toLowerCase(), path);
    if (base === 'metadata.labels') return checkQualifiedName(subscript, path);
    return refuse(`field label does not support subscript: ${fieldPath}`);
  }
  if (!knownFieldPaths.has(fieldPath)) return refuse(`field label not supported: ${fieldPath}`);
  const converted = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  return allowed.includes(converted) ? [] : [notSupported(child(path, 'fieldPath'), converted, [...allowed].sort())];
}

/** An amount of a container's resources; a volume must name the container. */
export function checkResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const resource = ref.resource ?? '';
  if (inVolume && (ref.containerName ?? '') === '') errors.push(required(child(path, 'containerName'), ''));
  else if (resource === '') errors.push(required(child(path, 'resource'), ''));
  else if (!resourcePaths.includes(resource) && !isHugePagesPath(resource)) errors.push(notSupported(child(path, 'resource'), resource, resourcePaths));
  addAll(errors, checkDivisor(resource, ref.divisor, child(path, 'divisor')));
  return errors;
}

function isHugePagesPath(resource: string): boolean {
  return resource.startsWith('requests.hugepages-') || resource.startsWith('limits.hugepages-');
}

function checkDivisor(resource: string, divisor: string | undefined, path: string): FieldError[] {
  const amount = quantity(divisor);
  if (isZeroQuantity(amount)) return [];
  const text = formatQuantity(amount);
  const sizes = byteDivisors.join(', ');
  if (resource.endsWith('.cpu')) {
    return text === '1' || text === '1m' ? [] : [invalidValue(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
  }
  if (byteDivisors.includes(text)) return [];
  if (resource.endsWith('.memory')) return [invalidValue(path, resource, `only divisor's values ${sizes} are supported with the memory resource`)];
  if (resource.endsWith('.ephemeral-storage')) {
    return [invalidValue(path, resource, `only divisor's values ${sizes} are supported with the local ephemeral storage resource`)];
  }
  return isHugePagesPath(resource) ? [invalidValue(path, resource, `only divisor's values ${sizes} are supported with the hugepages resource`)] : [];
}

export function checkEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, source] of (sources ?? []).entries()) {
    if (isEnough(errors)) break;
    const at = index(path, i);
    if (source.prefix !== undefined && source.prefix !== '') {
      for (const message of environmentNameErrors(source.prefix)) errors.push(invalidValue(child(at, 'prefix'), source.prefix, message));
    }
    let count = 0;
    for (const field of ['configMapRef', 'secretRef'] as const) {
      const ref = source[field];
      if (!ref) continue;
      count++;
      const name = ref.name ?? '';
      const namePath = child(at, field, 'name');
      if (name === '') errors.push(required(namePath, ''));
      else for (const message of nameIsSubdomain(name, true)) errors.push(invalidValue(namePath, name, message));
    }
    if (count === 0) errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (count > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}
