// Sets of field paths as managedFields hold them: written in upstream's order, and read from a client's spelling.
import { isObject, wide } from '../patch/json-tree.ts';
import { isEmptySet, leaf, self, type FieldSet, type FieldSetBuilder } from './field-set.ts';
import { canonicalPathElement } from './path-element.ts';
import { asShared, isShared } from './shared-sets.ts';
import { comparePathElements, sortSteps } from './step-order.ts';

/** The set with every node's steps in upstream's order: what is written into an object. */
export function sortedSet(set: FieldSet): FieldSet {
  if (isShared(set)) return set;
  const keys = Object.keys(set);
  if (keys.length === 0) return leaf;
  const sorted = isSorted(keys);
  let out: FieldSetBuilder | undefined = sorted ? undefined : {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? '';
    const node = set[key] ?? leaf;
    const child = key === self || node === leaf ? leaf : sortedSet(node);
    if (out === undefined) {
      if (child === node || (isEmptySet(child) && isEmptySet(node))) continue;
      out = {};
      for (const earlier of keys.slice(0, i)) out[earlier] = set[earlier] ?? leaf;
    }
    out[key] = child;
  }
  return out === undefined ? set : (out as FieldSet);
}

/** A set in written order, from now on nobody's to change; undefined for what is not in that order, or no set. */
export function sharedInOrder(set: object): object | undefined {
  return isFieldSet(set) && sortedSet(set) === set ? asShared(set) : undefined;
}

function isFieldSet(value: unknown): value is FieldSet {
  return isObject(value) && Object.values(value).every(isFieldSet);
}

/** Sorts; true when they were sorted before. */
function isSorted(keys: string[]): boolean {
  if (keys.length >= wide) {
    const before = [...keys];
    sortSteps(keys);
    return keys.every((key, i) => key === before[i]);
  }
  for (let i = 1; i < keys.length; i++) {
    if (comparePathElements(keys[i - 1] ?? '', keys[i] ?? '') <= 0) continue;
    sortSteps(keys);
    return false;
  }
  return true;
}

/**
 * A client's fieldsV1 as a set, spelled canonically; steps of unknown kinds are dropped.
 * Throws PathElementError for malformed steps.
 */
export function parseFieldSet(value: unknown, depth = 0): FieldSet {
  if (typeof value !== 'object' || value === null || depth > 1000) return leaf;
  if (isShared(value as FieldSet)) return value as FieldSet;
  const source = value as Readonly<Record<string, unknown>>;
  let out: FieldSetBuilder | undefined;
  // Not for…in: V8 (13.6) compiles its reads of ever new shapes over and over.
  for (const key of Object.keys(source)) {
    const element = key === self ? self : canonicalPathElement(key);
    const parsed = element === undefined ? undefined : parseFieldSet(source[key], depth + 1);
    if (out === undefined) {
      if (element === key && parsed === source[key]) continue;
      out = {};
      for (const earlier in source) {
        if (earlier === key) break;
        out[earlier] = source[earlier] as FieldSet;
      }
    }
    if (element !== undefined && parsed !== undefined) out[element] = parsed;
  }
  return (out as FieldSet | undefined) ?? (source as FieldSet);
}
