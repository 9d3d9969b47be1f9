// Lists that are sets hold no item twice, lists that are maps no key twice.
import { addAll, child, duplicate, index, invalidValue, key, type FieldError } from '../field-errors.ts';
import { isObject, own } from '../patch/json-tree.ts';
import { canonicalText } from './canonical-text.ts';
import type { Structural } from './schema.ts';

/** What is doubled in the lists of an object. */
export function validateListTypes(schema: Structural | undefined, value: unknown, path = ''): FieldError[] {
  const errors: FieldError[] = [];
  if (schema !== undefined) check(schema, value, path, errors);
  return errors;
}

function check(schema: Structural, value: unknown, path: string, errors: FieldError[]): void {
  if (Array.isArray(value)) {
    checkList(schema, value, path, errors);
    return;
  }
  if (!isObject(value)) return;
  const { additional, properties } = schema;
  if (typeof additional === 'object') for (const name of Object.keys(value)) check(additional, value[name], key(path, name), errors);
  if (properties === undefined) return;
  for (const name of Object.keys(value)) {
    const property = properties.get(name);
    if (property !== undefined) check(property, value[name], child(path, name), errors);
  }
}

function checkList(schema: Structural, list: readonly unknown[], path: string, errors: FieldError[]): void {
  if (schema.listType === 'set') for (const at of doubled(list)) errors.push(duplicate(index(path, at), list[at]));
  if (schema.listType === 'map') addAll(errors, mapErrors(schema, list, path));
  const { items } = schema;
  if (items !== undefined) list.forEach((item, i) => check(items, item, index(path, i), errors));
}

/** The second places of what occurs more than once. */
function doubled(list: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  list.forEach((item, i) => {
    const text = canonicalText(item);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) found.push(i);
  });
  return found;
}

function mapErrors(schema: Structural, list: readonly unknown[], path: string): FieldError[] {
  const stranger = list.findIndex((item) => item !== null && !isObject(item));
  if (stranger >= 0) return [invalidValue(index(path, stranger), list[stranger], 'must be an object for an array of list-type map')];
  const keys = list.map((item) => {
    const parts: Record<string, unknown> = {};
    for (const name of schema.listMapKeys) if (isObject(item) && Object.hasOwn(item, name)) parts[name] = own(item, name);
    return parts;
  });
  return doubled(keys).map((at) => duplicate(index(path, at), keys[at]));
}
