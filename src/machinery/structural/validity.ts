// Is a schema structural? The rules of KEP-1979 with upstream's texts: every node that is specified has a type, nested
// validations (allOf, anyOf, oneOf, not) say nothing about shape, and mention nothing that the skeleton does not have.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { child, errorText, forbiddenField, index, invalidValue, key, required, type FieldError } from '../field-errors.ts';
import { jsonEqual } from '../patch/json-tree.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { asSchema, type Structural } from './schema.ts';
import { patternProblem } from './pattern.ts';

type Level = 'root' | 'item' | 'field';

/** What is not structural about a schema, in the order of the texts; none when it is structural. */
export function structuralErrors(path: string, schema: Structural): FieldError[] {
  return atOnce(checkingStructure(path, schema));
}

/** As structuralErrors, with pauses. */
export function* checkingStructure(path: string, schema: Structural): Sliced<FieldError[]> {
  const errors: FieldError[] = [];
  yield* checkingNode(schema, 'root', path, errors, { left: nodesPerSlice });
  yield;
  checkComplete(schema.raw, schema, path, path, errors);
  yield;
  return errors.map((error) => [errorText(error), error] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, error]) => error);
}

export function isStructural(schema: Structural): boolean {
  return structuralErrors('', schema).length === 0;
}

const nodesPerSlice = 1000;

function* checkingNode(schema: Structural, level: Level, path: string, errors: FieldError[], pace: { left: number }): Sliced<void> {
  if (--pace.left === 0) {
    pace.left = nodesPerSlice;
    yield;
  }
  const { raw } = schema;
  if (schema.type === 'array' && schema.items === undefined) errors.push(required(child(path, 'items'), 'must be specified'));
  if (schema.items !== undefined) yield* checkingNode(schema.items, 'item', child(path, 'items'), errors, pace);
  for (const [name, property] of schema.properties ?? []) yield* checkingNode(property, 'field', key(child(path, 'properties'), name), errors, pace);
  if (schema.additional !== undefined) {
    if (level === 'root') errors.push(forbiddenField(child(path, 'additionalProperties'), 'must not be used at the root'));
    if (typeof schema.additional === 'object') yield* checkingNode(schema.additional, 'field', child(path, 'additionalProperties'), errors, pace);
  }
  if (schema.intOrString && schema.preserveUnknownFields) errors.push(invalidValue(child(path, 'x-kubernetes-preserve-unknown-fields'), true, 'must be false if x-kubernetes-int-or-string is true'));
  if (schema.intOrString && schema.embeddedResource) errors.push(invalidValue(child(path, 'x-kubernetes-embedded-resource'), true, 'must be false if x-kubernetes-int-or-string is true'));
  checkValues(raw, isIntOrStringAnyOf(raw), isIntOrStringAllOf(raw), level, path, errors);
  checkType(schema, level, path, errors);
  checkResourceMeta(schema, level, path, errors);
}

