// The fields that an applied configuration claims: every leaf, every list item, every free map key. Structs
// are claimed through their fields only (structured-merge-diff's ToFieldSet).
import { isObject, isSmall, type JsonObject } from '../patch/json-tree.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { asMember, isEmptySet, leaf, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import { enterItem, Repeated } from './list-items.ts';
import { itemPathElement, PathElementError } from './path-element.ts';
import { deducedShape, type ListShape, type MapShape, type Shape } from './shape.ts';

/** The set of fields that `value` mentions. */
export function ownedFields(shape: Shape, value: unknown): FieldSet {
  return (owned(shape, value).children as FieldSet | undefined) ?? leaf;
}

/** As ownedFields, in slices. */
export function* owningFields(shape: Shape, value: unknown): Sliced<FieldSet> {
  const { children } = yield* owning(shape, value, { spent: 0 });
  return (children as FieldSet | undefined) ?? leaf;
}

interface Owned {
  /** The value itself is a leaf. */
  readonly self: boolean;
  /** undefined when there are none. */
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

function* owning(shape: Shape, value: unknown, pace: Pace): Sliced<Owned> {
  if (isObject(value) && (shape.kind === 'any' || shape.kind === 'map') && !shape.atomic) return yield* owningMap(shape.kind === 'map' ? shape : undefined, value, pace);
  if (Array.isArray(value) && shape.kind === 'list' && shape.relation !== 'atomic') return yield* owningList(shape, value, pace);
  return owned(shape, value);
}

function* owningMap(shape: MapShape | undefined, value: JsonObject, pace: Pace): Sliced<Owned> {
  const out: FieldSetBuilder = {};
  let isEmpty = true;
  const keys = Object.keys(value);
  for (const key of keys) {
    const item = value[key];
    const field = shape?.fields?.get(key);
    const inside = field?.shape ?? shape?.element ?? deducedShape;
    const child = isSmall(item, keys.length) ? owned(inside, item) : yield* owning(inside, item, pace);
    if (addField(out, field?.path ?? `f:${key}`, item, child, field === undefined)) isEmpty = false;
    if (isDue(pace, item)) yield;
  }
  return isEmpty ? nothing : { self: false, children: out };
}

function* owningList(shape: ListShape, list: readonly unknown[], pace: Pace): Sliced<Owned> {
  const out: FieldSetBuilder = {};
  const seen = new Map<string, unknown>();
  for (const item of list) {
    enterSelectable(out, seen, shape, item);
    if (isDue(pace)) yield;
  }
  for (const [element, item] of seen) {
    add(out, element, item instanceof Repeated ? ownedLeaf : isSmall(item, seen.size) ? owned(shape.element, item) : yield* owning(shape.element, item, pace), true);
    if (isDue(pace, item)) yield;
  }
  return isNothing(seen, out) ? nothing : { self: false, children: out };
}

function isNothing(seen: ReadonlyMap<string, unknown>, out: FieldSetBuilder): boolean {
  return seen.size === 0 && isEmptySet(out as FieldSet);
}

/** False when there is nothing to add. */
function addField(out: FieldSetBuilder, path: string, item: unknown, child: Owned, isFree: boolean): boolean {
  return add(out, path, child, isFree || item === null || (child.children === undefined && isObject(item) && Object.keys(item).length === 0));
}

/** What no step can select is left out; scalars are leaves already. */
function enterSelectable(out: FieldSetBuilder, seen: Map<string, unknown>, shape: ListShape, item: unknown): void {
  try {
    const element = itemPathElement(shape, item);
    if (shape.element.kind === 'scalar') out[element] = leaf;
    else enterItem(seen, element, item);
  } catch (error) {
    if (!(error instanceof PathElementError)) throw error;
  }
}

function ownedMap(shape: MapShape | undefined, value: JsonObject): Owned {
  const out: FieldSetBuilder = {};
  let isEmpty = true;
  for (const key of Object.keys(value)) {
    const field = shape?.fields?.get(key);
    const item = value[key];
    const child = owned(field?.shape ?? shape?.element ?? deducedShape, item);
    if (addField(out, field?.path ?? `f:${key}`, item, child, field === undefined)) isEmpty = false;
  }
  return isEmpty ? nothing : { self: false, children: out };
}

function ownedList(shape: ListShape, list: readonly unknown[]): Owned {
  const out: FieldSetBuilder = {};
  const seen = new Map<string, unknown>();
  for (const item of list) enterSelectable(out, seen, shape, item);
  for (const [element, item] of seen) add(out, element, item instanceof Repeated ? ownedLeaf : owned(shape.element, item), true);
  return isNothing(seen, out) ? nothing : { self: false, children: out };
}

/** False when there is nothing to add. */
function add(out: FieldSetBuilder, element: string, child: Owned, member: boolean): boolean {
  const { children } = child;
  if (children === undefined) {
    if (!member && !child.self) return false;
    out[element] = leaf;
  } else {
    out[element] = member || child.self ? asMember(children as FieldSet) : children;
  }
  return true;
}
