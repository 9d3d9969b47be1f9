// YAML as kubectl and the API server read it (YAML 1.1 through Go's yaml.v2, then JSON): `yes/on/y` are
// booleans, 0777 is octal, 1_000 a number, dates are strings, `<<` merges, keys become strings. Aliases are
// expanded under a budget, so that a small text cannot grow without bound, and nesting is limited.
import {
  boolYaml11Tag, binaryTag, defineMappingTag, defineScalarTag, dump, DUMP_SCHEMA, FAILSAFE_SCHEMA, load, mergeTag, NOT_RESOLVED, nullYaml11Tag, YAMLException,
} from 'js-yaml';
import { parseJson } from './json.ts';
import { numberOf, RawNumber } from './json-number.ts';

const maxDepth = 1000;
/** Nodes that aliases may add beyond what the text itself can hold. */
const aliasBudget = 100_000;

const integerForms = /^[-+]?(?:0b[01]+|0o[0-7]+|0[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)$/;
const floatForm = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const digitStart = [...'0123456789+-'];

function integerOf(text: string): number | RawNumber {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const isOctal = /^0[0-7]+$/.test(digits);
  if (!isOctal && /^\d/.test(digits) && !/^0[box]/.test(digits)) return numberOf(text.replace(/^\+/, ''));
  const value = BigInt(isOctal ? `0o${digits}` : digits);
  return numberOf(String(negative ? -value : value));
}

const intTag = defineScalarTag<number | RawNumber>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: digitStart,
  resolve(source) {
    const plain = source.replaceAll('_', '');
    return integerForms.test(plain) ? integerOf(plain) : NOT_RESOLVED;
  },
  identify: (data: unknown) => data instanceof RawNumber,
});

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: [...digitStart, '.'],
  resolve(source) {
    const plain = source.replaceAll('_', '');
    return floatForm.test(plain) ? Number(plain) : NOT_RESOLVED;
  },
  identify: () => false,
});

type JsonObject = Record<string, unknown>;

const mapTag = defineMappingTag<JsonObject>('tag:yaml.org,2002:map', {
  create: () => ({}),
  addPair(carrier, key, value) {
    if (key === null || typeof key === 'object') return 'only scalars can be keys';
    const name = String(key);
    if (name === '__proto__') Object.defineProperty(carrier, name, { value, enumerable: true, writable: true, configurable: true });
    else carrier[name] = value;
    return '';
  },
  has: (carrier, key) => Object.hasOwn(carrier, String(key)),
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => carrier[String(key)],
  identify: () => false,
});

const schema = FAILSAFE_SCHEMA.withTags(mapTag, nullYaml11Tag, boolYaml11Tag, intTag, floatTag, mergeTag, binaryTag);

export interface ParsedYaml {
  readonly value: unknown;
  /** Go's message about keys given twice; undefined when there are none. The last value counts. */
  readonly duplicates: string | undefined;
}

/** A YAML error; the message starts with "yaml: " as upstream's. */
export class YamlError extends Error {
  override name = 'YamlError';
}

/** Parses one document and tells duplicate keys. Throws YamlError. An empty text is null. */
export function parseYamlStrictly(input: Uint8Array | string): ParsedYaml {
  const text = typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString('utf8');
  const json = asJson(text);
  if (json !== undefined) return json;
  let duplicates: string | undefined;
  let value: unknown;
  try {
    value = load(text, { schema, maxDepth });
  } catch (error) {
    if (error instanceof YAMLException && error.reason.includes('the input is empty')) return { value: null, duplicates: undefined };
    const duplicate = duplicateIn(error);
    if (duplicate === undefined) throw yamlError(error);
    duplicates = `yaml: unmarshal errors:\n  line ${duplicate.line}: key ${duplicate.key} already set in map`;
    try {
      value = load(text, { schema, maxDepth, json: true });
    } catch (second) {
      throw yamlError(second);
    }
  }
  return { value: expandAliases(value, text.length + aliasBudget), duplicates };
}

/** JSON is YAML, and what clients mostly send as YAML is JSON: read as such it is fifty times faster. */
function asJson(text: string): ParsedYaml | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { value, duplicates } = parseJson(text, { maxDepth });
    return duplicates.length === 0 ? { value, duplicates: undefined } : undefined;
  } catch {
    return undefined;
  }
}

/** Parses one document as kubectl would; of a key given twice the last value counts. Throws YamlError. */
export function parseYaml(input: Uint8Array | string): unknown {
  return parseYamlStrictly(input).value;
}

function duplicateIn(error: unknown): { line: number; key: string } | undefined {
  if (!(error instanceof YAMLException) || !/duplicated? mapping key/.test(error.message)) return undefined;
  const mark = error.mark;
  const line = (mark?.line ?? 0) + 1;
  const source = mark?.buffer?.split('\n')[line - 1] ?? '';
  const key = /^[\s-]*["']?([^:"']+)/.exec(source)?.[1]?.trim() ?? '';
  return { line, key: JSON.stringify(key) };
}

function yamlError(error: unknown): YamlError {
  if (error instanceof YAMLException) {
    const line = error.mark === undefined || error.mark === null ? '' : `line ${error.mark.line + 1}: `;
    return new YamlError(`yaml: ${line}${error.reason}`);
  }
  return new YamlError(`yaml: ${error instanceof Error ? error.message : String(error)}`);
}

/** Copies the tree so that nothing is shared, within a budget of nodes; binary becomes its bytes as text. */
function expandAliases(value: unknown, budget: number): unknown {
  let left = budget;
  const copy = (node: unknown, depth: number): unknown => {
    if (typeof node !== 'object' || node === null || node instanceof RawNumber) return node;
    if (node instanceof Uint8Array) return Buffer.from(node).toString('latin1');
    if (--left < 0) throw new YamlError('yaml: document contains excessive aliasing');
    if (depth > maxDepth) throw new YamlError(`yaml: exceeded max depth of ${maxDepth}`);
    if (Array.isArray(node)) {
      left -= node.length;
      return node.map((item: unknown) => copy(item, depth + 1));
    }
    const out: JsonObject = {};
    for (const [key, item] of Object.entries(node)) {
      left--;
      mapTag.addPair(out, key, copy(item, depth + 1));
    }
    return out;
  };
  return copy(value, 0);
}

const dumpSchema = DUMP_SCHEMA.withTags(
  defineScalarTag<RawNumber>('tag:yaml.org,2002:int', {
    implicit: true,
    resolve: (source) => (integerForms.test(source) ? numberOf(source) as RawNumber : NOT_RESOLVED),
    identify: (data: unknown) => data instanceof RawNumber || (typeof data === 'number' && Number.isInteger(data)),
    represent: (data: unknown) => String(data),
  }),
);

/** A document as the API server answers `Accept: application/yaml`: sorted keys, lists not indented. */
export function stringifyYaml(value: unknown): string {
  return dump(value, { schema: dumpSchema, sortKeys: true, noRefs: true, lineWidth: -1, seqNoIndent: true, quoteStyle: 'double' });
}
