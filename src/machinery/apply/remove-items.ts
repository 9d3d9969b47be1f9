// Removing a set of fields and list items from an object: how apply drops what a manager no longer wants.
// Atomic values lose everything or nothing; a container that loses its last content stays, empty.
import { isObject, setKey, type JsonObject } from '../patch/json-tree.ts';
import { below, hasElement, isEmptySet, isMember, leaf, type FieldSet } from './field-set.ts';
import { itemPathElement } from './path-element.ts';
import { deducedShape, type ListShape, type Shape } from './shape.ts';

/** `value` without the members of `set`; untouched subtrees are shared. */
export function removeItems(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (isEmptySet(set)) return value;
  const removed = remove(shape, value, set);
  if (removed !== undefined) return removed;
  return Array.isArray(value) ? [] : isObject(value) ? {} : null;
}

/** undefined: nothing is left (structured-merge-diff's null). */
function remove(shape: Shape, value: unknown, set: FieldSet): unknown {
  switch (shape.kind) {
    case 'scalar':
      return value;
    case 'any':
      if (!isObject(value)) return Array.isArray(value) ? undefined : value;
      return shape.atomic ? undefined : removeFromMap(shape, value, set);
    case 'map':
      return isObject(value) && !shape.atomic ? removeFromMap(shape, value, set) : undefined;
    case 'list':
      return Array.isArray(value) && shape.relation !== 'atomic' ? removeFromList(shape, value, set) : undefined;
  }
}

function removeFromMap(shape: Shape, map: JsonObject, set: FieldSet): JsonObject | undefined {
  const out: JsonObject = {};
  let matched = false;
  let count = 0;
  for (const key of Object.keys(map)) {
    const field = shape.kind === 'map' ? shape.fields?.get(key) : undefined;
    const path = field?.path ?? `f:${key}`;
    if (hasElement(set, path)) continue;
    const inner = below(set, path);
    let kept = map[key];
    if (!isEmptySet(inner)) {
      matched = true;
      kept = removeItems(field?.shape ?? (shape.kind === 'map' ? shape.element : undefined) ?? deducedShape, kept, inner);
    }
    setKey(out, key, kept);
    count++;
  }
  return count > 0 || matched ? out : undefined;
}

function removeFromList(shape: ListShape, list: readonly unknown[], set: FieldSet): unknown[] | undefined {
  const out: unknown[] = [];
  let matched = false;
  for (const item of list) {
    const node = set[itemPathElement(shape, item)];
    if (node !== undefined && isMember(node)) continue;
    const inner = node ?? leaf;
    if (isEmptySet(inner)) {
      out.push(item);
    } else {
      matched = true;
      out.push(removeItems(shape.element, item, inner));
    }
  }
  return out.length > 0 || matched ? out : undefined;
}
