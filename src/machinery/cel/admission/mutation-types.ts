// What mutations are written with: Object{spec: Object.spec{…}}, whose types are named by the way to their field, and
// JSONPatch{op: …, path: …, value: …} (upstream's pkg/cel/mutation). Fields of objects are not known beforehand; that
// types fit their places is checked when the value is used.
import { RawNumber } from '../../json-number.ts';
import type { CelResult, CelType, CelValue, TypeProvider } from '../contract.ts';
import { noSuchOverload } from '../library/declare.ts';
import { equalValues } from '../run/equality.ts';
import { toText } from '../standard/conversions.ts';
import { typeOf } from '../types/type-of.ts';
import { dynType, objectType, stringType } from '../types/types.ts';
import { CelError, type CelMap, type CelOpaque } from '../types/values.ts';

export const objectRootType = objectType('Object');
export const jsonPatchType = objectType('JSONPatch');

/** An Object{…}: a map that knows its type. */
export interface ObjectValue extends CelMap {
  readonly type: CelType;
  readonly fields: ReadonlyMap<string, CelValue>;
}

export interface JsonPatchValue extends CelOpaque {
  readonly patch: { readonly op: string; readonly path: string; readonly from: string; readonly value: CelValue | undefined };
}

export function isObjectValue(value: CelResult): value is ObjectValue {
  return typeof value === 'object' && value !== null && value.is === 'map' && value.type !== undefined && 'fields' in value;
}

export function isJsonPatchValue(value: CelResult): value is JsonPatchValue {
  return typeof value === 'object' && value !== null && value.is === 'opaque' && 'patch' in value;
}

function isObjectName(name: string): boolean {
  return name === 'Object' || name.startsWith('Object.');
}

function makeObject(typeName: string, fields: ReadonlyMap<string, CelValue>): ObjectValue {
  return {
    is: 'map',
    type: objectType(typeName),
    fields,
    size: fields.size,
    keys: () => [...fields.keys()],
    find: (key) => (typeof key === 'string' ? fields.get(key) : undefined),
    equals(other) {
      if (!isObjectValue(other) || other.type.name !== typeName || other.size !== fields.size) return false;
      return [...fields].every(([name, value]) => {
        const theirs = other.fields.get(name);
        return theirs !== undefined && equalValues(value, theirs) === true;
      });
    },
  };
}

const patchTexts = ['op', 'path', 'from'] as const;

function makePatch(fields: ReadonlyMap<string, CelValue>): CelResult {
  for (const name of patchTexts) {
    const value = fields.get(name);
    if (value !== undefined && typeof value !== 'string') return new CelError(`unexpected type for JSONPatchType '${name}' field`);
  }
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  const patch = { op: text('op'), path: text('path'), from: text('from'), value: fields.get('value') };
  const made: JsonPatchValue = {
    is: 'opaque',
    type: jsonPatchType,
    patch,
    equals(other) {
      if (!isJsonPatchValue(other) || patchTexts.some((name) => other.patch[name] !== patch[name])) return false;
      if (patch.value === undefined || other.patch.value === undefined) return patch.value === other.patch.value;
      return equalValues(patch.value, other.patch.value);
    },
    find: (field) => (field === 'op' || field === 'path' || field === 'from' ? patch[field] : field === 'value' ? patch.value : noSuchOverload()),
  };
  return made;
}

const patchFields: Readonly<Record<string, CelType>> = { op: stringType, path: stringType, from: stringType, value: dynType };

export const mutationTypes: TypeProvider = {
  findType: (name) => (name === 'JSONPatch' || isObjectName(name) ? objectType(name) : undefined),
  fieldNames: (typeName) => (typeName === 'JSONPatch' ? Object.keys(patchFields) : isObjectName(typeName) ? [] : undefined),
  findField: (typeName, field) => (isObjectName(typeName) ? dynType : typeName === 'JSONPatch' && Object.hasOwn(patchFields, field) ? patchFields[field] : undefined),
  make: (typeName, fields) => (typeName === 'JSONPatch' ? makePatch(fields) : makeObject(typeName, fields)),
};

/** Types of nested objects must be named as the way to them. Every mismatch, in upstream's words. */
export function typeMismatches(value: CelResult, path: readonly string[] = ['Object']): string[] {
  const problems: string[] = [];
  if (isObjectValue(value)) {
    const expected = path.join('.');
    if (value.type.name !== expected) problems.push(`unexpected type name "${value.type.name}", expected "${expected}", which matches field name path from root Object type`);
    for (const [name, field] of value.fields) problems.push(...typeMismatches(field, [...path, name]));
    return problems;
  }
  if (typeof value !== 'object' || value === null) return problems;
  if (value.is === 'list' && value.json === undefined) for (let i = 0; i < value.size; i++) problems.push(...typeMismatches(value.at(i), path));
  if (value.is === 'map' && value.json === undefined) for (const key of value.keys()) problems.push(...typeMismatches(value.find(key) ?? null, path));
  return problems;
}

/** The JSON that a value stands for. Throws for what JSON has no form for. */
export function toJson(value: CelResult): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return jsonInteger(value);
  switch (value.is) {
    case 'uint':
      return jsonInteger(value.value);
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    case 'list':
      return value.json ?? Array.from({ length: value.size }, (_, i) => toJson(value.at(i)));
    case 'map':
      return value.json ?? Object.fromEntries(value.keys().map((key) => [mapKey(key), toJson(value.find(key) ?? null)]));
    case 'optional':
      return value.value === undefined ? null : toJson(value.value);
    case 'error':
      throw new Error(value.message);
    default:
      return jsonText(value);
  }
}

function mapKey(key: CelValue): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  throw new Error('map key is not a string');
}

function jsonInteger(value: bigint): number | RawNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new RawNumber(String(value));
}

function jsonText(value: CelValue): string {
  const text = toText(value);
  if (typeof text !== 'string') throw new Error(`type conversion error from '${typeOf(value).name}' to JSON`);
  return text;
}
