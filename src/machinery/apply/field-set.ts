// Sets of field paths, kept in the very form of fieldsV1: a trie of plain objects in which `{}` is a member
// without children and `"."` marks a member that has children. Stored managedFields are thus worked on
// without decoding. Sets are immutable: operations share what they do not change. Semantics (what a parent
// means for its children in a difference) are structured-merge-diff's.
import { canonicalPathElement, comparePathElements, showPathElement, sortSteps } from './path-element.ts';
import type { Shape } from './shape.ts';
import { isShared, leaf } from './shared-sets.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set while it is being built. */
export interface FieldSetBuilder {
  [element: string]: FieldSetBuilder | FieldSet;
}

export { leaf };

/** The mark of a member that has children. */
const self = '.';

export function isEmptySet(set: FieldSet): boolean {
  if (set === leaf) return true;
  if (self in set) return false;
  for (const _ in set) return false;
  return true;
}

/** Is the node itself in the set? (The root never is.) */
function isMember(node: FieldSet): boolean {
  return self in node || isEmptySet(node);
}

function hasChildren(node: FieldSet): boolean {
  for (const key in node) if (key !== self) return true;
  return false;
}

const wide = 128;

/** A copy to be changed. Spreading is quick for few steps and several times slower than a loop for thousands. */
function copyOf(set: FieldSet): FieldSetBuilder {
  const keys = Object.keys(set);
  if (keys.length < wide) return { ...set };
  const out: FieldSetBuilder = {};
  for (const key of keys) out[key] = set[key] ?? leaf;
  return out;
}

/** The node as a member. */
function asMember(node: FieldSet): FieldSet {
  if (isMember(node)) return node;
  const keys = Object.keys(node);
  if (keys.length < wide) return { [self]: leaf, ...node };
  const out: FieldSetBuilder = { [self]: leaf };
  for (const key of keys) out[key] = node[key] ?? leaf;
  return out as FieldSet;
}

function childrenOf(node: FieldSet): FieldSet {
  if (!(self in node)) return node;
  const out = copyOf(node);
  delete out[self];
  return out as FieldSet;
}

/** Members of `a` that are not members of `b`; a parent in `b` does not remove its children. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false) ?? leaf;
}

/** As difference, but a member of `b` removes everything below it too. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true) ?? leaf;
}

/** The node `a` without what is below `b`; its own membership stays. Undefined when nothing is left. */
function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  let out: FieldSetBuilder | undefined;
  for (const key in b) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (left === undefined || right === undefined) continue;
    const node = subtractNode(left, right, recursive);
    if (node === left) continue;
    out ??= copyOf(a);
    if (node === undefined) delete out[key];
    else out[key] = node;
  }
  if (out === undefined) return a;
  if (hasChildren(out as FieldSet)) return out as FieldSet;
  return self in out ? leaf : undefined;
}

function subtractNode(left: FieldSet, right: FieldSet, recursive: boolean): FieldSet | undefined {
  const gone = isMember(right);
  if (isEmptySet(left)) return gone ? undefined : left;
  if (recursive && gone) return undefined;
  const kept = right === leaf ? left : subtract(left, right, recursive);
  if (!gone || kept === undefined || !(self in left)) return kept;
  const children = childrenOf(kept);
  return kept === leaf || isEmptySet(children) ? undefined : children;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  return isEmptySet(a) ? b : merge(a, b);
}

/** The node `a` with what is below `b`; its own membership stays. */
function merge(a: FieldSet, b: FieldSet): FieldSet {
  let out: FieldSetBuilder | undefined;
  for (const key in b) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (right === undefined || left === right) continue;
    const node = left === undefined ? right : mergeNodes(left, right);
    if (node === left) continue;
    out ??= copyOf(a);
    out[key] = node;
  }
  return out === undefined ? a : (out as FieldSet);
}

function mergeNodes(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return isEmptySet(right) ? left : asMember(right);
  if (isEmptySet(right)) return asMember(left);
  const merged = merge(left, right);
  return self in right ? asMember(merged) : merged;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return common(a, b) ?? leaf;
}

