// Sets of field paths, kept in the very form of fieldsV1: a trie of plain objects in which `{}` is a member
// without children and `"."` marks a member that has children. Stored managedFields are thus worked on
// without decoding. Sets are immutable: operations share what they do not change. Semantics (what a parent
// means for its children in a difference) are structured-merge-diff's.
import { canonicalPathElement, comparePathElements, showPathElement } from './path-element.ts';
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
  for (const _ in set) return false;
  return true;
}

/** Is the node itself in the set? (The root never is.) */
function isMember(node: FieldSet): boolean {
  if (self in node) return true;
  for (const _ in node) return false;
  return true;
}

function hasChildren(node: FieldSet): boolean {
  for (const key in node) if (key !== self) return true;
  return false;
}

/** The node for given children and membership; undefined when neither is left. */
function nodeOf(children: FieldSet, member: boolean): FieldSet | undefined {
  const empty = isEmptySet(children);
  if (!member) return empty ? undefined : children;
  return empty ? leaf : { [self]: leaf, ...children };
}

function childrenOf(node: FieldSet): FieldSet {
  if (!(self in node)) return node;
  const { [self]: _, ...children } = node;
  return children;
}

/** Members of `a` that are not members of `b`; a parent in `b` does not remove its children. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** As difference, but a member of `b` removes everything below it too. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet {
  let out: FieldSetBuilder | undefined;
  for (const key in b) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (left === undefined || right === undefined) continue;
    const gone = isMember(right);
    if (recursive && gone) {
      out ??= { ...a };
      delete out[key];
      continue;
    }
    const children = childrenOf(left);
    const kept = hasChildren(right) ? subtract(children, right, recursive) : children;
    const member = isMember(left) && !gone;
    if (kept === children && member === isMember(left)) continue;
    out ??= { ...a };
    const node = nodeOf(kept, member);
    if (node === undefined) delete out[key];
    else out[key] = node;
  }
  return out === undefined ? a : (out as FieldSet);
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let out: FieldSetBuilder | undefined;
  for (const key in b) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (right === undefined || left === right) continue;
    if (left === undefined) {
      out ??= { ...a };
      out[key] = right;
      continue;
    }
    const children = childrenOf(left);
    const merged = union(children, childrenOf(right));
    const member = isMember(left) || isMember(right);
    if (merged === children && member === isMember(left)) continue;
    out ??= { ...a };
    out[key] = nodeOf(merged, member) ?? leaf;
  }
  return out === undefined ? a : (out as FieldSet);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSetBuilder = {};
  for (const key in a) {
    const left = a[key];
    const right = b[key];
    if (key === self || left === undefined || right === undefined) continue;
    const node = nodeOf(intersection(childrenOf(left), childrenOf(right)), isMember(left) && isMember(right));
    if (node !== undefined) out[key] = node;
  }
  return out as FieldSet;
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
    if (key === self || node === undefined) continue;
    const [child, named] = childShape(shape, key);
    const children = withNamedFields(childrenOf(node), child);
    out[key] = nodeOf(children, named || isMember(node)) ?? leaf;
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
  if (!sorted) keys.sort((a, b) => (a === self ? -1 : b === self ? 1 : comparePathElements(a, b)));
  let out: FieldSetBuilder | undefined = sorted ? undefined : {};
  for (const [i, key] of keys.entries()) {
    const node = set[key] ?? leaf;
    const child = key === self ? leaf : sortedSet(node);
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
  for (const key in source) {
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
