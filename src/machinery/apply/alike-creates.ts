// What the creator of an object owns follows from the object's keys alone, not from its texts and numbers. Objects
// that programs create are mostly made alike (the pods of a Deployment, one agent's events), so the fields of the last
// few makes are kept, and a new object is held against them. Bounded: small objects, few makes of each shape.
import { cloneJson, isObject, jsonEqual, type JsonObject } from '../patch/json-tree.ts';
import { RecentSlots } from '../recent-slots.ts';
import { isTwin } from '../twins.ts';
import type { FieldSet } from './field-set.ts';
import { sortedSet } from './written-set.ts';
import type { ResetFields } from './reset-fields.ts';
import { deducedShape, type Shape } from './shape.ts';
import { asShared } from './shared-sets.ts';

/** What must be the same in two values for their creators to own the same fields. */
class Likeness {
  /** `same`: this very value. `filled`: any scalar but a zero one, `whole`: anything with content, `equal`: an equal list, `keys`: the same keys, alike below. */
  readonly kind: 'same' | 'filled' | 'whole' | 'equal' | 'keys';
  readonly value: unknown;
  readonly keys: readonly string[];
  readonly below: readonly Likeness[];

  constructor(kind: Likeness['kind'], value: unknown, keys: readonly string[] = [], below: readonly Likeness[] = []) {
    this.kind = kind;
    this.value = value;
    this.keys = keys;
    this.below = below;
  }
}

const filled = new Likeness('filled', undefined);
const wholeList = new Likeness('whole', true);
const wholeMap = new Likeness('whole', false);

/** Nothing of its own: such values may be what an empty object has, and are then owned by nobody. */
function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || value === false || value === '0' || value === '0s';
}

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

const mostParts = 200;

/** Undefined for what is too large to keep, or is no plain JSON. */
function likenessOf(shape: Shape, value: unknown, budget: { parts: number }): Likeness | undefined {
  if (--budget.parts < 0) return undefined;
  if (typeof value !== 'object' || value === null) return isZero(value) ? new Likeness('same', value) : filled;
  if (isTwin(value)) return new Likeness('same', value);
  if (Array.isArray(value)) return likenessOfList(shape, value, budget);
  if (!isPlain(value)) return undefined;
  const keys = Object.keys(value);
  const isAtomic = shape.kind === 'map' || shape.kind === 'any' ? shape.atomic : true;
  if (isAtomic && keys.length > 0) return wholeMap;
  const below: Likeness[] = [];
  for (const key of keys) {
    const inner = shape.kind === 'map' ? (shape.fields?.get(key)?.shape ?? shape.element ?? deducedShape) : deducedShape;
    const like = likenessOf(inner, (value as JsonObject)[key], budget);
    if (like === undefined) return undefined;
    below.push(like);
  }
  return new Likeness('keys', undefined, keys, below);
}

/** Items may be owned one by one, by their keys or values: they are to be the same. */
function likenessOfList(shape: Shape, list: readonly unknown[], budget: { parts: number }): Likeness | undefined {
  if (list.length > 0 && (shape.kind !== 'list' || shape.relation === 'atomic')) return wholeList;
  const text = list.length > mostParts ? undefined : JSON.stringify(list);
  budget.parts -= (text?.length ?? Infinity) / 10;
  return text === undefined || budget.parts < 0 ? undefined : new Likeness('equal', cloneJson(list));
}

function isAlike(like: Likeness, value: unknown): boolean {
  switch (like.kind) {
    case 'same':
      return value === like.value;
    case 'filled':
      return typeof value !== 'object' && !isZero(value);
    case 'whole':
      if (typeof value !== 'object' || value === null || Array.isArray(value) !== like.value) return false;
      return Array.isArray(value) ? value.length > 0 : isPlain(value) && Object.keys(value).length > 0;
    case 'equal':
      return Array.isArray(value) && jsonEqual(like.value, value);
    case 'keys':
      // A twin is known by itself: what is in it is not looked at.
      return isObject(value) && isPlain(value) && !isTwin(value) && hasSameKeys(like, value);
  }
}

/** In the same order: who makes objects alike writes them alike. */
function hasSameKeys(like: Likeness, value: JsonObject): boolean {
  const keys = Object.keys(value);
  if (keys.length !== like.keys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? '';
    const below = like.below[i];
    if (key !== like.keys[i] || below === undefined || !isAlike(below, value[key])) return false;
  }
  return true;
}

interface Make {
  readonly like: Likeness;
  readonly reset: ResetFields | undefined;
  readonly fields: FieldSet;
}

type Makes = RecentSlots<Make, ResetFields | undefined, JsonObject>;

const byShape = new WeakMap<Shape, Makes>();

const isOfMake = (make: Make, reset: ResetFields | undefined, object: JsonObject): boolean => make.reset === reset && isAlike(make.like, object);

/** The fields that the creator of an object of this make owned. */
export function knownFields(shape: Shape, reset: ResetFields | undefined, object: JsonObject): FieldSet | undefined {
  return byShape.get(shape)?.find(reset, object)?.fields;
}

/** Keeps the fields of an object's creator for the next object that is made alike, and answers them. Where makes never come again, only some are kept. */
export function keepFields(shape: Shape, reset: ResetFields | undefined, object: JsonObject, fields: FieldSet): FieldSet {
  let makes = byShape.get(shape);
  if (makes === undefined) byShape.set(shape, (makes = new RecentSlots(isOfMake)));
  if (!makes.isWorthKeeping()) return fields;
  const like = likenessOf(shape, object, { parts: mostParts });
  if (like === undefined) return fields;
  const shared = asShared(sortedSet(fields));
  makes.keep({ like, reset, fields: shared });
  return shared;
}
