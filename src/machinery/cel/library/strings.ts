// Functions on texts: charAt, indexOf, replace, split, substring, format… (cel-go's ext.strings version 2). Positions
// count code points.
import type { FunctionDeclaration, Overload } from '../contract.ts';
import { noCost, plus, scaled, stringTraversalFactor, times } from '../cost/estimate.ts';
import { dynType, intType, listType, stringType } from '../types/types.ts';
import { CelError } from '../types/values.ts';
import { actualSize, estimatedSize, traversal, type Costs } from './costs.ts';
import { asInt, asList, asText, declare, elements, listOf, of1, of2, of3 } from './declare.ts';
import { elementNode, indexCosts } from './list-costs.ts';
import { formatText } from './string-format.ts';
import { replaceSize } from './replace-size.ts';

const outOfRange = (index: bigint): Error => new Error(`index out of range: ${index}`);

function charAt(text: string, index: bigint): string {
  const points = [...text];
  if (index < 0n || index > BigInt(points.length)) throw outOfRange(index);
  return points[Number(index)] ?? '';
}

function matchesAt(points: readonly string[], part: readonly string[], at: number): boolean {
  return part.every((point, i) => points[at + i] === point);
}

function indexOf(text: string, part: string, offset: bigint): bigint {
  if (part === '') return offset;
  if (offset < 0n) throw outOfRange(offset);
  const points = [...text];
  const wanted = [...part];
  for (let at = Number(offset); at <= points.length - wanted.length; at++) if (matchesAt(points, wanted, at)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string, offset?: bigint): bigint {
  const points = [...text];
  if (part === '') return offset ?? BigInt(points.length);
  if (offset === undefined && Buffer.byteLength(text) < Buffer.byteLength(part)) return -1n;
  const from = offset ?? BigInt(points.length - 1);
  if (from < 0n) throw outOfRange(from);
  if (from >= BigInt(points.length)) return -1n;
  const wanted = [...part];
  for (let at = Math.min(Number(from), points.length - wanted.length); at >= 0; at--) if (matchesAt(points, wanted, at)) return BigInt(at);
  return -1n;
}

/** The first `limit` occurrences, all when negative; an empty text occurs around every character. */
function replace(text: string, old: string, by: string, limit: bigint): string {
  if (limit < 0n && old !== '') return text.replaceAll(old, () => by);
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  if (old === '') {
    let out = left-- > 0 ? by : '';
    for (const point of text) out += point + (left-- > 0 ? by : '');
    return out;
  }
  let [out, from] = ['', 0];
  for (let at = text.indexOf(old); at >= 0 && left > 0; at = text.indexOf(old, from)) {
    out += text.slice(from, at) + by;
    from = at + old.length;
    left--;
  }
  return out + text.slice(from);
}

/** At most `limit` parts, the last being the rest; none for 0, all when negative. */
function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = Number(limit) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(separator)];
}

function substring(text: string, start: bigint, end?: bigint): string {
  if (end !== undefined && start > end) throw new Error(`invalid substring range. start: ${start}, end: ${end}`);
  const points = [...text];
  for (const index of [start, end ?? 0n]) if (index < 0n || index > BigInt(points.length)) throw outOfRange(index);
  return points.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upperAscii = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/** White space as Unicode has it; a byte order mark is none. */
const trim = (text: string): string => text.replace(/^[\t\n\v\f\r \u0085\p{Z}]+|[\t\n\v\f\r \u0085\p{Z}]+$/gu, '');

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"',
};

function quote(text: string): string {
  let out = '"';
  for (const character of text.toWellFormed()) out += escapes[character] ?? character;
  return `${out}"`;
}

function join(texts: readonly unknown[], separator: string): string {
  for (const text of texts) if (typeof text !== 'string') throw new Error(`join: invalid input: ${String(text)}`);
  return texts.join(separator);
}

const replaceCosts: Costs = {
  estimateCost(estimator, target, [old, by]) {
    if (target === undefined || old === undefined || by === undefined) return undefined;
    const size = estimatedSize(estimator, target);
    return { cost: scaled(size, 2 * stringTraversalFactor), resultSize: replaceSize(size, estimatedSize(estimator, old), estimatedSize(estimator, by)) };
  },
  actualCost: ([text]) => Math.ceil(actualSize(text) * 2 * stringTraversalFactor),
};

