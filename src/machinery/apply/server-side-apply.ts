// Server-side apply (KEP-555): merges a manager's configuration into the live object, drops what the
// manager no longer wants, and refuses to take fields from others unless forced. The result still needs
// decoding and defaults, as any client input.
import { atOnce, type Sliced } from '../slices.ts';
import type { KubeObject } from '../object.ts';
import { jsonEqual } from '../patch/json-tree.ts';
import { badRequest, StatusError } from '../status.ts';
import { checkingShape, checkShape, shapeErrorText } from './check-shape.ts';
import { disallowed, fieldConflicts, tellingConflicts } from './conflict.ts';
import { leaf } from './field-set.ts';
import { lastAppliedFields, syncLastApplied } from './last-applied.ts';
import { decodeManagers, encodingManagers, ManagedFieldsError, managerKey, nowText, withoutUnowned, type Manager } from './managed-fields.ts';
import { mergeObjects } from './merge-objects.ts';
import { ownedFields, owningFields } from './owned-fields.ts';
import { PathElementError } from './path-element.ts';
import { pruning } from './prune.ts';
import { reconcileFields } from './reconcile.ts';
import { filterReset, resetFieldsOf, type ResetFields } from './reset-fields.ts';
import { emptyObject, shapeOf, type Shape } from './shape.ts';
import { metAgain } from './shared-sets.ts';
import { recordingUpdate, withManagedFields, type UpdateRecord } from './track-update.ts';
import { takingChanged, type Conflict, type ConvertTo } from './update-managers.ts';
import { sortedSet } from './written-set.ts';

export interface ApplyInput {
  /** Schema name; undefined for custom resources. */
  readonly type?: string | undefined;
  readonly shape?: Shape | undefined;
  /** The stored object; undefined when the apply creates it. */
  readonly live: KubeObject | undefined;
  /** The decoded configuration, exactly as the client wrote it: neither defaulted nor pruned. */
  readonly applied: KubeObject;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource?: string | undefined;
  /** The API version and kind of the request; the configuration must have them. Taken from it when absent. */
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly nowMs: number;
  readonly resetFields?: ResetFields | undefined;
  readonly convert?: ConvertTo | undefined;
  /** Of large objects: they are looked at with pauses. */
  readonly sliced?: boolean;
}

interface Apply {
  readonly shape: Shape;
  readonly apiVersion: string;
  readonly live: KubeObject;
  readonly managers: ReadonlyMap<string, Manager>;
  readonly input: ApplyInput;
}

const beforeFirstApply = 'before-first-apply';

/**
 * The merged object with its managedFields. Throws StatusError 400 for a configuration of the wrong kind
 * or with managedFields, 409 for conflicts, 500 (as upstream) for one that does not fit the type.
 */
export function serverSideApply(input: ApplyInput): KubeObject {
  return atOnce(applying(input));
}

/** As serverSideApply, in slices. */
export function* applying(input: ApplyInput): Sliced<KubeObject> {
  const { applied } = input;
  const apiVersion = input.apiVersion ?? textOf(applied.apiVersion);
  checkRequest(input, apiVersion);
  const shape = input.shape ?? shapeOf(input.type);
  const live = input.live === undefined ? (emptyObject(input.type) as KubeObject) : withManagedFields(input.live, undefined);
  const managers = yield* liveManagers(input, shape, apiVersion, live);
  yield;
  const faults = input.sliced === true ? yield* checkingShape(shape, applied) : checkShape(shape, applied);
  if (faults.length > 0) {
    throw failure(`failed to create typed patch object (${textOf(applied.metadata?.namespace)}/${textOf(applied.metadata?.name)}; ${gvkText(apiVersion, textOf(applied.kind))}): ${shapeErrorText(faults)}`);
  }
  yield;
  return yield* run({ shape, apiVersion, live, managers, input });
}

function* run(apply: Apply): Sliced<KubeObject> {
  const { input, shape, live } = apply;
  const manager = input.manager === '' ? 'unknown' : input.manager;
  let result = yield* attempt(apply, manager, input.force);
  if ('conflicts' in result) {
    yield;
    const conflicts = fieldConflicts(result.conflicts);
    yield;
    const allowed = manager === 'kubectl' ? lastAppliedFields(shape, live, apply.apiVersion) : undefined;
    const refused = allowed === undefined ? conflicts : disallowed(conflicts, allowed);
    if (refused.length > 0) {
      yield;
      throw yield* tellingConflicts(refused);
    }
    result = yield* attempt(apply, manager, true);
    if ('conflicts' in result) throw new Error('forced apply met conflicts');
  }
  yield;
  const object = manager === 'kubectl' ? syncLastApplied(result.object, input.applied) : result.object;
  return withManagedFields(object, yield* encodingManagers(result.managers));
}

