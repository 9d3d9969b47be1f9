// Plain JSON trees as patches and apply see them: telling objects from scalars, copying, comparing and
// writing keys without ever touching a prototype (`__proto__` is an ordinary key here). Values that are
// neither plain objects nor arrays (numbers beyond 2^53 in their tagged form) count as scalars.

import { isDue, type Pace, type Sliced } from '../slices.ts';

export type JsonObject = Record<string, unknown>;

/** True for a plain JSON object; arrays, null and tagged scalars are none. */
export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The object's own value of a key; undefined for what it merely inherits. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Assigns a key as data, whatever its name. */
export function setKey(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}

/** A deep copy that shares only immutable scalars with its source. */
export function cloneJson<T>(value: T): T;
export function cloneJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setKey(copy, key, cloneJson(value[key]));
  return copy;
}

/** From so many keys on what is built in with objects is slow: spreading is several times slower than a loop for thousands. */
export const wide = 128;

/** A copy to be changed, whose values are shared with its source. */
export function copyOf<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const keys = Object.keys(map);
  if (keys.length < wide) return { ...map };
  const copy: Record<string, T> = {};
  for (const key of keys) setKey(copy, key, map[key]);
  return copy;
}

/** As copyOf, in slices. */
export function* copyingOf(map: JsonObject, pace: Pace): Sliced<JsonObject> {
  const keys = Object.keys(map);
  if (keys.length < wide) return { ...map };
  const copy: JsonObject = {};
  for (const key of keys) {
    setKey(copy, key, map[key]);
    if (isDue(pace)) yield;
  }
  return copy;
}

/** Values with more siblings are looked at before a walk with pauses goes into them. */
const few = 64;
const small = 256;

/** Is a value so small, among so many, that a walk with pauses need not rest inside it? Among few it need not be known. */
export function isSmall(value: unknown, siblings: number): boolean {
  return typeof value !== 'object' || value === null || (siblings > few && valuesLeft(value, small) >= 0);
}

/** How many of `most` are left when the values in one are counted; less than none where it has more. */
function valuesLeft(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return most - 1;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let left = most - 1 - items.length;
  for (let i = 0; i < items.length && left >= 0; i++) if (typeof items[i] === 'object') left = valuesLeft(items[i], left);
  return left;
}

/** As cloneJson, in slices. */
export function* cloningJson(value: unknown, pace: Pace = { spent: 0 }): Sliced<unknown> {
  if (!Array.isArray(value) && !isObject(value)) return value;
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const list: unknown[] = [];
  const copy: JsonObject = {};
  const count = (keys ?? (value as unknown[])).length;
  for (let i = 0; i < count; i++) {
    const key = keys?.[i] ?? '';
    const item: unknown = keys === undefined ? (value as unknown[])[i] : (value as JsonObject)[key];
    const made: unknown = isSmall(item, count) ? cloneJson(item) : yield* cloningJson(item, pace);
    if (keys === undefined) list.push(made);
    else setKey(copy, key, made);
    if (isDue(pace, item)) yield;
  }
  return keys === undefined ? list : copy;
}

/** Deep equality of JSON values; the order of keys does not matter. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]));
  }
  if (isObject(a)) {
    if (!isObject(b)) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
  }
  return typeof a === 'object' && a !== null && typeof b === 'object' && b !== null && !Array.isArray(b) && !isObject(b) && String(a) === String(b);
}

/** What Go's decoder calls a JSON value in its messages. */
export function jsonKind(value: unknown): 'null' | 'array' | 'object' | 'string' | 'bool' | 'number' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isObject(value)) return 'object';
  if (typeof value === 'string') return 'string';
  return typeof value === 'boolean' ? 'bool' : 'number';
}