const splitCosts: Costs = {
  estimateCost(estimator, target, [, limit]) {
    if (target === undefined) return undefined;
    const size = estimatedSize(estimator, target);
    const literal = limit?.expr.kind === 'literal' && typeof limit.expr.value === 'bigint' ? BigInt.asUintN(64, limit.expr.value) : undefined;
    return { cost: scaled(size, 2 * stringTraversalFactor), resultSize: { min: 0, max: literal === undefined ? size.max : Number(literal) } };
  },
  actualCost: replaceCosts.actualCost,
};

const joinCosts: Costs = {
  estimateCost(estimator, target, [separator]) {
    if (target === undefined) return undefined;
    const count = estimatedSize(estimator, target);
    const element = elementNode(target);
    let size = element === undefined ? noCost : times(count, estimatedSize(estimator, element));
    if (separator !== undefined) {
      const separators = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) };
      size = plus(size, times(estimatedSize(estimator, separator), separators));
    }
    return { cost: scaled(size, stringTraversalFactor), resultSize: size };
  },
  actualCost: (_, result) => Math.ceil(actualSize(result) * 2 * stringTraversalFactor),
};

const simple = traversal({ keepsSize: true });
const method = (id: string, params: Overload['params'], result: Overload['result'], call: Overload['call'], costs?: Costs): Overload => ({
  id, params: [stringType, ...params], result, member: true, call, ...costs,
});
const texts = listType(stringType);

export const stringsLibrary: readonly FunctionDeclaration[] = [
  declare('charAt', method('string_char_at_int', [intType], stringType, of2(asText, asInt, charAt))),
  declare(
    'indexOf',
    method('string_index_of_string', [stringType], intType, of2(asText, asText, (text, part) => indexOf(text, part, 0n)), indexCosts),
    method('string_index_of_string_int', [stringType, intType], intType, of3(asText, asText, asInt, indexOf), indexCosts),
  ),
  declare(
    'lastIndexOf',
    method('string_last_index_of_string', [stringType], intType, of2(asText, asText, (text, part) => lastIndexOf(text, part)), indexCosts),
    method('string_last_index_of_string_int', [stringType, intType], intType, of3(asText, asText, asInt, lastIndexOf), indexCosts),
  ),
  declare('lowerAscii', method('string_lower_ascii', [], stringType, of1(asText, lowerAscii), simple)),
  declare(
    'replace',
    method('string_replace_string_string', [stringType, stringType], stringType, of3(asText, asText, asText, (text, old, by) => replace(text, old, by, -1n)), replaceCosts),
    method('string_replace_string_string_int', [stringType, stringType, intType], stringType, (text, old, by, limit) => {
      if (typeof text !== 'string' || typeof old !== 'string' || typeof by !== 'string' || typeof limit !== 'bigint') return new CelError('no such overload');
      return replace(text, old, by, limit);
    }, replaceCosts),
  ),
  declare(
    'split',
    method('string_split_string', [stringType], texts, of2(asText, asText, (text, separator) => listOf(split(text, separator, -1n))), splitCosts),
    method('string_split_string_int', [stringType, intType], texts, of3(asText, asText, asInt, (text, separator, limit) => listOf(split(text, separator, limit))), splitCosts),
  ),
  declare(
    'substring',
    method('string_substring_int', [intType], stringType, of2(asText, asInt, (text, start) => substring(text, start)), simple),
    method('string_substring_int_int', [intType, intType], stringType, of3(asText, asInt, asInt, substring), simple),
  ),
  declare('trim', method('string_trim', [], stringType, of1(asText, trim), simple)),
  declare('upperAscii', method('string_upper_ascii', [], stringType, of1(asText, upperAscii), simple)),
  declare('format', method('string_format', [listType(dynType)], stringType, of2(asText, asList, (text, list) => formatText(text, elements(list))), {
    estimateCost: () => undefined, actualCost: traversal().actualCost,
  })),
  declare('strings.quote', { id: 'strings_quote', params: [stringType], result: stringType, call: of1(asText, quote), actualCost: traversal().actualCost }),
  declare(
    'join',
    { id: 'list_join', params: [texts], result: stringType, member: true, call: of1(asList, (list) => join(elements(list), '')), ...joinCosts },
    { id: 'list_join_string', params: [texts, stringType], result: stringType, member: true, call: of2(asList, asText, (list, separator) => join(elements(list), separator)), ...joinCosts },
  ),
];

