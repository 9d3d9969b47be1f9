// What changed between two objects, as three sets of field paths: added, modified, removed. A create is
// the comparison with an empty object. Subtrees that both sides share are skipped without a look, so an
// update costs what it changes. Follows structured-merge-diff's Compare, quirks included: an empty list
// or map is a leaf only against another empty one, duplicates of a list item are compared as a block.
import { isObject, isSmall, jsonEqual, type JsonObject } from '../patch/json-tree.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { leaf, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import { enterItem, itemsByElement, Repeated, stepsOf } from './list-items.ts';
import { itemPathElement } from './path-element.ts';
import { deducedShape, type ListShape, type MapShape, type Shape } from './shape.ts';
import { gatheringSet, memberSet } from './shared-sets.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Changes {
  added: FieldSetBuilder | undefined;
  modified: FieldSetBuilder | undefined;
  removed: FieldSetBuilder | undefined;
}

/** Compares two objects of one shape. Throws PathElementError where a changed list has an item that no step can select. */
export function compareObjects(shape: Shape, before: unknown, after: unknown): Comparison {
  const changes: Changes = { added: undefined, modified: undefined, removed: undefined };
  if (before !== after) compareInside(shape, before, after, changes);
  return concluded(changes);
}

/** As compareObjects, in slices. */
export function* comparing(shape: Shape, before: unknown, after: unknown): Sliced<Comparison> {
  const changes: Changes = { added: undefined, modified: undefined, removed: undefined };
  if (before !== after) yield* comparingInside(shape, before, after, changes, { spent: 0 });
  return concluded(changes);
}

function concluded({ added, modified, removed }: Changes): Comparison {
  return { added: (added as FieldSet | undefined) ?? leaf, modified: (modified as FieldSet | undefined) ?? leaf, removed: (removed as FieldSet | undefined) ?? leaf };
}

function* comparingInside(shape: Shape, before: unknown, after: unknown, out: Changes, pace: Pace): Sliced<'leaf' | undefined> {
  if ((isObject(before) || isObject(after)) && (shape.kind === 'map' || shape.kind === 'any') && !shape.atomic) {
    const isEmpty = yield* comparingMaps(shape.kind === 'map' ? shape : deducedMap, asMap(before), asMap(after), out, pace);
    if (isEmpty) return 'leaf';
    return shape.kind === 'map' || (isObject(before) && isObject(after)) || before === null || after === null ? undefined : 'leaf';
  }
  if (shape.kind !== 'list' || shape.relation !== 'map' || (isEmptyList(before) && isEmptyList(after))) return compareInside(shape, before, after, out);
  if (jsonEqual(before, after)) return undefined;
  const left = yield* enteringItems(shape, asList(before), pace);
  const right = yield* enteringItems(shape, asList(after), pace);
  for (const [element, item] of right) {
    const known = left.get(element);
    if (known === undefined && !(item instanceof Repeated)) (out.added ??= {})[element] = isSmall(item, right.size) ? wholeTree(shape.element, item) : yield* growingTree(shape.element, item, pace);
    else if (known === undefined || isSmall(item, right.size) || item instanceof Repeated || known instanceof Repeated) compareItems(shape, element, known, item, out);
    else yield* comparingField(shape.element, element, known, item, out, pace);
    if (isDue(pace, item)) yield;
  }
  for (const [element, item] of left) if (!right.has(element)) compareItems(shape, element, item, undefined, out);
  return undefined;
}

function* enteringItems(shape: ListShape, list: readonly unknown[], pace: Pace): Sliced<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const item of list) {
    enterItem(found, itemPathElement(shape, item), item);
    if (isDue(pace)) yield;
  }
  return found;
}

/** True where both are empty. */
function* comparingMaps(shape: MapShape, before: JsonObject, after: JsonObject, out: Changes, pace: Pace): Sliced<boolean> {
  const rights = Object.keys(after);
  for (const key of rights) {
    const right = after[key];
    const field = shape.fields?.get(key);
    const child = field === undefined ? (shape.element ?? deducedShape) : field.shape;
    const path = field === undefined ? `f:${key}` : field.path;
    if (!Object.hasOwn(before, key)) (out.added ??= {})[path] = yield* growingTree(child, right, pace);
    else if (isSmall(right, rights.length) && isSmall(before[key], rights.length)) compareField(child, path, before[key], right, out);
    else yield* comparingField(child, path, before[key], right, out, pace);
    if (isDue(pace, right)) yield;
  }
  const lefts = Object.keys(before);
  for (const key of lefts) {
    if (isDue(pace)) yield;
    if (Object.hasOwn(after, key)) continue;
    const field = shape.fields?.get(key);
    (out.removed ??= {})[field === undefined ? `f:${key}` : field.path] = yield* growingTree(field === undefined ? (shape.element ?? deducedShape) : field.shape, before[key], pace);
  }
  return rights.length + lefts.length === 0;
}

