// YAML as kubectl and the API server read it (YAML 1.1 through Go's yaml.v2, then JSON): `yes/on/y` are
// booleans, 0777 is octal, 1_000 a number, dates are strings, `<<` merges, keys become strings. Aliases are
// expanded under a budget, so that a small text cannot grow without bound, and nesting is limited.
import {
  boolYaml11Tag, binaryTag, defineMappingTag, defineScalarTag, dump, DUMP_SCHEMA, FAILSAFE_SCHEMA, load, mergeTag, NOT_RESOLVED, nullYaml11Tag, YAMLException,
} from 'js-yaml';
import { goQuote } from './field-errors.ts';
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

const mapMethods = {
  create: (): JsonObject => ({}),
  addPair(carrier: JsonObject, key: unknown, value: unknown): string {
    if (key === null || typeof key === 'object') return 'only scalars can be keys';
    const name = String(key);
    if (name === '__proto__') Object.defineProperty(carrier, name, { value, enumerable: true, writable: true, configurable: true });
    else carrier[name] = value;
    return '';
  },
  has: (carrier: JsonObject, key: unknown): boolean => Object.hasOwn(carrier, String(key)),
  keys: (carrier: JsonObject) => Object.keys(carrier),
  get: (carrier: JsonObject, key: unknown) => carrier[String(key)],
  identify: () => false,
};

function schemaWith(has: (carrier: JsonObject, key: unknown) => boolean): typeof FAILSAFE_SCHEMA {
  return FAILSAFE_SCHEMA.withTags(defineMappingTag<JsonObject>('tag:yaml.org,2002:map', { ...mapMethods, has }), nullYaml11Tag, boolYaml11Tag, intTag, floatTag, mergeTag, binaryTag);
}

const schema = schemaWith(mapMethods.has);

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
    if (!isDuplicate(error)) throw yamlError(error);
    const told = readDuplicates(text);
    value = told.value;
    duplicates = `yaml: unmarshal errors:${told.duplicates.map((each) => `\n  ${each}`).join('')}`;
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

function isDuplicate(error: unknown): error is YAMLException {
  return error instanceof YAMLException && error.message.includes('duplicated mapping key');
}

/** Bytes that may be read again to tell the lines of duplicate keys: the reader stops at each, so it begins anew for the next. */
const duplicatesBudget = 4 << 20;

/** Every key that is given twice, with its line, and what is read when the last counts. */
function readDuplicates(text: string): { readonly duplicates: readonly string[]; readonly value: unknown } {
  const duplicates: string[] = [];
  const last = Math.max(1, Math.floor(duplicatesBudget / (text.length + 1)));
  for (let wanted = 1; ; wanted++) {
    let met = 0;
    let name: unknown;
    const stopping = schemaWith((carrier, key) => {
      if (!mapMethods.has(carrier, key)) return false;
      name = key;
      // What a merge brought may be given again: then the reader goes on although this is the wanted one.
      return ++met === wanted && wanted <= last;
    });
    try {
      const value = load(text, { schema: stopping, maxDepth });
      if (met < wanted || wanted > last) return { duplicates, value };
    } catch (error) {
      if (!isDuplicate(error)) throw yamlError(error);
      duplicates.push(`line ${(error.mark?.line ?? 0) + 1}: key ${typeof name === 'string' ? goQuote(name) : String(name)} already set in map`);
    }
  }
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
      mapMethods.addPair(out, key, copy(item, depth + 1));
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
