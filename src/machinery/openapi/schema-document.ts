// One type as an OpenAPI schema, in the dialects of v2 and v3. Shapes, list types and keys, patch strategies
// and defaults come from the schema tables, prose from `Descriptions`.
import type { FieldSchema, TypeSchema, UnionSchema } from '#api/schema.ts';
import { typeOf } from '#api/schema.ts';
import { gvkOfType } from '../group-of-type.ts';
import { definitionName } from './definition-name.ts';
import type { Descriptions } from './descriptions.ts';

export type JsonDocument = Record<string, unknown>;

export type Dialect = 'v2' | 'v3';

const prefixes: Readonly<Record<Dialect, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };

export function referenceTo(dialect: Dialect, name: string): JsonDocument {
  return { $ref: `${prefixes[dialect]}${name}` };
}

const inPlace: Readonly<Record<string, JsonDocument>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { format: 'int32', type: 'integer' },
  int64: { format: 'int64', type: 'integer' },
  uint32: { format: 'int64', type: 'integer' },
  uint64: { format: 'int64', type: 'integer' },
  double: { format: 'double', type: 'number' },
  bytes: { format: 'byte', type: 'string' },
};

const unionTypes: ReadonlySet<string> = new Set(['JSON', 'JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray'].map((name) => `apiextensions.v1.${name}`));

function valueSchema(dialect: Dialect, type: string): JsonDocument {
  return { ...(inPlace[type] ?? referenceTo(dialect, definitionName(type) ?? type)) };
}

function zeroOf(field: FieldSchema): unknown {
  if (field.nullable || !field.always || field.shape !== 'one') return undefined;
  if (field.type === 'string') return '';
  if (field.type === 'bool') return false;
  if (field.type === 'int32' || field.type === 'int64' || field.type === 'double') return 0;
  return field.type.includes('.') && !unionTypes.has(field.type) ? {} : undefined;
}

const noValues: readonly string[] = [];