/** What both nodes have, membership included; undefined when that is nothing. */
function common(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (a === b) return a;
  let out: FieldSetBuilder | undefined;
  for (const key in a) {
    const left = a[key];
    const right = b[key];
    if (left === undefined || right === undefined) continue;
    const node = key === self ? leaf : commonNode(left, right);
    if (node !== undefined) (out ??= {})[key] = node;
  }
  if (out === undefined || hasChildren(out as FieldSet)) return out as FieldSet | undefined;
  return leaf;
}

function commonNode(left: FieldSet, right: FieldSet): FieldSet | undefined {
  if (isEmptySet(left)) return isMember(right) ? leaf : undefined;
  if (isEmptySet(right)) return isMember(left) ? leaf : undefined;
  return common(left, right);
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let count = 0;
  for (const key in a) {
    const right = b[key];
    if (right === undefined || !sameSet(a[key] ?? leaf, right)) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

/** The set below one step; empty when nothing is there. */
export function below(set: FieldSet, element: string): FieldSet {
  const node = set[element];
  return node === undefined ? leaf : childrenOf(node);
}

/** Is the path of this one step a member? */
export function hasElement(set: FieldSet, element: string): boolean {
  const node = set[element];
  return node !== undefined && isMember(node);
}

export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet = set;
  for (const [i, element] of path.entries()) {
    const node = at[element];
    if (node === undefined) return false;
    if (i === path.length - 1) return isMember(node);
    at = node;
  }
  return false;
}

/** A set of one path. */
export function singlePath(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), leaf);
}

/** All members, parents and siblings before deeper paths, as upstream lists them. */
export function paths(set: FieldSet): string[][] {
  const out: string[][] = [];
  collect(set, [], out);
  return out;
}

function collect(set: FieldSet, prefix: string[], out: string[][]): void {
  const keys = Object.keys(set).filter((key) => key !== self).sort(comparePathElements);
  for (const key of keys) if (isMember(set[key] ?? leaf)) out.push([...prefix, key]);
  for (const key of keys) {
    const node = set[key] ?? leaf;
    if (hasChildren(node)) collect(node, [...prefix, key], out);
  }
}

/** `.spec.template.spec.containers[name="web"].image` */
export function showPath(path: readonly string[]): string {
  return path.map(showPathElement).join('');
}

/** Named struct fields that only have owned children become members too, so that whole fields can be pruned. */
export function withNamedFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  const out: FieldSetBuilder = {};
  for (const key in set) {
    const node = set[key];
    if (node === undefined) continue;
    if (node === leaf) {
      out[key] = leaf;
      continue;
    }
    const [child, named] = childShape(shape, key);
    const below = withNamedFields(node, child);
    out[key] = named ? asMember(below) : below;
  }
  return out as FieldSet;
}

function childShape(shape: Shape | undefined, element: string): [Shape | undefined, boolean] {
  if (shape === undefined) return [undefined, false];
  if (element.startsWith('f:')) {
    if (shape.kind === 'any') return [shape, false];
    if (shape.kind !== 'map') return [undefined, false];
    const field = shape.fields?.get(element.slice(2));
    return field === undefined ? [shape.element, false] : [field.shape, true];
  }
  return [element.startsWith('k:') && shape.kind === 'list' ? shape.element : undefined, false];
}

/** The set with every node's steps in upstream's order: what is written into an object. */
export function sortedSet(set: FieldSet): FieldSet {
  if (isShared(set)) return set;
  const keys = Object.keys(set);
  if (keys.length === 0) return leaf;
  let previous: string | undefined;
  let sorted = true;
  for (const key of keys) {
    if (previous !== undefined && previous !== self && (key === self || comparePathElements(previous, key) > 0)) {
      sorted = false;
      break;
    }
    previous = key;
  }
  if (!sorted) sortSteps(keys);
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

/**
 * A client's fieldsV1 as a set, spelled canonically; steps of unknown kinds are dropped.
 * Throws PathElementError for malformed steps.
 */
export function parseFieldSet(value: unknown, depth = 0): FieldSet {
  if (typeof value !== 'object' || value === null || depth > 1000) return leaf;
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
