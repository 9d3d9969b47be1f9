// Structural schemas: the OpenAPI schema of a custom resource's version as the tree that pruning, defaulting and the
// other walkers follow (upstream: apiextensions-apiserver/pkg/apiserver/schema). Value validations stay in `raw`; what
// shapes the object (properties, items, extensions) has a name of its own. Parsed once per definition.
import type { JSONSchemaProps, ValidationRule } from '#api/apiextensions/v1.ts';
import { isObject } from '../patch/json-tree.ts';

export interface Structural {
  /** The schema as its author wrote it. */
  readonly raw: JSONSchemaProps;
  /** '' where none is given. */
  readonly type: string;
  readonly nullable: boolean;
  /** undefined: none. */
  readonly default: unknown;
  readonly items: Structural | undefined;
  /** undefined when there are none. */
  readonly properties: ReadonlyMap<string, Structural> | undefined;
  /** A schema for all values, or whether there may be any. */
  readonly additional: Structural | boolean | undefined;
  readonly preserveUnknownFields: boolean;
  readonly embeddedResource: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly rules: readonly ValidationRule[];
}

/** A schema that is not structural by construction; the message is upstream's. */
export class SchemaError extends Error {
  override name = 'SchemaError';
}

/** A member that JSON may spell as a schema or as something else. */
export function asSchema(value: unknown): JSONSchemaProps | undefined {
  return isObject(value) ? value : undefined;
}

/** Throws SchemaError. */
export function parseStructural(schema: JSONSchemaProps): Structural {
  checkValueValidation(schema);
  checkPreserve(schema);
  let items: Structural | undefined;
  if (schema.items !== undefined) {
    if (Array.isArray(schema.items)) throw new SchemaError("OpenAPIV3Schema 'items' must be a schema, but is an array");
    const item = asSchema(schema.items);
    items = item === undefined ? undefined : parseStructural(item);
  }
  const properties = new Map<string, Structural>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) properties.set(name, parseStructural(property));
  const additional = asSchema(schema.additionalProperties);
  return node(schema, items, properties.size === 0 ? undefined : properties, additional === undefined ? (typeof schema.additionalProperties === 'boolean' ? schema.additionalProperties : undefined) : parseStructural(additional));
}

function node(raw: JSONSchemaProps, items: Structural['items'], properties: Structural['properties'], additional: Structural['additional']): Structural {
  return {
    raw,
    type: raw.type ?? '',
    nullable: raw.nullable === true,
    default: raw.default ?? undefined,
    items,
    properties,
    additional,
    preserveUnknownFields: raw['x-kubernetes-preserve-unknown-fields'] === true,
    embeddedResource: raw['x-kubernetes-embedded-resource'] === true,
    intOrString: raw['x-kubernetes-int-or-string'] === true,
    listType: raw['x-kubernetes-list-type'],
    listMapKeys: raw['x-kubernetes-list-map-keys'] ?? [],
    mapType: raw['x-kubernetes-map-type'],
    rules: raw['x-kubernetes-validations'] ?? [],
  };
}

const nothing: Structural = node({}, undefined, undefined, undefined);

/** The schema as that of a whole resource: kind, apiVersion and metadata are always there. */
export function asResource(schema: Structural | undefined): Structural {
  if (schema === undefined) return { ...nothing, embeddedResource: true };
  return schema.embeddedResource ? schema : { ...schema, embeddedResource: true };
}

function checkPreserve(schema: JSONSchemaProps): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) throw new SchemaError("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined");
}

/** The parts that no structural schema may have, here and in nested validations. */
function checkValueValidation(schema: JSONSchemaProps): void {
  const refuse = (name: string): never => {
    throw new SchemaError(`OpenAPIV3Schema '${name}' is not supported`);
  };
  if ((schema.id ?? '') !== '') refuse('id');
  if ((schema.$schema ?? '') !== '') refuse('schema');
  if ((schema.$ref ?? '') !== '') refuse('$ref');
  if (Object.keys(schema.patternProperties ?? {}).length > 0) refuse('patternProperties');
  if (Object.keys(schema.dependencies ?? {}).length > 0) refuse('dependencies');
  if (schema.additionalItems !== undefined) refuse('additionalItems');
  if (Object.keys(schema.definitions ?? {}).length > 0) refuse('definitions');
  for (const nested of nestedOf(schema)) checkNested(nested);
}

/** Every schema behind not, allOf, anyOf and oneOf. */
function nestedOf(schema: JSONSchemaProps): JSONSchemaProps[] {
  return [...(schema.not === undefined ? [] : [schema.not]), ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
}

function checkNested(schema: JSONSchemaProps): void {
  checkValueValidation(schema);
  checkPreserve(schema);
  if (Array.isArray(schema.items)) throw new SchemaError("OpenAPIV3Schema 'items' must be a schema, but is an array");
  const items = asSchema(schema.items);
  if (items !== undefined) checkNested(items);
  for (const property of Object.values(schema.properties ?? {})) checkNested(property);
  const additional = asSchema(schema.additionalProperties);
  if (additional !== undefined) checkNested(additional);
}

/** What holds for a member of an object: its own schema, or that of all free keys. */
export function memberSchema(schema: Structural, name: string): Structural | undefined {
  const own = schema.properties?.get(name);
  if (own !== undefined) return own;
  return typeof schema.additional === 'object' ? schema.additional : undefined;
}

/** Does the schema, or any below it, satisfy the test? */
export function someSchema(schema: JSONSchemaProps | undefined, test: (schema: JSONSchemaProps) => boolean): boolean {
  if (schema === undefined) return false;
  if (test(schema)) return true;
  const { items, not, allOf, anyOf, oneOf, properties, additionalProperties, patternProperties, additionalItems, definitions, dependencies } = schema;
  if (items !== undefined && (Array.isArray(items) ? someOf(items, test) : someSchema(asSchema(items), test))) return true;
  if (someSchema(not, test) || someOf(allOf, test) || someOf(anyOf, test) || someOf(oneOf, test) || someOf(properties, test)) return true;
  if (additionalProperties !== undefined && someSchema(asSchema(additionalProperties), test)) return true;
  if (additionalItems !== undefined && someSchema(asSchema(additionalItems), test)) return true;
  return someOf(patternProperties, test) || someOf(definitions, test) || someOf(dependencies, test);
}

/** Most nodes have none of these. */
function someOf(schemas: object | undefined, test: (schema: JSONSchemaProps) => boolean): boolean {
  return schemas !== undefined && Object.values(schemas).some((schema) => someSchema(asSchema(schema), test));
}
