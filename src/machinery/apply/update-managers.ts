// The step that updates and applies share: what one operation changed is taken from every other manager.
// Entries written at another API version are compared at that version when the caller can convert.
import type { KubeObject } from '../object.ts';
import type { Sliced } from '../slices.ts';
import { compareObjects, comparing, type Comparison } from './compare.ts';
import { difference, intersection, isEmptySet, leaf, union, type FieldSet } from './field-set.ts';
import { dropEmpty, type Manager } from './managed-fields.ts';
import { filterReset, type ResetFields } from './reset-fields.ts';
import type { Shape } from './shape.ts';

/** An object at another version of its kind. */
export interface Versioned {
  readonly object: KubeObject;
  readonly shape: Shape;
}

/** Converts to another API version; undefined when that version is not served any more. */
export type ConvertTo = (object: KubeObject, apiVersion: string) => Versioned | undefined;

export interface Operation {
  readonly shape: Shape;
  readonly apiVersion: string;
  readonly reset: ResetFields | undefined;
  readonly convert: ConvertTo | undefined;
  /** Large: the comparison has pauses. */
  readonly sliced?: boolean;
}

export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

export interface Change {
  readonly comparison: Comparison;
  readonly conflicts: readonly Conflict[];
}

/**
 * In slices: compares `before` with `after` and takes what changed from all managers but `operator` (changed in
 * place). What other managers own and the operation changes is returned as conflicts, with nothing taken,
 * unless `force`.
 * @param updater The manager that is going to own what changed: where it does already, its set is left as it is.
 */
export function* takingChanged(
  managers: Map<string, Manager>, operator: string | undefined, before: KubeObject, after: KubeObject, operation: Operation, force: boolean, updater?: string,
): Sliced<Change> {
  const compared = operation.sliced ? yield* comparing(operation.shape, before, after) : compareObjects(operation.shape, before, after);
  yield;
  const comparison = filtered(compared, operation.reset);
  const changed = new Map<string, Taken>([[operation.apiVersion, takenBy(comparison)]]);
  const conflicts: Conflict[] = [];
  const next = new Map<string, Manager | undefined>();
  for (const [key, manager] of managers) {
    if (key === operator) continue;
    const taken = changed.get(manager.apiVersion) ?? changedAt(manager.apiVersion, before, after, operation, changed);
    if (taken === undefined) {
      next.set(key, undefined);
      continue;
    }
    yield;
    if (key === updater && isEmptySet(taken.removed) && union(manager.fields, taken.touched) === manager.fields) continue;
    const mine = isEmptySet(taken.touched) ? leaf : intersection(manager.fields, taken.touched);
    if (!isEmptySet(mine)) conflicts.push({ manager, fields: mine });
    if (!isEmptySet(mine)) yield;
    const kept = difference(manager.fields, mine);
    if (kept !== manager.fields) yield;
    const left = difference(kept, taken.removed);
    if (left !== manager.fields) next.set(key, { ...manager, fields: left });
  }
  if (conflicts.length > 0 && !force) return { comparison, conflicts };
  for (const [key, manager] of next) {
    if (manager === undefined) managers.delete(key);
    else managers.set(key, manager);
  }
  dropEmpty(managers);
  return { comparison, conflicts: [] };
}

interface Taken {
  readonly touched: FieldSet;
  readonly removed: FieldSet;
}

function takenBy(comparison: Comparison): Taken {
  return { touched: union(comparison.modified, comparison.added), removed: comparison.removed };
}

function filtered(comparison: Comparison, reset: ResetFields | undefined): Comparison {
  if (reset === undefined) return comparison;
  return {
    added: filterReset(comparison.added, reset),
    modified: filterReset(comparison.modified, reset),
    removed: filterReset(comparison.removed, reset),
  };
}

function changedAt(apiVersion: string, before: KubeObject, after: KubeObject, operation: Operation, known: Map<string, Taken>): Taken | undefined {
  const current = known.get(operation.apiVersion);
  if (operation.convert === undefined) return current;
  const left = operation.convert(before, apiVersion);
  const right = operation.convert(after, apiVersion);
  if (left === undefined || right === undefined) return undefined;
  const taken = takenBy(filtered(compareObjects(right.shape, left.object, right.object), operation.reset));
  known.set(apiVersion, taken);
  return taken;
}
