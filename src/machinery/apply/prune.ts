// Removing what a manager applied last time and leaves out now, unless somebody else owns it
// (structured-merge-diff's prune: items removed, then owned and never-owned ones put back).
import type { KubeObject } from '../object.ts';
import type { Sliced } from '../slices.ts';
import { difference, intersection, isWithin, leaf, union, withNamedFields, type FieldSet } from './field-set.ts';
import type { Manager } from './managed-fields.ts';
import { owningFields } from './owned-fields.ts';
import { removeItems } from './remove-items.ts';
import type { Shape } from './shape.ts';

/**
 * In slices: `merged` without the fields of `last` that no manager (with its new set) owns any more. Whoever applies all that he
 * applied before (`next` is what he applies now) takes nothing away: an applied set has every list item and map key
 * above what it has, so that nothing of it goes with something else.
 */
export function* pruning(shape: Shape, merged: KubeObject, last: FieldSet, next: FieldSet, managers: ReadonlyMap<string, Manager>): Sliced<KubeObject> {
  if (isWithin(last, next)) return merged;
  yield;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, shape);
  const lastNamed = named(last);
  let pruned = removeItems(shape, merged, lastNamed);
  yield;
  const mergedFields = yield* owningFields(shape, merged);
  yield;
  const mergedSet = named(mergedFields);
  yield;
  let owned: FieldSet = leaf;
  for (const manager of managers.values()) owned = union(owned, manager.fields);
  yield;
  const ownedNamed = named(owned);
  yield;
  const prunedFields = yield* owningFields(shape, pruned);
  yield;
  const kept = union(named(prunedFields), ownedNamed);
  yield;
  const unwanted = difference(mergedSet, kept);
  yield;
  pruned = removeItems(shape, merged, unwanted);
  yield;
  const left = yield* owningFields(shape, pruned);
  yield;
  const gone = difference(mergedSet, named(left));
  yield;
  const removed = intersection(gone, lastNamed);
  yield;
  return removeItems(shape, merged, removed) as KubeObject;
}