/** A type may be used by other fields: what is said about this use stands beside the reference. */
function fieldSchema(dialect: Dialect, owner: string, field: FieldSchema, description: string | undefined, values: readonly string[]): JsonDocument {
  const out: JsonDocument = {};
  const item = valueSchema(dialect, field.type);
  if (values.length > 0) item['enum'] = values;
  if (field.shape === 'list') Object.assign(out, { type: 'array', items: item });
  else if (field.shape === 'map') Object.assign(out, { type: 'object', additionalProperties: item });
  else if (field.shape === 'listMap') Object.assign(out, { type: 'object', additionalProperties: { type: 'array', items: item } });
  else Object.assign(out, item);
  // Of lists and maps the values stand with the items alone.
  if (description !== undefined) out['description'] = values.length === 0 || field.shape !== 'one' ? description : `${description}\n\nPossible enum values:\n${values.map((value) => ` - \`${JSON.stringify(value)}\``).join('\n')}`;
  // In v3 nothing may stand beside a reference: it moves into a list of its own.
  const fallback = dialect === 'v3' ? (field.default ?? zeroOf(field)) : undefined;
  if (fallback !== undefined) out['default'] = fallback;
  if (field.shape === 'list') {
    if (field.listKeys.length > 0) out['x-kubernetes-list-map-keys'] = field.listKeys;
    if (field.listType !== undefined) out['x-kubernetes-list-type'] = field.listType;
  } else if (field.listType === 'atomic') {
    out[field.type === 'bytes' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type'] = 'atomic';
  } else if (field.granular) {
    out['x-kubernetes-map-type'] = 'granular';
  }
  const strategy = [field.patchReplace ? 'replace' : '', field.patchMerge ? 'merge' : '', field.patchRetainKeys ? 'retainKeys' : ''].filter((word) => word !== '').join(',');
  if (field.patchMergeKey !== undefined) out['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  if (strategy !== '') out['x-kubernetes-patch-strategy'] = strategy;
  return dialect === 'v3' && out['$ref'] !== undefined && !isBare(owner, field) ? wrapped(out) : out;
}

function wrapped({ $ref, ...beside }: JsonDocument): JsonDocument {
  return { allOf: [{ $ref }], ...beside };
}

/** Fields of which nothing is said beside their type. */
function isBare(owner: string, field: FieldSchema): boolean {
  return (owner === 'apiextensions.v1.JSONSchemaProps' && field.name !== 'default') || (owner === 'networking.v1.IngressRule' && field.name === 'http');
}

export const typeMetaProse: Readonly<Record<string, string>> = {
  apiVersion: 'The group and version of the schema this object follows, for example apps/v1. Servers convert what they recognise and may refuse what they do not.',
  kind: 'The REST resource this object represents, in CamelCase. Servers may infer it from the endpoint. It cannot be changed.',
};

/** The kinds under which a type is known in the given group-versions: options and events travel in all of them. */
function kindsOf(type: string, groupVersions: readonly { group: string; version: string }[]): JsonDocument[] {
  const { group, version, kind } = gvkOfType(type);
  if (type === 'meta.v1.DeleteOptions' || type === 'meta.v1.WatchEvent') {
    const all = [{ group: '', version: 'v1' }, ...groupVersions.filter((gv) => gv.group !== '')];
    return all.map((gv) => ({ group: gv.group, kind, version: gv.version }));
  }
  return [{ group, kind, version }];
}

function unionDocument({ discriminator, fields }: UnionSchema): JsonDocument {
  return {
    ...(discriminator === undefined ? {} : { discriminator }),
    ...(Object.keys(fields).length === 0 ? {} : { 'fields-to-discriminateBy': fields }),
  };
}

/** The schema of a message type. @param enums Are the values told that a field may have? */
export function messageSchema(dialect: Dialect, type: string, descriptions: Descriptions, groupVersions: readonly { group: string; version: string }[], enums = true): JsonDocument {
  const schema: TypeSchema = typeOf(type);
  const prose = descriptions.of(type);
  const properties: Record<string, JsonDocument> = {};
  if (schema.isObject) {
    for (const name of ['apiVersion', 'kind']) properties[name] = { description: prose?.fields.get(name) ?? typeMetaProse[name], type: 'string' };
  }
  for (const field of schema.fields) {
    const text = isBare(type, field) ? undefined : (prose?.fields.get(field.name) ?? descriptions.of(field.type)?.description);
    properties[field.name] = fieldSchema(dialect, type, field, text, enums ? field.enum : noValues);
  }
  const required = schema.fields.filter((field) => field.required).map((field) => field.name);
  return {
    ...(prose?.description === undefined ? {} : { description: prose.description }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
    type: 'object',
    ...(schema.isObject || type === 'meta.v1.WatchEvent' ? { 'x-kubernetes-group-version-kind': kindsOf(type, groupVersions) } : {}),
    ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(schema.unions.length === 0 ? {} : { 'x-kubernetes-unions': schema.unions.map(unionDocument) }),
  };
}

/** The schema of a scalar that has a name of its own, or of a union that JSON spells in several ways. */
export function namedScalarSchema(dialect: Dialect, type: string): JsonDocument {
  switch (type) {
    case 'time':
    case 'microTime':
      return { description: 'A point in time, written as RFC 3339.', format: 'date-time', type: 'string' };
    case 'quantity':
      return { description: 'A number with a unit, such as 100m, 1.5 or 2Gi; kept exactly.', ...(dialect === 'v3' ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { type: 'string' }) };
    case 'intOrString':
      return { description: 'A 32-bit integer or a string.', format: 'int-or-string', ...(dialect === 'v3' ? { oneOf: [{ type: 'integer' }, { type: 'string' }] } : { type: 'string' }) };
    case 'duration':
      return { description: 'A span of time, such as 1h30m.', type: 'string' };
    case 'fieldsV1':
      return { description: 'A set of fields as a tree, as server-side apply keeps it.', type: 'object' };
    case 'rawExtension':
      return { description: 'An object of any kind.', type: 'object' };
    default:
      return { description: 'A value that JSON may spell in more than one way.' };
  }
}

export function isUnionType(type: string): boolean {
  return unionTypes.has(type);
}
