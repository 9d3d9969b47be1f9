// One step of a field path in fieldsV1's spelling: `f:name` a field, `k:{…}` a list item by its keys,
// `v:…` a set item, `i:3` an index. Spelling and the human form follow structured-merge-diff.
import { RawNumber } from '../json-number.ts';
import type { ListShape } from './shape.ts';

/** What JSON spells as it is. */
const plainText = /^[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*$/;

/** JSON as Go's encoder writes it inside a path element: `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  if (typeof value === 'string' && plainText.test(value)) return `"${value}"`;
  const text = value instanceof RawNumber || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return /[<>&\u2028\u2029]/.test(text)
    ? text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : text;
}

export class PathElementError extends Error {}

/** The step that selects `item` in a keyed list or set. Throws PathElementError when it cannot be selected. */
export function itemPathElement(list: ListShape, item: unknown): string {
  return list.relation === 'map' ? keyedPathElement(list, item) : setPathElement(item);
}

function keyedPathElement(list: ListShape, item: unknown): string {
  if (item === null || item === undefined) throw new PathElementError('associative list with keys may not have a null element');
  if (typeof item !== 'object' || Array.isArray(item)) throw new PathElementError('associative list with keys may not have non-map elements');
  const fields = item as Record<string, unknown>;
  let text = '';
  for (const { name, fallback } of list.keys) {
    const value = Object.hasOwn(fields, name) ? fields[name] : fallback;
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}"${name}":${value === null ? 'null' : goJson(value)}`;
  }
  if (text === '') {
    const keys = `[${list.keys.map((key) => JSON.stringify(key.name)).join(' ')}]`;
    throw new PathElementError(`associative list with keys has an element that omits all key fields ${keys} (and doesn't have default values for any key fields)`);
  }
  return `k:{${text}}`;
}

function setPathElement(item: unknown): string {
  if (item === null || item === undefined) throw new PathElementError("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new PathElementError('not supported: associative list with lists as elements');
  if (typeof item === 'object' && Object.getPrototypeOf(item) === Object.prototype) {
    throw new PathElementError("associative list without keys has an element that's a map type");
  }
  return `v:${goJson(item)}`;
}

/** The step as messages show it: `.spec`, `[name="web"]`, `[="a"]`, `[3]`. */
export function showPathElement(element: string): string {
  const body = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return `.${body}`;
    case 'k':
      return `[${Object.entries(JSON.parse(body) as Record<string, unknown>).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    case 'v':
      return `[=${JSON.stringify(JSON.parse(body))}]`;
    default:
      return `[${body}]`;
  }
}

const plainKey = /^k:\{"[\w.-]+":(?:"[^"\\<>&\p{Cc}]*"|-?\d{1,15}|true|false)(?:,"[\w.-]+":(?:"[^"\\<>&\p{Cc}]*"|-?\d{1,15}|true|false))*\}$/u;
const plainValue = /^v:(?:"[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*"|0|-?[1-9]\d{0,14}|true|false)$/;

/**
 * A client's spelling of a step in the canonical one; undefined for kinds that are not known (they are
 * dropped). Throws PathElementError for what is no path element.
 */
export function canonicalPathElement(element: string): string | undefined {
  if (element.length < 2) throw new PathElementError('key must be 2 characters long:');
  if (element.charAt(1) !== ':') throw new PathElementError(`missing colon: ${element}`);
  const body = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return element;
    case 'k': {
      if (plainKey.test(element)) return sortedKey(element);
      const fields = parse(body);
      if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new PathElementError(`key is no object: ${element}`);
      const entries = Object.entries(fields as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
      return `k:{${entries.map(([name, value]) => `${goJson(name)}:${value === null ? 'null' : goJson(value)}`).join(',')}}`;
    }
    case 'v':
      return plainValue.test(element) ? element : `v:${goJson(parse(body))}`;
    case 'i':
      if (!/^-?\d{1,15}$/.test(body)) throw new PathElementError(`strconv.Atoi: parsing ${JSON.stringify(body)}: invalid syntax`);
      return element;
    default:
      return undefined;
  }
}

function sortedKey(element: string): string {
  if (!element.includes(',"')) return element;
  const names = [...element.matchAll(/[{,]"([\w.-]+)":/g)].map((match) => match[1] ?? '');
  if (names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)) return element;
  const entries = Object.entries(JSON.parse(element.slice(2)) as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
  return `k:{${entries.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',')}}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new PathElementError(`parsing key as path element: ${text}`, { cause });
  }
}

