// StorageVersions: what each API server says it stores a resource as. Only the status says anything; the name is
// <group>.<resource>. The paths of its conditions lack a step, as upstream's do.
import type { ServerStorageVersion, StorageVersion, StorageVersionCondition, StorageVersionStatus } from '#api/apiserverinternal/v1alpha1.ts';
import { addAll, child, duplicate, index, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsSubdomain, regexError, type NameRule } from '../../names.ts';
import { checkQualifiedName } from '../core/fields.ts';
import { validateObjectMeta } from '../meta/object-meta.ts';
import { kind } from '../validator.ts';

const storageVersionName: NameRule = (name) => {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return ['name must be in the form of <group>.<resource>'];
  return [
    ...dns1123SubdomainErrors(name.slice(0, dot)).map((message) => `the group segment ${message}`),
    ...dns1035LabelErrors(name.slice(dot + 1)).map((message) => `the resource segment ${message}`),
  ];
};

const versionPattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const versionMessage = "a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const empty = 'must be non-empty';

/** What is wrong with "v1" or "apps/v1", in one text; '' when all is well. */
function apiVersionError(text: string): string {
  const parts = text.split('/');
  if (parts.length > 2) return `an apiVersion is ${regexError(versionMessage, versionPattern, 'my-name', 'abc-123')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')`;
  const version = parts.at(-1) ?? '';
  const errors: string[] = [];
  const tell = (part: string, messages: readonly string[]): void => messages.forEach((message) => errors.push(`${part} part: ${message}`));
  if (parts.length === 2) tell('group', parts[0] === '' ? [empty] : dns1123SubdomainErrors(parts[0] ?? ''));
  tell('version', version === '' ? [empty] : dns1035LabelErrors(version));
  return errors.join(',');
}

function checkServer(server: ServerStorageVersion, path: string): FieldError[] {
  const { apiServerID = '', encodingVersion = '', decodableVersions = [], servedVersions = [] } = server;
  const errors = nameIsSubdomain(apiServerID, false).map((message) => invalidValue(child(path, 'apiServerID'), apiServerID, message));
  const check = (version: string, at: string): void => {
    const error = apiVersionError(version);
    if (error !== '') errors.push(invalidValue(at, version, error));
  };
  check(encodingVersion, child(path, 'encodingVersion'));
  const decodable = child(path, 'decodableVersions');
  for (const [i, version] of decodableVersions.entries()) check(version, index(decodable, i));
  if (!decodableVersions.includes(encodingVersion)) errors.push(invalidValue(decodable, server.decodableVersions, `decodableVersions must include encodingVersion ${encodingVersion}`));
  for (const [i, version] of servedVersions.entries()) {
    const at = index(child(path, 'servedVersions'), i);
    check(version, at);
    if (!decodableVersions.includes(version)) errors.push(invalidValue(at, version, `individual served version : ${version} must be included in decodableVersions : [${decodableVersions.join(' ')}]`));
  }
  return errors;
}

function checkCommon({ storageVersions = [], commonEncodingVersion }: StorageVersionStatus, path: string): FieldError[] {
  const given = commonEncodingVersion ?? undefined;
  const first = storageVersions[0]?.encodingVersion ?? '';
  const common = storageVersions.length > 0 && storageVersions.every(({ encodingVersion = '' }) => encodingVersion === first) ? first : undefined;
  if (common === given) return [];
  if (common === undefined) return [invalidValue(path, given, 'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet')];
  return [invalidValue(path, given, given === undefined ? `the common encoding version is ${common}` : `the actual common encoding version is ${common}`)];
}

function checkConditions(conditions: readonly StorageVersionCondition[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const places = new Map<string, number>();
  for (const [i, { type = '', status = '', reason = '', message = '' }] of conditions.entries()) {
    const at = index(path, i);
    const before = places.get(type);
    if (before !== undefined) errors.push(invalidValue(child(at, 'type'), type, `the type of the condition is not unique, it also appears in conditions[${before}]`));
    places.set(type, i);
    addAll(errors, checkQualifiedName(type, child(at, 'type')));
    addAll(errors, checkQualifiedName(status, child(at, 'status')));
    if (reason === '') errors.push(required(child(at, 'reason'), ''));
    if (message === '') errors.push(required(child(at, 'message'), ''));
  }
  return errors;
}

function checkStatus(status: StorageVersionStatus): FieldError[] {
  const errors: FieldError[] = [];
  const known = new Set<string>();
  for (const [i, server] of (status.storageVersions ?? []).entries()) {
    const at = index('status.storageVersions', i);
    const { apiServerID = '' } = server;
    if (known.has(apiServerID)) errors.push(duplicate(child(at, 'apiServerID'), apiServerID));
    known.add(apiServerID);
    addAll(errors, checkServer(server, at));
  }
  addAll(errors, checkCommon(status, 'status.commonEncodingVersion'));
  addAll(errors, checkConditions(status.conditions ?? [], 'status'));
  return errors;
}

export const storageVersion = kind<StorageVersion>({
  create: (object) => [...validateObjectMeta(object.metadata, false, storageVersionName), ...checkStatus(object.status ?? {})],
  update: () => [],
  subresources: { status: (object) => checkStatus(object.status ?? {}) },
});
