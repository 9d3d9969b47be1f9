// JSON as CEL sees it under a schema: lazy views that read a field when an expression asks for it and copy nothing.
// Each schema is turned into a reader once. What a schema does not declare cannot be reached; null in an optional
// field is absence. Follows upstream's UnstructuredToVal.
import { RawNumber } from '../../json-number.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import { equalValues } from '../run/equality.ts';
import { isJsonObject } from '../types/json-value.ts';
import { opaqueType } from '../types/types.ts';
import { noSuchOverload } from '../run/compare.ts';
import { CelError, isError, type CelMap, type CelOpaque, type CelResult, type CelValue } from '../types/values.ts';
import { escapeName, unescapeName } from './escape.ts';
import { formatReader } from './formats.ts';
import { AtomicList, MapList, SetList } from './lists.ts';
import { resourceNode, valueNode, type SchemaNode } from './node.ts';

export type Reader = (json: unknown) => CelResult;

interface ObjectShape {
  /** Whether it has declared properties; else it is a map, or nothing can be read from it. */
  readonly isObject: boolean;
  /** The JSON name behind a key. */
  nameOf(key: string): string | undefined;
  readerOf(name: string): Reader | undefined;
}

class ObjectView implements CelMap {
  readonly is = 'map';
  readonly json: Readonly<Record<string, unknown>>;
  private readonly shape: ObjectShape;

  constructor(json: Readonly<Record<string, unknown>>, shape: ObjectShape) {
    this.json = json;
    this.shape = shape;
  }

  get size(): number {
    return Object.keys(this.json).length;
  }

  find(key: CelValue): CelResult | undefined {
    if (typeof key !== 'string') return noSuchOverload();
    const { shape, json } = this;
    const name = shape.nameOf(key);
    if (name === undefined || !Object.hasOwn(json, name)) return undefined;
    const value = json[name];
    if (shape.isObject && (value === null || value === undefined)) return undefined;
    return shape.readerOf(name)?.(value);
  }

  keys(): readonly CelValue[] {
    const { shape, json } = this;
    const keys: string[] = [];
    for (const name of Object.keys(json)) {
      if (shape.readerOf(name) !== undefined) keys.push(shape.isObject ? escapeName(name) ?? name : name);
    }
    return keys;
  }

  equals(other: CelMap): boolean | CelError {
    if (this.size !== other.size) return false;
    const { shape, json } = this;
    for (const name of Object.keys(json)) {
      if (shape.readerOf(name) === undefined) {
        if (!(other instanceof ObjectView)) return noSuchOverload();
        if (Object.hasOwn(other.json, name) && !jsonEqual(json[name], other.json[name])) return false;
        continue;
      }
      const key = shape.isObject ? escapeName(name) ?? name : name;
      const ours = this.find(key);
      const theirs = other.find(key);
      if (ours === undefined && theirs === undefined) continue;
      if (ours === undefined || theirs === undefined) return false;
      const same = equalValues(ours, theirs);
      if (same !== true) return same;
    }
    return true;
  }
}

function objectShape(node: SchemaNode): ObjectShape {
  const { properties } = node;
  if (node.embeddedResource || properties !== undefined) {
    const known = node.embeddedResource ? resourceNode(node).properties : properties;
    const readers = new Map<string, Reader>();
    const names = new Map<string, string>();
    for (const [name, property] of known ?? []) {
      readers.set(name, reader(property));
      const escaped = escapeName(name);
      if (escaped !== undefined) names.set(escaped, name);
    }
    return { isObject: known !== undefined, nameOf: (key) => names.get(key) ?? unescapeName(key), readerOf: (name) => readers.get(name) };
  }
  const values = valueNode(node);
  const read = values === undefined ? undefined : reader(values);
  return { isObject: false, nameOf: (key) => key, readerOf: () => read };
}

function objectReader(node: SchemaNode): Reader {
  let shape: ObjectShape | undefined;
  return (json) => {
    if (!isJsonObject(json)) return new CelError('invalid data, expected a map for the provided schema with type=object');
    shape ??= objectShape(node);
    return new ObjectView(json, shape);
  };
}

