// Names of resource.k8s.io: pools, qualified names of attributes, requests, uids; and the bounded lists and maps that
// its types are made of (pkg/apis/resource/validation).
import { addAll, duplicate, index, invalidValue, key as keyed, required, tooLong, tooMany, type FieldError } from '../../field-errors.ts';
import { labelValueErrors } from '../../label-syntax.ts';
import { cIdentifierErrors } from '../../names.ts';
import { checkSubdomain } from '../core/fields.ts';
import { checkCsiDriverName } from '../core/volume-sources.ts';

const longestPool = 253;
const longestId = 32;
export const longestQualified = 63 + 1 + longestId;

export { checkCsiDriverName as checkDriverName };

export function checkPoolName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const errors = name.length > longestPool ? [tooLong(path, '', longestPool)] : [];
  for (const part of name.split('/')) addAll(errors, checkSubdomain(part, path));
  return errors;
}

const uuid = /^(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const bracedUuid = /^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$/i;
const bareUuid = /^[0-9a-f]{32}$/i;

function uuidError(text: string): string | undefined {
  if (![36, 45, 38, 32].includes(text.length)) return `invalid UUID length: ${text.length}`;
  if (text.length === 45 && text.slice(0, 9).toLowerCase() !== 'urn:uuid:') return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
  if (text.length === 38 && !(text.startsWith('{') && text.endsWith('}'))) return 'invalid bracketed UUID format';
  return uuid.test(text) || bracedUuid.test(text) || bareUuid.test(text) ? undefined : 'invalid UUID format';
}

export function checkUid(uid: string, path: string): FieldError[] {
  const error = uuidError(uid);
  if (error !== undefined) return [invalidValue(path, uid, `error validating uid: ${error}`)];
  if (uid.length === 36 && uid === uid.toLowerCase()) return [];
  return [invalidValue(path, uid, 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters')];
}

function checkIdentifier(id: string, path: string): FieldError[] {
  const errors = id.length > longestId ? [tooLong(path, '', longestId)] : [];
  for (const message of cIdentifierErrors(id)) errors.push(invalidValue(path, id, message));
  return errors;
}

/** "identifier" or "domain/identifier"; with more slashes nothing is checked, as upstream. */
export function checkQualifiedAttribute(name: string, path: string): FieldError[] {
  const [first = '', second, ...more] = name.split('/');
  if (second === undefined) return checkIdentifier(first, path);
  if (more.length > 0) return [];
  return [
    ...(first === '' ? [invalidValue(path, '', 'the domain must not be empty')] : checkCsiDriverName(first, path)),
    ...(second === '' ? [invalidValue(path, '', 'the name must not be empty')] : checkIdentifier(second, path)),
  ];
}

export function checkFullName(name: string, path: string): FieldError[] {
  const errors = checkQualifiedAttribute(name, path);
  if (!name.includes('/')) errors.push(invalidValue(path, name, 'a fully qualified name must be a domain and a name separated by a slash'));
  return errors;
}

export function checkLabelValue(value: string, path: string): FieldError[] {
  return labelValueErrors(value).map((message) => invalidValue(path, value, message));
}

type Check<T> = (item: T, path: string) => FieldError[];

/** Every item, unless there are too many. */
export function checkList<T>(list: readonly T[] | undefined, most: number, check: Check<T>, path: string): FieldError[] {
  const items = list ?? [];
  if (most >= 0 && items.length > most) return [tooMany(path, items.length, most)];
  return items.flatMap((item, i) => check(item, index(path, i)));
}

/** As checkList; no key may come twice. `shown` is what the error tells of a key. */
export function checkSet<T>(
  list: readonly T[] | undefined, most: number, check: Check<T>, keyOf: (item: T) => string, path: string, shown: (item: T) => unknown = keyOf,
): FieldError[] {
  const items = list ?? [];
  if (most >= 0 && items.length > most) return [tooMany(path, items.length, most)];
  const errors = items.flatMap((item, i) => check(item, index(path, i)));
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const name = keyOf(item);
    if (seen.has(name)) errors.push(duplicate(index(path, i), shown(item)));
    seen.add(name);
  }
  return errors;
}

function shortened(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const left = longest - 3;
  return `${name.slice(0, Math.floor((left + 1) / 2))}...${name.slice(name.length - Math.floor(left / 2))}`;
}

export function checkMap<T>(
  map: Readonly<Record<string, T>> | undefined, most: number, longestKey: number, checkKey: Check<string>, check: Check<T>, path: string,
): FieldError[] {
  const entries = Object.entries(map ?? {});
  if (most >= 0 && entries.length > most) return [tooMany(path, entries.length, most)];
  return entries.flatMap(([name, item]) => [...checkKey(name, path), ...check(item, keyed(path, shortened(name, longestKey)))]);
}
