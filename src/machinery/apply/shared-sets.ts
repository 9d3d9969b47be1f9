// Sets of whole values, made once and shared. Objects of one make (a Deployment's pods) own the same fields, so the
// sets that a create builds are looked up by their steps and child sets in a trie; what is found is in written
// order already. Bounded: a full trie is dropped and grows again from what comes.
import { jsonEqual } from '../patch/json-tree.ts';
import { RecentSlots } from '../recent-slots.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { comparePathElements, sortSteps } from './step-order.ts';
import type { FieldSet, FieldSetBuilder } from './field-set.ts';

/** Both the empty set and the node of a member without children. */
export const leaf: FieldSet = Object.freeze({});

interface Step {
  set: FieldSet | undefined;
  readonly next: Map<string, Map<FieldSet, Step>>;
}

const widest = 64;
const longestStep = 256;
const stepsKept = 2048;

let root: Step = { set: undefined, next: new Map() };
let steps = 0;
/** The sets made here, with their JSON once somebody has asked for it. */
const shared = new WeakMap<FieldSet, { text: string | undefined }>();

/** The set is one of those made here: frozen and in written order, all the way down. */
export function isShared(set: FieldSet): boolean {
  return set === leaf || shared.has(set);
}

/** The set of a member with these steps below it; `children` has the node of each, where not all are leaves. */
export function memberSet(elements: readonly string[], children: readonly FieldSet[] | undefined): FieldSet {
  if (elements.length === 0) return leaf;
  if (elements.length > widest) return build(elements, children);
  let at = root;
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i] ?? '';
    const child = children?.[i] ?? leaf;
    if (element.length > longestStep || !isShared(child)) return build(elements, children);
    const found = at.next.get(element)?.get(child);
    at = found ?? grow(at, element, child);
  }
  if (at.set === undefined) {
    at.set = Object.freeze(build(elements, children));
    shared.set(at.set, { text: undefined });
  }
  return at.set;
}

/** As memberSet, in slices. */
export function* gatheringSet(elements: readonly string[], children: readonly FieldSet[], pace: Pace): Sliced<FieldSet> {
  if (elements.length <= widest) return memberSet(elements, children);
  yield;
  const out: FieldSetBuilder = { '.': leaf };
  const found = byElement(elements, children);
  const sorted = [...elements];
  sortSteps(sorted);
  yield;
  for (const element of sorted) {
    out[element] = found.get(element) ?? leaf;
    if (isDue(pace)) yield;
  }
  return out as FieldSet;
}

/** The set as JSON. What is shared is written once, however many objects carry it. */
export function setText(set: unknown): string {
  if (typeof set !== 'object' || set === null) return JSON.stringify(set);
  const known = shared.get(set as FieldSet);
  if (known !== undefined) return (known.text ??= JSON.stringify(set));
  let text = '';
  for (const element in set) {
    const node = (set as FieldSet)[element];
    if (node === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${node === leaf ? '{}' : shared.has(node) ? setText(node) : JSON.stringify(node)}`;
  }
  return `{${text}}`;
}

const derivations = new WeakMap<FieldSet, FieldSet | undefined>();

/** What `derive` makes of a shared set, remembered; it takes away first steps only, so that its result is shared as well. */
export function derivedOnce(set: FieldSet, derive: (set: FieldSet) => FieldSet | undefined): FieldSet | undefined {
  if (derivations.has(set)) return derivations.get(set);
  const derived = derive(set);
  derivations.set(set, derived);
  if (derived !== undefined && !isShared(derived)) shared.set(Object.freeze(derived), { text: undefined });
  return derived;
}

/** A set in written order as one of those made here: what carries it is written without a look at what is in it. */
export function asShared(set: FieldSet): FieldSet {
  if (!isShared(set)) shared.set(Object.freeze(set), { text: undefined });
  return set;
}

/** More would not be looked through so quickly. */
const mostNodes = 256;

/** Are there no more nodes than so many? Answers how many are left, and less than none where there are more. */
function nodesLeft(set: FieldSet, most: number): number {
  let left = most - 1;
  for (const key of Object.keys(set)) {
    if (left < 0) break;
    const node = set[key];
    left = node === undefined || node === leaf ? left - 1 : nodesLeft(node, left);
  }
  return left;
}

const metLately = new RecentSlots<FieldSet, FieldSet>(jsonEqual, 16);

/**
 * A small set in written order, or an equal one that was met lately: what a manager changes in one object it mostly
 * changes in many. What is met again is shared, and its text known.
 */
export function metAgain(set: FieldSet): FieldSet {
  if (isShared(set) || nodesLeft(set, mostNodes) < 0) return set;
  const found = metLately.find(set, undefined);
  if (found !== undefined) return found;
  if (metLately.isWorthKeeping()) metLately.keep(asShared(set));
  return set;
}

function grow(from: Step, element: string, child: FieldSet): Step {
  if (steps >= stepsKept) {
    // What is being looked up goes on in the old trie, which nobody else sees any more.
    root = { set: undefined, next: new Map() };
    steps = 0;
  }
  steps++;
  const step: Step = { set: undefined, next: new Map() };
  const byChild = from.next.get(element);
  if (byChild === undefined) from.next.set(element, new Map([[child, step]]));
  else byChild.set(child, step);
  return step;
}

function build(elements: readonly string[], children: readonly FieldSet[] | undefined): FieldSet {
  const out: FieldSetBuilder = { '.': leaf };
  if (elements.length > widest) {
    const found = children?.some((child) => child !== leaf) === true ? byElement(elements, children) : undefined;
    const sorted = [...elements];
    sortSteps(sorted);
    for (const element of sorted) out[element] = found?.get(element) ?? leaf;
    return out as FieldSet;
  }
  const order = elements.map((_, i) => i);
  if (elements.length > 1) order.sort((a, b) => comparePathElements(elements[a] ?? '', elements[b] ?? ''));
  for (const i of order) out[elements[i] ?? ''] = children?.[i] ?? leaf;
  return out as FieldSet;
}

function byElement(elements: readonly string[], children: readonly FieldSet[]): Map<string, FieldSet> {
  const found = new Map<string, FieldSet>();
  for (let i = 0; i < elements.length; i++) found.set(elements[i] ?? '', children[i] ?? leaf);
  return found;
}
