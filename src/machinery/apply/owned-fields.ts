// The fields that an applied configuration claims: every leaf, every list item, every free map key. Structs
// are claimed through their fields only (structured-merge-diff's ToFieldSet).
import { isObject, type JsonObject } from '../patch/json-tree.ts';
import { leaf, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import { itemPathElement, PathElementError } from './path-element.ts';
import { deducedShape, type ListShape, type MapShape, type Shape } from './shape.ts';

/** The set of fields that `value` mentions. */
export function ownedFields(shape: Shape, value: unknown): FieldSet {
  return (owned(shape, value).children as FieldSet | undefined) ?? leaf;
}

interface Owned {
  /** The value itself is a leaf. */
  readonly self: boolean;
  readonly children: FieldSetBuilder | undefined;
}

const ownedLeaf: Owned = { self: true, children: undefined };
const nothing: Owned = { self: false, children: undefined };

function owned(shape: Shape, value: unknown): Owned {
  switch (shape.kind) {
    case 'scalar':
      return ownedLeaf;
    case 'any':
      if (shape.atomic || (value !== null && !isObject(value))) return ownedLeaf;
      return isObject(value) ? ownedMap(undefined, value) : nothing;
    case 'map':
      if (shape.atomic) return ownedLeaf;
      return isObject(value) ? ownedMap(shape, value) : nothing;
    case 'list':
      if (shape.relation === 'atomic') return ownedLeaf;
      return Array.isArray(value) ? ownedList(shape, value) : nothing;
  }
}

function ownedMap(shape: MapShape | undefined, value: JsonObject): Owned {
  const out: FieldSetBuilder = {};
  for (const key of Object.keys(value)) {
    const field = shape?.fields?.get(key);
    const item = value[key];
    const child = owned(field?.shape ?? shape?.element ?? deducedShape, item);
    const empty = item === null || (isObject(item) && Object.keys(item).length === 0);
    add(out, field?.path ?? `f:${key}`, child, empty || field === undefined);
  }
  return { self: false, children: out };
}

function ownedList(shape: ListShape, list: readonly unknown[]): Owned {
  const out: FieldSetBuilder = {};
  const seen = new Map<string, unknown[]>();
  for (const item of list) {
    try {
      const element = itemPathElement(shape, item);
      const items = seen.get(element);
      if (items === undefined) seen.set(element, [item]);
      else items.push(item);
    } catch (error) {
      if (!(error instanceof PathElementError)) throw error;
    }
  }
  for (const [element, items] of seen) add(out, element, items.length > 1 ? ownedLeaf : owned(shape.element, items[0]), true);
  return { self: false, children: out };
}

function add(out: FieldSetBuilder, element: string, child: Owned, member: boolean): void {
  const children = child.children;
  const empty = children === undefined || Object.keys(children).length === 0;
  if (!member && !child.self) {
    if (!empty) out[element] = children;
    return;
  }
  out[element] = empty ? leaf : { '.': leaf, ...children };
}
