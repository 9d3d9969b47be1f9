// One step of a field path in fieldsV1's spelling: `f:name` a field, `k:{…}` a list item by its keys,
// `v:…` a set item, `i:3` an index. Spelling, order and the human form follow structured-merge-diff.
import { RawNumber } from '../json-number.ts';
import type { ListShape } from './shape.ts';

const order = 'fkvi';

/** Sorts steps as upstream does: fields, then keys, then set values, then indices; numbers by value. */
export function comparePathElements(a: string, b: string): number {
  if (a === b) return 0;
  const kind = a.charCodeAt(0);
  if (kind !== b.charCodeAt(0)) return order.indexOf(a.charAt(0)) - order.indexOf(b.charAt(0));
  if (kind === 102 /* f */) return a < b ? -1 : 1;
  if (kind === 107 /* k */) return compareKeys(a, b);
  return compareScalars(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
}

/** Sorts in place, "." first. Thousands of steps are names of fields, which the built-in order of texts sorts as well and much quicker. */
export function sortSteps(steps: string[]): void {
  if (steps.every((step) => step === '.' || step.charCodeAt(0) === 102 /* f */)) steps.sort();
  else steps.sort((a, b) => (a === b ? 0 : a === '.' ? -1 : b === '.' ? 1 : comparePathElements(a, b)));
}

function compareKeys(a: string, b: string): number {
  // Only numbers sort differently by value than by spelling.
  if (firstIsText(a) && firstIsText(b)) return a < b ? -1 : 1;
  const left = Object.entries(JSON.parse(a.slice(2)) as Record<string, unknown>);
  const right = Object.entries(JSON.parse(b.slice(2)) as Record<string, unknown>);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftName, leftValue] = left[i] ?? ['', undefined];
    const [rightName, rightValue] = right[i] ?? ['', undefined];
    if (leftName !== rightName) return leftName < rightName ? -1 : 1;
    const byValue = compareScalars(leftValue, rightValue);
    if (byValue !== 0) return byValue;
  }
  return left.length - right.length;
}

function firstIsText(element: string): boolean {
  return element.charAt(element.indexOf('":') + 2) === '"';
}

const scalarOrder = ['number', 'string', 'boolean'];

function compareScalars(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return scalarOrder.indexOf(typeof a) - scalarOrder.indexOf(typeof b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'boolean') return Number(a) - Number(b);
  const left = String(a);
  const right = String(b);
  return left === right ? 0 : left < right ? -1 : 1;
}

/** JSON as Go's encoder writes it inside a path element: `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
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
      return `v:${goJson(parse(body))}`;
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

