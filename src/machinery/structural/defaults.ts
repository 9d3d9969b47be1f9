// Defaulting: absent members, and nulls where null is not allowed, become the schema's default. In place. Nulls that
// neither are allowed nor have a default are dropped first, so that they count as absent.
import { cloneJson, isObject, setKey } from '../patch/json-tree.ts';
import { memberSchema, type Structural } from './schema.ts';

function isRefusedNull(value: unknown, schema: Structural | undefined): boolean {
  return value === null && schema !== undefined && !schema.nullable;
}

/** Fills defaults into a value, in place. */
export function fillDefaults(value: unknown, schema: Structural | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (isRefusedNull(value[i], schema.items)) value[i] = cloneJson(schema.items?.default) ?? null;
      fillDefaults(value[i], schema.items);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [name, property] of schema.properties ?? []) {
    if (property.default === undefined) continue;
    if (!Object.hasOwn(value, name) || isRefusedNull(value[name], property)) setKey(value, name, cloneJson(property.default));
  }
  for (const name of Object.keys(value)) {
    const below = memberSchema(schema, name);
    if (below === undefined) continue;
    if (schema.properties?.has(name) !== true && isRefusedNull(value[name], below)) setKey(value, name, cloneJson(below.default) ?? null);
    fillDefaults(value[name], below);
  }
}

/** Drops null members that the schema neither allows nor replaces, in place. */
export function dropNulls(value: unknown, schema: Structural | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema?.items);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    const below = schema === undefined ? undefined : memberSchema(schema, name);
    if (isRefusedNull(value[name], below) && below?.default === undefined) delete value[name];
    else dropNulls(value[name], below);
  }
}