type Attempt = { readonly object: KubeObject; readonly managers: Map<string, Manager> } | { readonly conflicts: readonly Conflict[] };

function* attempt({ shape, apiVersion, live, managers: before, input }: Apply, name: string, force: boolean): Sliced<Attempt> {
  const managers = new Map(before);
  const subresource = input.subresource ?? '';
  const self = { name, operation: 'Apply' as const, apiVersion, subresource };
  const key = managerKey(self);
  const last = managers.get(key);
  const reset = input.resetFields ?? resetFieldsOf(input.type, subresource);
  // Who applies again applies mostly the same fields: what is known of their set is known again.
  const owning = filterReset(input.sliced === true ? yield* owningFields(shape, input.applied) : ownedFields(shape, input.applied), reset);
  yield;
  const fields = metAgain(sortedSet(owning));
  yield;
  const merged = mergeTyped(shape, live, input.applied);
  managers.set(key, { ...self, time: last?.time, fields });
  yield;
  const object = yield* pruning(shape, merged, last?.fields ?? leaf, fields, managers);
  yield;
  const what = `failed to create typed live object (${objectText(live, apiVersion, input.kind)})`;
  const operation = { shape, apiVersion, reset, convert: input.convert, sliced: input.sliced === true };
  const { conflicts } = yield* orUnselectable(shape, live, what, takingChanged(managers, key, live, object, operation, force));
  if (conflicts.length > 0) return { conflicts };
  yield;
  const changed = !jsonEqual(live, object);
  const entry = managers.get(key);
  if (entry !== undefined) {
    const owned = withoutUnowned(entry.fields);
    if (Object.keys(owned).length === 0) managers.delete(key);
    else managers.set(key, { ...entry, fields: owned, time: changed ? nowText(input.nowMs) : entry.time });
  }
  return { object, managers };
}

/** "namespace/name; apps/v1, Kind=Deployment". */
function objectText(object: KubeObject, apiVersion: string, kind: string | undefined): string {
  return `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}; ${gvkText(apiVersion, kind ?? object.kind ?? '')}`;
}

/** A comparison; a live object with items that no step can select fails it, in upstream's words. */
function* orUnselectable<T>(shape: Shape, live: KubeObject, what: string, work: Sliced<T>): Sliced<T> {
  try {
    return yield* work;
  } catch (error) {
    if (error instanceof PathElementError) throw failure(`${what}: ${shapeErrorText(checkShape(shape, live, true))}`);
    throw error;
  }
}

function mergeTyped(shape: Shape, live: KubeObject, applied: KubeObject): KubeObject {
  try {
    return mergeObjects(shape, live, applied) as KubeObject;
  } catch (error) {
    if (error instanceof PathElementError) throw failure(`failed to merge config: ${error.message}`);
    throw error;
  }
}

/** The stored managers; an object that never had any first gets one for all that it holds. */
function* liveManagers(input: ApplyInput, shape: Shape, apiVersion: string, live: KubeObject): Sliced<Map<string, Manager>> {
  let managers: Map<string, Manager>;
  try {
    managers = decodeManagers(input.live?.metadata?.managedFields);
  } catch (error) {
    if (error instanceof ManagedFieldsError) throw failure(`failed to decode managed fields: ${error.message}`);
    throw error;
  }
  if (managers.size === 0 && input.live !== undefined) {
    const update: UpdateRecord = {
      shape,
      type: input.type,
      apiVersion,
      manager: beforeFirstApply,
      subresource: input.subresource ?? '',
      nowMs: input.nowMs,
      reset: input.resetFields ?? resetFieldsOf(input.type, input.subresource ?? ''),
      convert: undefined,
      sliced: input.sliced === true,
    };
    const what = `failed to create manager for existing fields: failed to convert new object (${objectText(live, apiVersion, input.kind)}) to smd typed`;
    yield* orUnselectable(shape, live, what, recordingUpdate(managers, undefined, live, update));
  }
  yield;
  for (const [key, manager] of managers) {
    const fields = reconcileFields(shape, manager.fields);
    if (fields !== manager.fields) managers.set(key, { ...manager, fields });
  }
  return managers;
}

function checkRequest(input: ApplyInput, apiVersion: string): void {
  const { applied } = input;
  const kind = input.kind ?? textOf(applied.kind);
  if (textOf(applied.apiVersion) !== apiVersion || textOf(applied.kind) !== kind) {
    throw badRequest(`invalid object type: ${gvkText(textOf(applied.apiVersion), textOf(applied.kind))}`);
  }
  const given = applied.metadata?.managedFields;
  if (given !== undefined && given !== null) throw badRequest('metadata.managedFields must be nil');
}

/** What a configuration has where text belongs; anything else counts as none. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** "apps/v1, Kind=Deployment" as Go prints a GroupVersionKind. */
function gvkText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** A failure upstream reports without a reason: 500 and the bare text. */
function failure(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}
