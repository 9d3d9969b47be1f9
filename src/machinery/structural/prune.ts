// Pruning: what a schema does not specify is taken out of the object, in place; where the schema preserves unknown
// fields, only the specified parts below are pruned. kind, apiVersion and metadata of whole resources are never touched.
import { isObject, type JsonObject } from '../patch/json-tree.ts';
import { asResource, type Structural } from './schema.ts';

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

interface Pruning {
  /** Paths of what was taken out; undefined when nobody asks. */
  readonly unknown: string[] | undefined;
}

/** Prunes a value; answers the paths of what was taken out, sorted, when `tell` is set. */
export function prune(value: unknown, schema: Structural | undefined, isResource: boolean, tell = false): string[] {
  const pruning: Pruning = { unknown: tell ? [] : undefined };
  pruneValue(value, isResource ? asResource(schema) : schema, '', pruning);
  return pruning.unknown?.sort() ?? [];
}

function member(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function take(object: JsonObject, name: string, path: string, { unknown }: Pruning): void {
  if (unknown !== undefined && (!metaFields.has(name) || path !== '')) unknown.push(member(path, name));
  delete object[name];
}

function pruneValue(value: unknown, schema: Structural | undefined, path: string, pruning: Pruning): void {
  if (schema?.preserveUnknownFields === true) {
    prunePreserved(value, schema, path, pruning);
    return;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) pruneValue(value[i], schema?.items, `${path}[${i}]`, pruning);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (schema === undefined) {
      take(value, name, path, pruning);
      continue;
    }
    if (schema.embeddedResource && metaFields.has(name)) continue;
    const property = schema.properties?.get(name);
    if (property !== undefined) pruneValue(value[name], property, member(path, name), pruning);
    else if (schema.additional !== undefined) pruneValue(value[name], schemaOf(schema.additional), member(path, name), pruning);
    else take(value, name, path, pruning);
  }
}

function schemaOf(additional: Structural | boolean): Structural | undefined {
  return typeof additional === 'object' ? additional : undefined;
}

function prunePreserved(value: unknown, schema: Structural | undefined, path: string, pruning: Pruning): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) prunePreserved(value[i], schema.items, `${path}[${i}]`, pruning);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (schema.embeddedResource && metaFields.has(name)) continue;
    const property = schema.properties?.get(name);
    if (property !== undefined) pruneValue(value[name], property, member(path, name), pruning);
    else if (schema.additional !== undefined) pruneValue(value[name], schemaOf(schema.additional), member(path, name), pruning);
  }
}
