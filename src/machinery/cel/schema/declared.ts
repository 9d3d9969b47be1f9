// The CEL type of a schema, with what cost estimates need of it: how many elements or characters there can be in a
// request of 3 MiB, and how small a value can be on the wire. Objects get names by their path; what a schema does
// not type is not declared.
import type { TypeProvider } from '../contract.ts';
import {
  boolType, bytesType, doubleType, durationType, dynType, intType, listType, mapType, objectType, stringType, timestampType, type CelType,
} from '../types/types.ts';
import { escapeName, isKeyword } from './escape.ts';
import { resourceNode, valueNode, type SchemaNode } from './node.ts';

const maxRequestBytes = 3 * 1024 * 1024;
const maxText = maxRequestBytes - 2;

/** No bound is known. */
export const unboundedElements = Number.MAX_SAFE_INTEGER;

export interface DeclaredField {
  readonly type: Declared;
  readonly required: boolean;
}

export interface Declared {
  readonly type: CelType;
  /** Of an object: by escaped name. */
  readonly fields: ReadonlyMap<string, DeclaredField> | undefined;
  /** Of a list or map. */
  readonly element: Declared | undefined;
  /** Elements, entries, characters or bytes; 0 where it means nothing. */
  readonly maxElements: number;
  readonly minSerializedSize: number;
}

function scalar(type: CelType, minSerializedSize: number, maxElements = 0): Declared {
  return { type, fields: undefined, element: undefined, maxElements, minSerializedSize };
}

const declaredBool = scalar(boolType, 4);
const declaredDouble = scalar(doubleType, 1);
const declaredInt = scalar(intType, 1);
/** Keys of maps. */
export const declaredString = scalar(stringType, 2);

function limit(value: number): number {
  return Math.max(0, value);
}

function declaredText({ raw }: SchemaNode): Declared {
  switch (raw.format) {
    case 'byte': return scalar(bytesType, 2, raw.maxLength === undefined ? maxText : limit(raw.maxLength));
    case 'duration': return scalar(durationType, 3, 32);
    case 'date': return scalar(timestampType, 12, 12);
    case 'date-time': return scalar(timestampType, 21, 32);
  }
  if (raw.maxLength !== undefined) return scalar(stringType, 2, limit(raw.maxLength) * 4);
  if (raw.enum === undefined || raw.enum.length === 0) return scalar(stringType, 2, maxText);
  return scalar(stringType, 2, Math.max(0, ...raw.enum.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0))));
}

interface Walk {
  /** Schemas being declared: one that contains itself is not declared further. */
  readonly open: Set<SchemaNode>;
}

function declaredList(node: SchemaNode, name: string, walk: Walk): Declared | undefined {
  if (node.items === undefined) return undefined;
  const element = declare(node.items, `${name}.@idx`, node.items.embeddedResource, walk);
  if (element === undefined) return undefined;
  const { maxItems } = node.raw;
  const maxElements = maxItems === undefined ? Math.floor((maxRequestBytes - 2) / (element.minSerializedSize + 1)) : limit(maxItems);
  return { type: listType(element.type), fields: undefined, element, maxElements, minSerializedSize: 2 };
}

function declaredMap(node: SchemaNode, values: SchemaNode, name: string, walk: Walk): Declared | undefined {
  const element = declare(values, `${name}.@elem`, values.embeddedResource, walk);
  if (element === undefined) return undefined;
  const { maxProperties } = node.raw;
  const maxElements = maxProperties === undefined ? Math.floor((maxRequestBytes - 2) / (element.minSerializedSize + 6)) : limit(maxProperties);
  return { type: mapType(stringType, element.type), fields: undefined, element, maxElements, minSerializedSize: 2 };
}

function declaredObject(node: SchemaNode, typeName: string, walk: Walk): Declared {
  const fields = new Map<string, DeclaredField>();
  const required = new Set(node.raw.required ?? []);
  let minSerializedSize = 2;
  for (const [property, schema] of node.properties ?? []) {
    const escaped = escapeName(property);
    const type = declare(schema, `${typeName}.${escaped ?? property}`, schema.embeddedResource, walk);
    if (type === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, { type, required: required.has(property) });
    if (required.has(property) && schema.default === undefined) minSerializedSize += Buffer.byteLength(property) + type.minSerializedSize + 4;
  }
  return { type: objectType(typeName), fields, element: undefined, maxElements: 0, minSerializedSize };
}

function declare(given: SchemaNode, name: string, isResource: boolean, walk: Walk): Declared | undefined {
  if (given.intOrString) return scalar(dynType, 1, given.raw.maxLength === undefined ? maxText : limit(given.raw.maxLength) * 4);
  if (walk.open.has(given)) return undefined;
  const node = isResource ? resourceNode(given) : given;
  walk.open.add(given);
  try {
    switch (node.type) {
      case 'array': return declaredList(node, name, walk);
      case 'object': {
        const values = valueNode(node);
        return values === undefined ? declaredObject(node, name, walk) : declaredMap(node, values, name, walk);
      }
      case 'string': return declaredText(node);
      case 'boolean': return declaredBool;
      case 'number': return declaredDouble;
      case 'integer': return declaredInt;
      default: return undefined;
    }
  } finally {
    walk.open.delete(given);
  }
}

/**
 * The declared type of a schema; undefined when expressions must not see it. `name` names its objects and must be
 * no variable's name: `selfType1` for a variable `self`.
 */
export function declaredType(node: SchemaNode, name: string, isResourceRoot: boolean): Declared | undefined {
  return declare(node, name, isResourceRoot, { open: new Set() });
}

function collect(declared: Declared, into: Map<string, Declared>): void {
  if (declared.fields !== undefined) {
    into.set(declared.type.name, declared);
    for (const { type } of declared.fields.values()) collect(type, into);
  }
  if (declared.element !== undefined) collect(declared.element, into);
}

export interface ProviderOptions {
  /** A keyword after a dot means the field of that name: `object.metadata.namespace`. */
  readonly keywordFields?: boolean;
}

/** The object types of these declarations, for an environment. */
export function typeProvider(roots: readonly Declared[], { keywordFields = false }: ProviderOptions = {}): TypeProvider {
  const objects = new Map<string, Declared>();
  for (const root of roots) collect(root, objects);
  return {
    findType: (name) => objects.get(name)?.type,
    fieldNames: (typeName) => {
      const fields = objects.get(typeName)?.fields;
      return fields === undefined ? undefined : [...fields.keys()];
    },
    findField: (typeName, field) => {
      const fields = objects.get(typeName)?.fields;
      const found = fields?.get(field) ?? (keywordFields && isKeyword(field) ? fields?.get(`__${field}__`) : undefined);
      return found?.type.type;
    },
  };
}