function* comparingField(shape: Shape, path: string, before: unknown, after: unknown, out: Changes, pace: Pace): Sliced<void> {
  if (before === after) return;
  const below: Changes = { added: undefined, modified: undefined, removed: undefined };
  const isLeaf = (yield* comparingInside(shape, before, after, below, pace)) === 'leaf';
  enterBelow(path, isLeaf && !jsonEqual(before, after), below, out);
}

/** As wholeTree. */
function* growingTree(shape: Shape, value: unknown, pace: Pace): Sliced<FieldSet> {
  if (Array.isArray(value) && shape.kind === 'list' && shape.relation === 'map') return yield* growingList(shape, value, pace);
  if (!isObject(value) || (shape.kind !== 'map' && shape.kind !== 'any') || shape.atomic) return wholeTree(shape, value);
  const keys = Object.keys(value);
  const elements: string[] = [];
  const children: FieldSet[] = [];
  for (const key of keys) {
    const field = shape.kind === 'map' ? shape.fields?.get(key) : undefined;
    const child = field === undefined ? ((shape.kind === 'map' ? shape.element : undefined) ?? deducedShape) : field.shape;
    elements.push(field === undefined ? `f:${key}` : field.path);
    children.push(isSmall(value[key], keys.length) ? wholeTree(child, value[key]) : yield* growingTree(child, value[key], pace));
    if (isDue(pace, value[key])) yield;
  }
  return yield* gatheringSet(elements, children, pace);
}

function* growingList(shape: ListShape, value: readonly unknown[], pace: Pace): Sliced<FieldSet> {
  const items = yield* enteringItems(shape, value, pace);
  if (items.size === 0) return wholeTree(shape, value);
  const children: FieldSet[] = [];
  for (const item of items.values()) {
    children.push(item instanceof Repeated ? leaf : isSmall(item, items.size) ? wholeTree(shape.element, item) : yield* growingTree(shape.element, item, pace));
    if (isDue(pace, item)) yield;
  }
  return yield* gatheringSet([...items.keys()], children, pace);
}

/** The children that must be looked at one by one; 'leaf' when the two values count as a whole. */
function compareInside(shape: Shape, before: unknown, after: unknown, out: Changes): 'leaf' | undefined {
  switch (shape.kind) {
    case 'scalar':
      return 'leaf';
    case 'any':
      return compareDeduced(shape.atomic, before, after, out);
    case 'map': {
      if (shape.atomic || (isEmptyMap(before) && isEmptyMap(after))) return 'leaf';
      compareMaps(shape, asMap(before), asMap(after), out);
      return undefined;
    }
    case 'list': {
      if (shape.relation === 'atomic' || (isEmptyList(before) && isEmptyList(after))) return 'leaf';
      if (jsonEqual(before, after)) return undefined;
      compareLists(shape, asList(before), asList(after), out);
      return undefined;
    }
  }
}

function compareDeduced(atomic: boolean, before: unknown, after: unknown, out: Changes): 'leaf' | undefined {
  const left = isObject(before);
  const right = isObject(after);
  if (atomic || (!left && !right)) return 'leaf';
  if (isEmptyMap(before) && isEmptyMap(after)) return 'leaf';
  compareMaps(deducedMap, asMap(before), asMap(after), out);
  // A map against something else changes the field itself as well.
  return (left && right) || before === null || after === null ? undefined : 'leaf';
}

const deducedMap: MapShape = { kind: 'map', atomic: false, fields: undefined, element: deducedShape };

const noMap: JsonObject = {};

