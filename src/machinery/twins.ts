// Parts of objects that come again and again: the pods of a Deployment have one spec between them. A value that
// equals one of the last few is replaced by that very value, a twin, so that what was found out about it once
// (that it is valid, its owned fields, its JSON) is known again by identity. Twins are shared and never changed.
// Values that never come again cost little: after a row of misses only every few are looked at.
import { cloneJson, type JsonObject } from './patch/json-tree.ts';
import { RecentSlots } from './recent-slots.ts';

const twins = new WeakSet<object>();

/** The value is shared with objects that came before: nobody may write to it. */
export function isTwin(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && twins.has(value);
}

/** What is derived from a twin alone, kept with it. Everything else is derived anew. */
export function oncePerTwin<T>(): (value: object, derive: () => T) => T {
  const known = new WeakMap<object, { readonly derived: T }>();
  return (value, derive) => {
    if (!twins.has(value)) return derive();
    const found = known.get(value);
    if (found !== undefined) return found.derived;
    const derived = derive();
    known.set(value, { derived });
    return derived;
  };
}

export interface RecentValues {
  /** The twin of an equal value that was kept lately. */
  find(value: unknown): JsonObject | undefined;
  /** Answers `form` for what equals `value` from now on. Both are nobody's to change any more. */
  keep(value: JsonObject, form: JsonObject): void;
  /** As find, and keeps a copy of what is new. */
  meet(value: unknown): JsonObject | undefined;
}

interface Slot {
  readonly value: JsonObject;
  readonly form: JsonObject;
}

const isValueOf = (slot: Slot, value: unknown): boolean => isSame(slot.value, value);

/** The last few values of one place, such as the spec of the pods that were created. */
export function recentValues(): RecentValues {
  const slots = new RecentSlots(isValueOf);
  const keep = (value: JsonObject, form: JsonObject): void => {
    twins.add(form);
    slots.keep({ value, form });
  };
  return {
    find: (value) => (slots.passesOver() ? undefined : slots.find(value, undefined)?.form),
    keep,
    meet(value) {
      if (slots.passesOver()) return undefined;
      const found = slots.find(value, undefined);
      if (found !== undefined || typeof value !== 'object' || value === null) return found?.form;
      const copy = cloneJson(value) as JsonObject;
      keep(copy, copy);
      return undefined;
    },
  };
}

/** Deep equality, whatever the order of keys, made for values that mostly are equal: nothing is allocated. Tagged numbers equal nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b) || Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return false;
  return hasSameMembers(a as JsonObject, b as JsonObject);
}

function hasSameMembers(a: JsonObject, b: JsonObject): boolean {
  let more = 0;
  for (const key in a) {
    // An own key of this name cannot be told from the prototype by reading it.
    if (key === '__proto__' || !isSame(a[key], b[key])) return false;
    more++;
  }
  for (const _ in b) more--;
  return more === 0;
}
