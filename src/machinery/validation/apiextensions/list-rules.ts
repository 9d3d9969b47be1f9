// What x-kubernetes-list-type, -list-map-keys and -map-type ask of a schema.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { addAll, child, forbiddenField, invalidValue, key, notSupported, required, type FieldError } from '../../field-errors.ts';
import { asSchema } from '../../structural/schema.ts';

/** Items of sets and keys of maps cannot be null, and keys are always there. */
export function listKeyErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const items = asSchema(schema.items);
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return [];
  const errors: FieldError[] = [];
  const at = child(path, 'items');
  if (items.nullable === true) errors.push(forbiddenField(child(at, 'nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType === 'set') return errors;
  const always = new Set(items.required);
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = items.properties?.[name];
    if (property === undefined) continue;
    const own = key(child(at, 'properties'), name);
    if (!always.has(name) && property.default === undefined) {
      errors.push(required(child(own, 'default'), 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
    }
    if (property.nullable === true) errors.push(forbiddenField(child(own, 'nullable'), 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
  return errors;
}

function typeError(schema: JSONSchemaProps, path: string, wanted: string, extension: string): FieldError {
  const detail = `must be ${wanted} if ${extension} is specified`;
  return (schema.type ?? '') === '' ? required(child(path, 'type'), detail) : invalidValue(child(path, 'type'), schema.type, detail);
}

export function listTypeErrors(schema: JSONSchemaProps, path: string, requireAtomicSets: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const mapType = schema['x-kubernetes-map-type'];
  const listType = schema['x-kubernetes-list-type'];
  const items = asSchema(schema.items);
  if (mapType !== undefined && schema.type !== 'object') errors.push(typeError(schema, path, 'object', 'x-kubernetes-map-type'));
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular') errors.push(notSupported(child(path, 'x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  if (listType !== undefined && schema.type !== 'array') errors.push(typeError(schema, path, 'array', 'x-kubernetes-list-type'));
  else if (requireAtomicSets && listType === 'set' && items !== undefined) addAll(errors, setItemErrors(items, child(path, 'items')));
  if (listType !== undefined && listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
    errors.push(notSupported(child(path, 'x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
  }
  addAll(errors, mapKeyErrors(schema, path));
  return errors;
}

function setItemErrors(items: JSONSchemaProps, path: string): FieldError[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') return [invalidValue(child(path, 'x-kubernetes-list-type'), listType, detail)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') return [invalidValue(child(path, 'x-kubernetes-map-type'), listType ?? null, detail)];
  return [];
}

function mapKeyErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const listType = schema['x-kubernetes-list-type'];
  const atType = child(path, 'x-kubernetes-list-type');
  if (keys.length > 0 && listType === undefined) errors.push(required(atType, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  else if (keys.length > 0 && listType !== 'map') errors.push(invalidValue(atType, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  if (listType !== 'map') return errors;
  const atKeys = child(path, 'x-kubernetes-list-map-keys');
  const atItems = child(path, 'items');
  if (keys.length === 0) errors.push(required(atKeys, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.items === undefined) errors.push(required(atItems, 'must have a schema if x-kubernetes-list-type is map'));
  const items = asSchema(schema.items);
  if (schema.items !== undefined && items === undefined) errors.push(invalidValue(atItems, schema.items, 'must only have a single schema if x-kubernetes-list-type is map'));
  if (items === undefined) return errors;
  if (items.type !== 'object') {
    errors.push(invalidValue(child(atItems, 'type'), items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
    return errors;
  }
  const seen = new Set<string>();
  for (const name of keys) {
    const property = items.properties?.[name];
    if (property === undefined) errors.push(invalidValue(atKeys, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      errors.push(invalidValue(child(key(child(atItems, 'properties'), name), 'type'), items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (seen.has(name)) errors.push(invalidValue(atKeys, keys, 'must not contain duplicate entries'));
    seen.add(name);
  }
  return errors;
}
