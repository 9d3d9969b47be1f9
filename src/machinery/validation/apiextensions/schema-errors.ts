// Every node of a definition's schema: what OpenAPI v3 has but custom resources may not, the list and map extensions,
// and how validation rules are written. What rules mean is rule-errors.ts's.
import type { JSONSchemaProps, ValidationRule } from '#api/apiextensions/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import type { Sliced } from '../../slices.ts';
import { asSchema, parseStructural, SchemaError } from '../../structural/schema.ts';
import { findFieldPath } from '../../structural/field-path.ts';
import { listKeyErrors, listTypeErrors } from './list-rules.ts';
import { schemaTypes, type ValidationOptions } from './options.ts';

interface Place {
  readonly isRoot: boolean;
  readonly insideMeta: boolean;
  /** Why no default may stand here; undefined: it may. */
  readonly noDefaults: string | undefined;
}

const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

/** What is wrong with a schema and all below it, with pauses. */
export function* checkingSchema(schema: JSONSchemaProps, path: string, options: ValidationOptions): Sliced<FieldError[]> {
  const walk: Walk = { options, errors: [], left: nodesPerSlice };
  yield* checking(schema, path, { isRoot: true, insideMeta: false, noDefaults: undefined }, walk);
  return walk.errors;
}

interface Walk {
  readonly options: ValidationOptions;
  readonly errors: FieldError[];
  /** Until the next pause. */
  left: number;
}

const nodesPerSlice = 1000;

function* checking(schema: JSONSchemaProps | undefined, path: string, place: Place, walk: Walk): Sliced<void> {
  if (schema === undefined) return;
  if (--walk.left === 0) {
    walk.left = nodesPerSlice;
    yield;
  }
  const { options, errors } = walk;
  addAll(errors, standardErrors(schema, path, place, options));
  if (schema.uniqueItems === true) errors.push(forbiddenField(child(path, 'uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  yield* checkingBelow(schema, path, { ...place, isRoot: false }, place.isRoot, walk);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) errors.push(invalidValue(child(path, 'x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  addAll(errors, listTypeErrors(schema, path, options.requireAtomicSets));
  if (options.requireListKeys) addAll(errors, listKeyErrors(schema, path));
  for (const [i, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) addAll(errors, writtenErrors(schema, rule, index(child(path, 'x-kubernetes-validations'), i)));
}

function* checkingBelow(schema: JSONSchemaProps, path: string, place: Place, isRoot: boolean, walk: Walk): Sliced<void> {
  const properties = Object.entries(schema.properties ?? {});
  if (schema.additionalProperties !== undefined) {
    const additional = asSchema(schema.additionalProperties);
    if (properties.length > 0 && (schema.additionalProperties === false || additional !== undefined)) {
      walk.errors.push(forbiddenField(child(path, 'additionalProperties'), 'additionalProperties and properties are mutual exclusive'));
    }
    const inside = place.insideMeta ? { ...place, noDefaults: 'inside additionalProperties applying to object metadata' } : place;
    yield* checking(additional, child(path, 'additionalProperties'), inside, walk);
  }
  for (const [name, property] of properties) {
    const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name);
    const inside = { ...place, insideMeta: place.insideMeta || isMeta, noDefaults: isMeta && isRoot ? `in top-level ${name}` : place.noDefaults };
    yield* checking(property, key(child(path, 'properties'), name), inside, walk);
  }
  yield* checking(schema.not, child(path, 'not'), place, walk);
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) for (const [i, part] of (schema[name] ?? []).entries()) yield* checking(part, index(child(path, name), i), place, walk);
  for (const [name, part] of Object.entries(schema.definitions ?? {})) yield* checking(part, key(child(path, 'definitions'), name), place, walk);
  if (Array.isArray(schema.items)) for (const [i, item] of schema.items.entries()) yield* checking(asSchema(item), index(child(path, 'items'), i), place, walk);
  else yield* checking(asSchema(schema.items), child(path, 'items'), place, walk);
  for (const [name, part] of Object.entries(schema.dependencies ?? {})) yield* checking(asSchema(part), key(child(path, 'dependencies'), name), place, walk);
}

function standardErrors(schema: JSONSchemaProps, path: string, place: Place, options: ValidationOptions): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (name: string, detail = `${name} is not supported`): void => void errors.push(forbiddenField(child(path, name), detail));
  const { type = '' } = schema;
  if (options.requireValidTypes && type !== '' && !schemaTypes.includes(type)) errors.push(notSupported(child(path, 'type'), type, schemaTypes));
  if (schema.default !== undefined && place.noDefaults !== undefined) refuse('default', `must not be set ${place.noDefaults}`);
  if ((schema.id ?? '') !== '') refuse('id');
  if (schema.additionalItems !== undefined) refuse('additionalItems');
  if (Object.keys(schema.patternProperties ?? {}).length > 0) refuse('patternProperties');
  if (Object.keys(schema.definitions ?? {}).length > 0) refuse('definitions');
  if (schema.dependencies !== undefined) refuse('dependencies');
  if (schema.$ref !== undefined) refuse('$ref');
  if (type === 'null') refuse('type', 'type cannot be set to null, use nullable as an alternative');
  if (Array.isArray(schema.items) && schema.items.length > 0) refuse('items', 'items must be a schema object and not an array');
  if (place.insideMeta && schema['x-kubernetes-embedded-resource'] === true) refuse('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  return errors;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const lineBreak = /[\n\r]/;

function writtenErrors(schema: JSONSchemaProps, rule: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = '', messageExpression = '', fieldPath = '' } = rule;
  const text = rule.rule.trim();
  if (text === '') errors.push(required(child(path, 'rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '') errors.push(invalidValue(child(path, 'message'), message, 'must be non-empty if specified'));
  else if (lineBreak.test(message.trim())) errors.push(invalidValue(child(path, 'message'), message, 'must not contain line breaks'));
  else if (lineBreak.test(text) && message.trim() === '') errors.push(required(child(path, 'message'), 'message must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '') errors.push(required(child(path, 'messageExpression'), 'messageExpression must be non-empty if specified'));
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) errors.push(notSupported(child(path, 'reason'), rule.reason, reasons));
  if (fieldPath === '') return errors;
  const at = child(path, 'fieldPath');
  if (fieldPath.trim() === '') errors.push(invalidValue(at, fieldPath, 'must be non-empty if specified'));
  if (lineBreak.test(fieldPath)) errors.push(invalidValue(at, fieldPath, 'must not contain line breaks'));
  if (!isPath(schema, fieldPath)) errors.push(invalidValue(at, fieldPath, 'must be a valid path'));
  return errors;
}

function isPath(schema: JSONSchemaProps, path: string): boolean {
  let structural;
  try {
    structural = parseStructural(schema);
  } catch (error) {
    if (error instanceof SchemaError) return true;
    throw error;
  }
  try {
    findFieldPath(path, structural, true);
    return true;
  } catch {
    return false;
  }
}
