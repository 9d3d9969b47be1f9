// Sets of field paths, kept in the very form of fieldsV1: a trie of plain objects in which `{}` is a member
// without children and `"."` marks a member that has children. Stored managedFields are thus worked on
// without decoding. Sets are immutable: operations share what they do not change. Semantics (what a parent
// means for its children in a difference) are structured-merge-diff's.
import { copyOf, wide } from '../patch/json-tree.ts';
import { showPathElement } from './path-element.ts';
import type { Shape } from './shape.ts';
import { leaf } from './shared-sets.ts';
import { sortSteps } from './step-order.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set while it is being built. */
export interface FieldSetBuilder {
  [element: string]: FieldSetBuilder | FieldSet;
}

export { leaf };

/** The mark of a member that has children. */
export const self = '.';

export function isEmptySet(set: FieldSet): boolean {
  if (set === leaf) return true;
  if (self in set) return false;
  for (const _ in set) return false;
  return true;
}

/** Is the node itself in the set? (The root never is.) */
export function isMember(node: FieldSet): boolean {
  return self in node || isEmptySet(node);
}

function hasChildren(node: FieldSet): boolean {
  for (const key in node) if (key !== self) return true;
  return false;
}

/** The node as a member. */
export function asMember(node: FieldSet): FieldSet {
  if (node === leaf || self in node) return node;
  const keys = Object.keys(node);
  if (keys.length === 0) return node;
  if (keys.length < wide) return { [self]: leaf, ...node };
  const out: FieldSetBuilder = { [self]: leaf };
  for (const key of keys) out[key] = node[key] ?? leaf;
  return out as FieldSet;
}

function childrenOf(node: FieldSet): FieldSet {
  if (!(self in node)) return node;
  const keys = Object.keys(node);
  if (keys.length < wide) {
    const { [self]: _mark, ...children } = node;
    return children;
  }
  const out: FieldSetBuilder = {};
  for (const key of keys) if (key !== self) out[key] = node[key] ?? leaf;
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

/** Is nothing left of `a` without `b`? The first member that is left ends the look. */
export function isWithin(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  for (const key in a) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (left === undefined || left === right) continue;
    if (right === undefined) return false;
    if ((isMember(left) && !isMember(right)) || !isWithin(left, right)) return false;
  }
  return true;
}

/** The node `a` without what is below `b`; its own membership stays. Undefined when nothing is left. */
function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const keys = Object.keys(b);
  if (keys.length >= wide) return subtractMany(a, b, recursive);
  let changed: Map<string, FieldSet | undefined> | undefined;
  for (const key of keys) {
    if (key === self) continue;
    const left = a[key];
    const right = b[key];
    if (left === undefined || right === undefined) continue;
    const node = subtractNode(left, right, recursive);
    if (node !== left) (changed ??= new Map()).set(key, node);
  }
  return changed === undefined ? a : replaced(a, changed);
}

/** As subtract, in one walk over `a`. */
function subtractMany(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet | undefined {
  const out: FieldSetBuilder = {};
  let isChanged = false;
  let isMarked = false;
  let hasMore = false;
  for (const key of Object.keys(a)) {
    const left = a[key] ?? leaf;
    const right = key === self ? undefined : b[key];
    const node = right === undefined ? left : subtractNode(left, right, recursive);
    isChanged ||= node !== left;
    if (node === undefined) continue;
    if (key === self) isMarked = true;
    else hasMore = true;
    out[key] = node;
  }
  if (!isChanged) return a;
  if (hasMore) return out as FieldSet;
  return isMarked ? leaf : undefined;
}

/** What stays is put together, and not taken away from a copy: V8 keeps an object that lost a member as a dictionary from then on. */
function replaced(a: FieldSet, changed: ReadonlyMap<string, FieldSet | undefined>): FieldSet | undefined {
  const out: FieldSetBuilder = {};
  let isMarked = false;
  let hasMore = false;
  for (const key of Object.keys(a)) {
    if (key === self) {
      isMarked = true;
      out[self] = leaf;
      continue;
    }
    const node = changed.has(key) ? changed.get(key) : a[key];
    if (node === undefined) continue;
    hasMore = true;
    out[key] = node;
  }
  if (hasMore) return out as FieldSet;
  return isMarked ? leaf : undefined;
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
    const right = b[key];
    if (right === undefined) continue;
    const left = a[key] ?? leaf;
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

/** What is below one step, the mark of the step itself included; empty when nothing is there. */
export function below(set: FieldSet, element: string): FieldSet {
  const node = set[element];
  return node === undefined || !hasChildren(node) ? leaf : node;
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
  const keys = Object.keys(set).filter((key) => key !== self);
  sortSteps(keys);
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
  let out: FieldSetBuilder | undefined;
  for (const key in set) {
    const node = set[key];
    if (node === undefined || isEmptySet(node)) continue;
    const [child, named] = childShape(shape, key);
    const below = withNamedFields(node, child);
    const next = named ? asMember(below) : below;
    if (next !== node) (out ??= copyOf(set))[key] = next;
  }
  return out === undefined ? set : (out as FieldSet);
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
