// semver("1.2.3-rc.1"): semantic versions (upstream's kubernetes.Semver version 1, since 1.33).
import type { FunctionDeclaration } from '../contract.ts';
import { boolType, intType, objectType, stringType } from '../types/types.ts';
import { traversal, unit } from './costs.ts';
import { asBool, asText, declare, of1, of2, opaqueKind } from './declare.ts';
import { compareVersions, normalizeVersion, parseSemanticVersion, type SemanticVersion } from './parse/semantic-version.ts';

export const semverType = objectType('kubernetes.Semver');
export const semverKind = opaqueKind<SemanticVersion>(semverType, (a, b) => compareVersions(a, b) === 0);

const parsing = traversal();
const read = semverKind.read;
const two = [semverType, semverType];

function parse(text: string, normalize: boolean): SemanticVersion {
  return parseSemanticVersion(normalize ? normalizeVersion(text) : text);
}

function isVersion(text: string, normalize: boolean): boolean {
  try {
    parse(text, normalize);
    return true;
  } catch {
    return false;
  }
}

function part(name: 'major' | 'minor' | 'patch'): FunctionDeclaration {
  return declare(name, { id: `semver_${name}`, params: [semverType], result: intType, member: true, call: of1(read, (version) => BigInt.asIntN(64, version[name])), ...unit });
}

export const semverLibrary: readonly FunctionDeclaration[] = [
  declare(
    'semver',
    { id: 'string_to_semver', params: [stringType], result: semverType, call: of1(asText, (text) => semverKind.wrap(parse(text, false))), ...parsing },
    { id: 'string_bool_to_semver', params: [stringType, boolType], result: semverType, call: of2(asText, asBool, (text, normalize) => semverKind.wrap(parse(text, normalize))), ...parsing },
  ),
  declare(
    'isSemver',
    { id: 'is_semver_string', params: [stringType], result: boolType, call: of1(asText, (text) => isVersion(text, false)), ...parsing },
    { id: 'is_semver_string_bool', params: [stringType, boolType], result: boolType, call: of2(asText, asBool, isVersion), ...parsing },
  ),
  declare('isGreaterThan', { id: 'semver_is_greater_than', params: two, result: boolType, member: true, call: of2(read, read, (a, b) => compareVersions(a, b) > 0), ...unit }),
  declare('isLessThan', { id: 'semver_is_less_than', params: two, result: boolType, member: true, call: of2(read, read, (a, b) => compareVersions(a, b) < 0), ...unit }),
  declare('compareTo', { id: 'semver_compare_to', params: two, result: intType, member: true, call: of2(read, read, (a, b) => BigInt(compareVersions(a, b))), ...unit }),
  part('major'),
  part('minor'),
  part('patch'),
];