function asMap(value: unknown): JsonObject {
  return isObject(value) ? value : noMap;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isEmptyMap(value: unknown): boolean {
  if (!isObject(value)) return true;
  for (const _ in value) return false;
  return true;
}

function isEmptyList(value: unknown): boolean {
  return !Array.isArray(value) || value.length === 0;
}

function compareMaps(shape: MapShape, before: JsonObject, after: JsonObject, out: Changes): void {
  for (const key in after) {
    const right = after[key];
    const field = shape.fields?.get(key);
    const child = field === undefined ? (shape.element ?? deducedShape) : field.shape;
    const path = field === undefined ? `f:${key}` : field.path;
    if (before !== noMap && Object.hasOwn(before, key)) compareField(child, path, before[key], right, out);
    else (out.added ??= {})[path] = wholeTree(child, right);
  }
  if (before === noMap) return;
  // Not for…in: V8 (13.6) compiles a read by its key that seldom happens in such a loop over and over.
  for (const key of Object.keys(before)) {
    if (Object.hasOwn(after, key)) continue;
    const field = shape.fields?.get(key);
    const child = field === undefined ? (shape.element ?? deducedShape) : field.shape;
    (out.removed ??= {})[field === undefined ? `f:${key}` : field.path] = wholeTree(child, before[key]);
  }
}

function compareField(shape: Shape, path: string, before: unknown, after: unknown, out: Changes): void {
  if (before === after) return;
  const below: Changes = { added: undefined, modified: undefined, removed: undefined };
  enterBelow(path, compareInside(shape, before, after, below) === 'leaf' && !jsonEqual(before, after), below, out);
}

function enterBelow(path: string, changed: boolean, below: Changes, out: Changes): void {
  if (below.added !== undefined) (out.added ??= {})[path] = below.added;
  if (below.removed !== undefined) (out.removed ??= {})[path] = below.removed;
  if (changed) below.modified = below.modified === undefined ? {} : { '.': leaf, ...below.modified };
  if (below.modified !== undefined) (out.modified ??= {})[path] = below.modified;
}

/** Every path of a value that exists on one side only, the containers included. */
function wholeTree(shape: Shape, value: unknown): FieldSet {
  switch (shape.kind) {
    case 'scalar':
      return leaf;
    case 'any':
      return shape.atomic || !isObject(value) ? leaf : wholeMap(deducedMap, value);
    case 'map':
      return shape.atomic || !isObject(value) ? leaf : wholeMap(shape, value);
    case 'list':
      return shape.relation === 'atomic' || !Array.isArray(value) || value.length === 0 ? leaf : wholeList(shape, value);
  }
}

function wholeMap(shape: MapShape, value: JsonObject): FieldSet {
  const elements: string[] = [];
  const children: FieldSet[] = [];
  for (const key of Object.keys(value)) {
    const field = shape.fields?.get(key);
    elements.push(field === undefined ? `f:${key}` : field.path);
    children.push(wholeTree(field === undefined ? (shape.element ?? deducedShape) : field.shape, value[key]));
  }
  return memberSet(elements, children);
}

/** Of a list without an item that a step could select. */
const unselectable: FieldSet = { '.': leaf };

function wholeList(shape: ListShape, value: readonly unknown[]): FieldSet {
  if (shape.element.kind === 'scalar') return memberSet([...stepsOf(shape, value)], undefined);
  const elements: string[] = [];
  const children: FieldSet[] = [];
  for (const [element, item] of itemsByElement(shape, value)) {
    elements.push(element);
    children.push(item instanceof Repeated ? leaf : wholeTree(shape.element, item));
  }
  if (elements.length === 0) return unselectable;
  return memberSet(elements, children);
}

function compareLists(shape: ListShape, before: readonly unknown[], after: readonly unknown[], out: Changes): void {
  if (shape.relation === 'set' && compareScalars(shape, before, after, out)) return;
  const left = itemsByElement(shape, before);
  const right = itemsByElement(shape, after);
  for (const [element, item] of right) compareItems(shape, element, left.get(element), item, out);
  for (const [element, item] of left) if (!right.has(element)) compareItems(shape, element, item, undefined, out);
}

/** Compares sets of scalars that hold nothing twice, spelling only what differs; false when they are none. */
function compareScalars(shape: ListShape, before: readonly unknown[], after: readonly unknown[], out: Changes): boolean {
  const left = scalarsOf(before);
  const right = left === undefined ? undefined : scalarsOf(after);
  if (left === undefined || right === undefined) return false;
  for (const item of right) if (!left.has(item)) (out.added ??= {})[itemPathElement(shape, item)] = leaf;
  for (const item of left) if (!right.has(item)) (out.removed ??= {})[itemPathElement(shape, item)] = leaf;
  return true;
}

/** undefined where something else is among them, or something twice. */
function scalarsOf(list: readonly unknown[]): Set<unknown> | undefined {
  if (!list.every((item) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean')) return undefined;
  const found = new Set<unknown>(list);
  return found.size < list.length ? undefined : found;
}

/** @param before undefined where there is none. */
function compareItems(shape: ListShape, element: string, before: unknown, after: unknown, out: Changes): void {
  if (!(before instanceof Repeated || after instanceof Repeated)) {
    if (before === undefined) (out.added ??= {})[element] = wholeTree(shape.element, after);
    else if (after === undefined) (out.removed ??= {})[element] = wholeTree(shape.element, before);
    else compareField(shape.element, element, before, after, out);
  } else if (before instanceof Repeated && after instanceof Repeated) {
    if (!jsonEqual(before.items, after.items)) (out.modified ??= {})[element] = leaf;
  } else if (before instanceof Repeated) {
    if (after !== undefined) (out.added ??= {})[element] = wholeTree(shape.element, after);
    (out.removed ??= {})[element] = leaf;
  } else {
    if (before !== undefined) (out.removed ??= {})[element] = wholeTree(shape.element, before);
    (out.added ??= {})[element] = leaf;
  }
}
