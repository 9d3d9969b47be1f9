// ConfigMaps and Secrets: keys, size, and what `immutable` and a secret's type demand.
import type { ConfigMap, Secret } from '#api/core/v1.ts';
import { forbiddenField, invalidValue, key, required, tooLong, type FieldError } from '../../field-errors.ts';
import { configKeyErrors, nameIsSubdomain } from '../../names.ts';
import { parseJson } from '../../json.ts';
import { isObject, jsonEqual, jsonKind } from '../../patch/json-tree.ts';
import { immutable } from '../meta/object-meta.ts';
import { checkMeta, standard } from '../validator.ts';

const maxBytes = 1024 * 1024;

function base64Bytes(text: string): number {
  return Math.floor((text.length * 3) / 4) - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
}

function checkConfigMap(object: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  const binary = object.binaryData ?? {};
  const data = object.data ?? {};
  for (const name of Object.keys(data)) {
    for (const message of configKeyErrors(name)) errors.push(invalidValue(key('data', name), name, message));
    if (Object.hasOwn(binary, name)) errors.push(invalidValue(key('data', name), name, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(data[name] ?? '');
  }
  for (const [name, value] of Object.entries(binary)) {
    for (const message of configKeyErrors(name)) errors.push(invalidValue(key('binaryData', name), name, message));
    bytes += base64Bytes(value);
  }
  if (bytes > maxBytes) errors.push(tooLong('[]', '', maxBytes));
  return errors;
}

/** What `immutable: true` has frozen. */
function checkFrozen<T extends { immutable?: boolean }>(object: T, old: T, fields: readonly (keyof T & string)[]): FieldError[] {
  if (old.immutable !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const errors: FieldError[] = [];
  if (object.immutable !== true) errors.push(forbiddenField('immutable', detail));
  for (const field of fields) if (!jsonEqual(object[field] ?? {}, old[field] ?? {})) errors.push(forbiddenField(field, detail));
  return errors;
}

export const configMap = standard<ConfigMap>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: checkConfigMap,
  update: (object, old) => [
    ...checkFrozen(object, old, ['data', 'binaryData']),
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...checkConfigMap(object),
  ],
});

function checkSecret(object: Secret): FieldError[] {
  const errors: FieldError[] = [];
  const data = object.data ?? {};
  let bytes = 0;
  for (const [name, value] of Object.entries(data)) {
    for (const message of configKeyErrors(name)) errors.push(invalidValue(key('data', name), name, message));
    bytes += base64Bytes(value);
  }
  if (bytes > maxBytes) errors.push(tooLong('data', '', maxBytes));
  return [...errors, ...checkSecretType(object, data)];
}

function checkSecretType(object: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  const missing = (...names: string[]): FieldError[] => names.filter((name) => !Object.hasOwn(data, name)).map((name) => required(key('data', name), ''));
  const account = 'kubernetes.io/service-account.name';
  switch (object.type) {
    case 'kubernetes.io/service-account-token':
      return (object.metadata?.annotations?.[account] ?? '') === '' ? [required(key('metadata.annotations', account), '')] : [];
    case 'kubernetes.io/dockercfg':
      return checkJsonKey(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return checkJsonKey(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const errors = missing('username', 'password');
      return errors.length === 2 ? errors : [];
    }
    case 'kubernetes.io/ssh-auth':
      return (data['ssh-privatekey'] ?? '') === '' ? [required(key('data', 'ssh-privatekey'), '')] : [];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function checkJsonKey(data: Readonly<Record<string, string>>, name: string): FieldError[] {
  const value = data[name];
  const at = key('data', name);
  if (value === undefined) return [required(at, '')];
  const refuse = (detail: string): FieldError[] => [invalidValue(at, '<secret contents redacted>', detail)];
  try {
    const { value: parsed } = parseJson(Buffer.from(value, 'base64'));
    return parsed === null || isObject(parsed) ? [] : refuse(`json: cannot unmarshal ${jsonKind(parsed)} into Go value of type map[string]interface {}`);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

export const secret = standard<Secret>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: checkSecret,
  update: (object, old) => [
    ...immutable(object.type ?? '', old.type ?? '', 'type'),
    ...checkFrozen(object, old, ['data']),
    ...checkMeta(object.metadata, true, nameIsSubdomain),
    ...checkSecret(object),
  ],
});
