// The schema of a custom resource as OpenAPI documents tell it (upstream: apiextensions-apiserver's openapi/builder and
// openapi/v2). v3 tells it as its author wrote it; v2 cannot say everything, and leaves out what would let clients
// refuse what the server takes.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { asSchema } from '../structural/schema.ts';
import { definitionName } from './definition-name.ts';
import type { Descriptions } from './descriptions.ts';
import { definitionOf } from './operations.ts';
import { referenceTo, typeMetaProse, type Dialect, type JsonDocument } from './schema-document.ts';

export interface CustomSchema {
  /** undefined: there is none, or it is not structural. */
  readonly schema: JSONSchemaProps | undefined;
  readonly listKind: string;
  /** The definition keeps what its schema does not know. */
  readonly preservesUnknown: boolean;
  /** Dotted, as field selectors name them. */
  readonly selectableFields: readonly string[];
}

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';

/** What is not told, or told under other rules. */
const untold: ReadonlySet<string> = new Set(['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions', 'example', 'externalDocs']);
const untoldInV2: ReadonlySet<string> = new Set([...untold, 'allOf', 'anyOf', 'oneOf', 'not', 'nullable']);

interface Telling {
  readonly dialect: Dialect;
  readonly descriptions: Descriptions;
}

function gvkExtension(info: ResourceInfo, kind: string): JsonDocument {
  return { 'x-kubernetes-group-version-kind': [{ group: info.group, kind, version: info.version }] };
}

function metaProperty({ dialect }: Telling, type: string, description: string): JsonDocument {
  const meta = referenceTo(dialect, definitionName(type) ?? '');
  return dialect === 'v3' ? { allOf: [meta], description } : { ...meta, description };
}

function typeMeta({ descriptions }: Telling, name: string): JsonDocument {
  return { type: 'string', description: descriptions.of('core.v1.ConfigMap')?.fields.get(name) ?? typeMetaProse[name] };
}

/** apiVersion, kind and metadata are those of every object. */
function objectProperties(telling: Telling): JsonDocument {
  return {
    apiVersion: typeMeta(telling, 'apiVersion'),
    kind: typeMeta(telling, 'kind'),
    metadata: metaProperty(telling, 'meta.v1.ObjectMeta', `Standard object's metadata. More info: ${conventions}#metadata`),
  };
}

export function customDefinition(info: ResourceInfo, custom: CustomSchema | undefined, telling: Telling): JsonDocument {
  return { ...ownDefinition(custom, telling), ...gvkExtension(info, info.kind), ...selectable(custom) };
}

function selectable(custom: CustomSchema | undefined): JsonDocument {
  const fields = custom?.selectableFields ?? [];
  return fields.length === 0 ? {} : { 'x-kubernetes-selectable-fields': fields.map((fieldPath) => ({ fieldPath })) };
}

/** Told members without a schema would let kubectl refuse all others. */
function ownDefinition(custom: CustomSchema | undefined, telling: Telling): JsonDocument {
  const schema = custom?.schema;
  const isOpen = custom?.preservesUnknown === true || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema === undefined || (telling.dialect === 'v2' && isOpen)) return { type: 'object' };
  const told = toldSchema(schema, telling);
  return { ...told, properties: { ...propertiesOf(told), ...objectProperties(telling) } };
}

function propertiesOf(told: JsonDocument): JsonDocument {
  const { properties } = told;
  return typeof properties === 'object' && properties !== null ? { ...properties } : {};
}

function toldSchema(schema: JSONSchemaProps, telling: Telling): JsonDocument {
  const told = telling.dialect === 'v2' ? ownInV2(schema) : ownInV3(schema);
  if (told['properties'] !== undefined) told['properties'] = mapSchemas(schema.properties ?? {}, telling);
  const items = asSchema(told['items']);
  if (items !== undefined) told['items'] = toldSchema(items, telling);
  const additional = asSchema(told['additionalProperties']);
  if (additional !== undefined) told['additionalProperties'] = toldSchema(additional, telling);
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['x-kubernetes-embedded-resource'] !== true || (isOpen && telling.dialect === 'v2')) return told;
  return { ...told, properties: { ...propertiesOf(told), ...objectProperties(telling) }, required: [...new Set([...(schema.required ?? []), 'kind', 'apiVersion'])] };
}

function mapSchemas(schemas: Readonly<Record<string, JSONSchemaProps>>, telling: Telling): JsonDocument {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toldSchema(schema, telling)]));
}

function without(schema: JSONSchemaProps, left: ReadonlySet<string>): JsonDocument {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !left.has(name)));
}

const eitherType: readonly JSONSchemaProps[] = [{ type: 'integer' }, { type: 'string' }];

function tellsEither(schema: JSONSchemaProps | undefined): boolean {
  return JSON.stringify(schema?.anyOf) === JSON.stringify(eitherType);
}

/** x-kubernetes-int-or-string says by itself what clients would not know. */
function ownInV3(schema: JSONSchemaProps): JsonDocument {
  const own = without(schema, untold);
  if (schema['x-kubernetes-int-or-string'] !== true || tellsEither(schema) || tellsEither(schema.allOf?.[0])) return own;
  return schema.anyOf === undefined ? { ...own, anyOf: eitherType } : { ...own, allOf: [{ anyOf: eitherType }, ...(schema.allOf ?? [])] };
}

function ownInV2(schema: JSONSchemaProps): JsonDocument {
  const left = new Set(untoldInV2);
  const drop = (...names: readonly string[]): void => names.forEach((name) => left.add(name));
  if (schema.nullable === true) drop('type', 'items', 'properties');
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) drop('items', 'properties', ...(schema.type === 'object' ? ['type'] : []));
  if (schema.type === 'array' && (schema.items === undefined || left.has('items'))) drop('type');
  const own = without(schema, left);
  const isNull = (name: string): boolean => !left.has('properties') && schema.properties?.[name]?.nullable === true;
  const required = asSchema(schema.additionalProperties)?.nullable === true ? [] : (schema.required ?? []).filter((name) => !isNull(name));
  if (required.length > 0) own['required'] = required;
  else delete own['required'];
  return own;
}

export function customListDefinition(info: ResourceInfo, custom: CustomSchema | undefined, telling: Telling): JsonDocument {
  const listKind = custom?.listKind ?? `${info.kind}List`;
  return {
    description: `${listKind} is a list of ${info.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: typeMeta(telling, 'apiVersion'),
      kind: typeMeta(telling, 'kind'),
      metadata: metaProperty(telling, 'meta.v1.ListMeta', `Standard list metadata. More info: ${conventions}#types-kinds`),
      items: { description: `List of ${info.plural}. More info: ${conventions}`, type: 'array', items: referenceTo(telling.dialect, definitionOf(info)) },
    },
    ...gvkExtension(info, listKind),
    ...selectable(custom),
  };
}