function checkType(schema: Structural, level: Level, path: string, errors: FieldError[]): void {
  const at = child(path, 'type');
  if (schema.embeddedResource && schema.type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(schema.type === '' ? required(at, detail) : invalidValue(at, schema.type, detail));
  } else if (schema.type === '' && !schema.intOrString && !schema.preserveUnknownFields) {
    const where = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields' }[level];
    errors.push(required(at, `must not be empty ${where}`));
  }
  if (schema.embeddedResource && schema.additional !== undefined) {
    errors.push(forbiddenField(child(path, 'additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (level === 'root' && schema.type !== '' && schema.type !== 'object') errors.push(invalidValue(at, schema.type, 'must be object at the root'));
}

/** kind, apiVersion and metadata of whole resources have their fixed types. */
function checkResourceMeta(schema: Structural, level: Level, path: string, errors: FieldError[]): void {
  const isResource = level === 'root' || schema.embeddedResource;
  const properties = child(path, 'properties');
  for (const name of ['kind', 'apiVersion']) {
    const property = schema.properties?.get(name);
    if (isResource && property !== undefined && property.type !== 'string') errors.push(invalidValue(child(key(properties, name), 'type'), property.type, 'must be string'));
  }
  const metadata = schema.properties?.get('metadata');
  if (metadata !== undefined) {
    if (isResource && metadata.type !== 'object') errors.push(invalidValue(child(key(properties, 'metadata'), 'type'), metadata.type, 'must be object'));
    if (level === 'root' && !isPlainMetadata(metadata)) {
      errors.push(forbiddenField(key(properties, 'metadata'), 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
    }
  }
  if (schema.embeddedResource && !schema.preserveUnknownFields && schema.properties === undefined) {
    errors.push(required(properties, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
  }
}

function isPlainMetadata({ raw }: Structural): boolean {
  const { type: _type, default: _default, properties, ...rest } = raw;
  const onlyNames = Object.keys(properties ?? {}).every((name) => name === 'name' || name === 'generateName');
  return onlyNames && Object.keys(rest).length === 0;
}

const intOrString = [{ type: 'integer' }, { type: 'string' }];

/** The `anyOf` that says integer or string, which x-kubernetes-int-or-string allows to spell out. */
export function isIntOrStringAnyOf(schema: JSONSchemaProps): boolean {
  return jsonEqual(schema.anyOf ?? [], intOrString);
}

export function isIntOrStringAllOf(schema: JSONSchemaProps): boolean {
  return jsonEqual(schema.allOf?.[0]?.anyOf ?? [], intOrString);
}

function checkValues(schema: JSONSchemaProps, skipAnyOf: boolean, skipFirstAllOf: boolean, level: Level, path: string, errors: FieldError[]): void {
  if (!skipAnyOf) schema.anyOf?.forEach((nested, i) => checkNested(nested, false, level, index(child(path, 'anyOf'), i), errors));
  schema.allOf?.forEach((nested, i) => checkNested(nested, skipFirstAllOf && i === 0, level, index(child(path, 'allOf'), i), errors));
  schema.oneOf?.forEach((nested, i) => checkNested(nested, false, level, index(child(path, 'oneOf'), i), errors));
  if (schema.not !== undefined) checkNested(schema.not, false, level, child(path, 'not'), errors);
  const problem = schema.pattern === undefined ? undefined : patternProblem(schema.pattern);
  if (problem !== undefined) errors.push(invalidValue(child(path, 'pattern'), schema.pattern, `must be a valid regular expression, but isn't: ${problem}`));
}

/** Members that say something about shape, and how upstream words that they may not. */
const shapeMembers: readonly (readonly [name: keyof JSONSchemaProps, wanted: string])[] = [
  ['default', 'undefined'], ['title', 'empty'], ['description', 'empty'], ['nullable', 'false'], ['x-kubernetes-preserve-unknown-fields', 'false'], ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'], ['x-kubernetes-list-map-keys', 'empty'], ['x-kubernetes-list-type', 'undefined'], ['x-kubernetes-map-type', 'undefined'], ['x-kubernetes-validations', 'empty'],
];

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
}

function checkNested(schema: JSONSchemaProps, skipAnyOf: boolean, level: Level, path: string, errors: FieldError[]): void {
  checkValues(schema, skipAnyOf, false, level, path, errors);
  const items = asSchema(schema.items);
  if (items !== undefined) checkNested(items, false, level, child(path, 'items'), errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkNested(property, false, 'field', key(child(path, 'properties'), name), errors);
  if (isGiven(schema.type)) errors.push(forbiddenField(child(path, 'type'), 'must be empty to be structural'));
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    errors.push(forbiddenField(child(path, 'additionalProperties'), 'must be undefined to be structural'));
  }
  for (const [name, wanted] of shapeMembers) {
    if (isGiven(schema[name])) errors.push(forbiddenField(child(path, name), `must be ${wanted} to be structural`));
  }
  if (Object.hasOwn(schema.properties ?? {}, 'metadata')) errors.push(forbiddenField(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'));
}

/** Whatever a nested validation mentions, the skeleton must specify. */
function checkComplete(nested: JSONSchemaProps, schema: Structural, schemaPath: string, nestedPath: string, errors: FieldError[]): void {
  const below = (part: JSONSchemaProps, path: string): void => checkMentioned(part, schema, schemaPath, path, errors);
  if (nested.not !== undefined) below(nested.not, child(nestedPath, 'not'));
  nested.allOf?.forEach((part, i) => below(part, index(child(nestedPath, 'allOf'), i)));
  nested.anyOf?.forEach((part, i) => below(part, index(child(nestedPath, 'anyOf'), i)));
  nested.oneOf?.forEach((part, i) => below(part, index(child(nestedPath, 'oneOf'), i)));
}

function checkMentioned(nested: JSONSchemaProps, schema: Structural | undefined, schemaPath: string, nestedPath: string, errors: FieldError[]): void {
  if (schema === undefined) {
    errors.push(required(schemaPath, `because it is defined in ${nestedPath}`));
    return;
  }
  checkComplete(nested, schema, schemaPath, nestedPath, errors);
  const items = asSchema(nested.items);
  if (items !== undefined) checkMentioned(items, schema.items, child(schemaPath, 'items'), child(nestedPath, 'items'), errors);
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const at = key(child(schemaPath, 'properties'), name);
    checkMentioned(property, schema.properties?.get(name), at, key(child(nestedPath, 'properties'), name), errors);
  }
}