function listReader(node: SchemaNode): Reader {
  const { items, listType } = node;
  if (items === undefined) return () => new CelError('invalid array type, expected Items with a non-empty Schema');
  let read: Reader | undefined;
  const keys = node.listMapKeys.map((key) => escapeName(key) ?? key);
  return (json) => {
    if (!Array.isArray(json)) return new CelError('invalid data, expected an array for the provided schema with type=array');
    const readItem = (read ??= reader(items));
    const array: readonly unknown[] = json;
    const at = (index: number) => readItem(array[index]);
    if (listType === 'map') return new MapList(array.length, at, keys, array);
    return listType === 'set' ? new SetList(array.length, at, array) : new AtomicList(array.length, at, array);
  };
}

function goTypeName(json: unknown): string {
  if (json === null || json === undefined) return '<nil>';
  if (Array.isArray(json)) return '[]interface {}';
  switch (typeof json) {
    case 'string': return 'string';
    case 'boolean': return 'bool';
    case 'number': return Number.isSafeInteger(json) ? 'int64' : 'float64';
    default: return json instanceof RawNumber ? 'int64' : 'map[string]interface {}';
  }
}

function wholeNumber(json: unknown): bigint | undefined {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
  return json instanceof RawNumber ? BigInt(json.text) : undefined;
}

function mustBe(json: unknown, expected: string): CelError {
  return new CelError(`invalid data, expected ${expected}, got ${goTypeName(json)}`);
}

/** Data that no type describes: it can be compared and nothing else. */
function unknownData(json: unknown): CelOpaque & { readonly json: unknown } {
  return {
    is: 'opaque', type: opaqueType('unknown'), json,
    equals: (other) => typeof other === 'object' && other !== null && 'json' in other && jsonEqual(json, other.json),
  };
}

function scalarReader(node: SchemaNode): Reader {
  switch (node.type) {
    case 'string': {
      const read = formatReader(node.raw.format);
      return (json) => (typeof json !== 'string' ? mustBe(json, 'string') : read === undefined ? json : read(json));
    }
    case 'number': return (json) => (typeof json === 'number' ? json : json instanceof RawNumber ? Number(json.text) : mustBe(json, 'float'));
    case 'integer': return (json) => wholeNumber(json) ?? mustBe(json, 'int');
    case 'boolean': return (json) => (typeof json === 'boolean' ? json : mustBe(json, 'bool'));
  }
  if (node.preserveUnknownFields) return unknownData;
  const message =
    'invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ';
  return () => new CelError(message + node.type);
}

function intOrString(json: unknown): CelResult {
  if (typeof json === 'string') return json;
  return wholeNumber(json) ?? new CelError('invalid data, expected XIntOrString value to be either a string or integer');
}

function typedReader(node: SchemaNode): Reader {
  if (node.intOrString) return intOrString;
  if (node.type === 'object') return objectReader(node);
  return node.type === 'array' ? listReader(node) : scalarReader(node);
}

const readers = new WeakMap<SchemaNode, Reader>();

/** How values under a schema are read. */
export function reader(node: SchemaNode): Reader {
  let made = readers.get(node);
  if (made === undefined) {
    const typed = typedReader(node);
    made = (json) => {
      if (json !== null && json !== undefined) return typed(json);
      return node.nullable ? null : new CelError('invalid data, got null for schema with nullable=false');
    };
    readers.set(node, made);
  }
  return made;
}

/** A JSON value under a schema as a CEL value; `isResourceRoot` makes kind, apiVersion and metadata readable. */
export function valueUnder(node: SchemaNode, json: unknown, isResourceRoot = false): CelResult {
  return reader(isResourceRoot ? resourceNode(node) : node)(json);
}

/** The JSON behind a value, for results that go back into an object; undefined for what JSON cannot say. */
export function jsonOf(value: CelResult): unknown {
  if (isError(value)) return undefined;
  if (typeof value === 'bigint') return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : new RawNumber(String(value));
  if (typeof value !== 'object' || value === null) return value;
  switch (value.is) {
    case 'list': return value.json ?? Array.from({ length: value.size }, (_, i) => jsonOf(value.at(i)));
    case 'map': return value.json ?? Object.fromEntries(value.keys().map((key) => [String(jsonOf(key)), jsonOf(value.find(key) ?? null)]));
    case 'uint': return jsonOf(value.value);
    default: return undefined;
  }
}

