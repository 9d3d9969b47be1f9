// Ownership after a create, update or patch: the fields the operation changed now belong to its manager
// (KEP-555). Runs on every write, so it compares only what differs and shares all sets it can.
import type { ManagedFieldsEntry } from '#api/meta/v1.ts';
import type { KubeObject } from '../object.ts';
import { jsonEqual } from '../patch/json-tree.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { isTwin } from '../twins.ts';
import { isEmptySet, union, type FieldSet } from './field-set.ts';
import { keepFields, knownFields } from './alike-creates.ts';
import { capUpdateManagers, decodeManagers, encodingManagers, ManagedFieldsError, managerKey, nowText, withoutUnowned, type Manager } from './managed-fields.ts';
import { PathElementError } from './path-element.ts';
import { filterReset, resetFieldsOf, type ResetFields } from './reset-fields.ts';
import { emptyObject, shapeOf, type Shape } from './shape.ts';
import { asShared } from './shared-sets.ts';
import { takingChanged, type ConvertTo } from './update-managers.ts';
import { sortedSet } from './written-set.ts';

export interface TrackUpdateInput {
  /** Schema name; undefined for custom resources. */
  readonly type?: string | undefined;
  /** Overrides the shape of `type`, for custom resources with a structural schema. */
  readonly shape?: Shape | undefined;
  /** The stored object; undefined on create. */
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  /** fieldManager, or the User-Agent up to its first slash; "unknown" when empty. */
  readonly manager: string;
  readonly operation?: 'Update' | undefined;
  readonly subresource?: string | undefined;
  readonly apiVersion: string;
  readonly nowMs: number;
  /** Defaults to what upstream's strategy of the type resets. */
  readonly resetFields?: ResetFields | undefined;
  readonly convert?: ConvertTo | undefined;
  /** Of large objects: they are compared with pauses. */
  readonly sliced?: boolean;
}

/** `after` with its managedFields brought up to date. Never throws: an object that cannot be tracked loses them. */
export function trackUpdate(input: TrackUpdateInput): KubeObject {
  return atOnce(trackingUpdate(input));
}

/** As trackUpdate, in slices. */
export function* trackingUpdate(input: TrackUpdateInput): Sliced<KubeObject> {
  const { before, after } = input;
  const subresource = input.subresource ?? '';
  const managers = currentManagers(before, after, subresource !== '');
  const bare = withManagedFields(after, undefined);
  if (managers.size === 0 && before?.metadata?.uid !== undefined && before.metadata.uid !== '') return bare;
  const update: UpdateRecord = {
    shape: input.shape ?? shapeOf(input.type),
    type: input.type,
    apiVersion: input.apiVersion,
    manager: input.manager,
    subresource,
    nowMs: input.nowMs,
    reset: input.resetFields ?? resetFieldsOf(input.type, subresource),
    convert: input.convert,
    sliced: input.sliced === true,
  };
  try {
    yield* recordingUpdate(managers, before, bare, update);
  } catch (error) {
    // Items without their keys: such an object has no owners.
    if (error instanceof PathElementError) return bare;
    throw error;
  }
  yield;
  return withManagedFields(after, yield* encodingManagers(managers));
}

export interface UpdateRecord {
  readonly shape: Shape;
  readonly type: string | undefined;
  readonly apiVersion: string;
  readonly manager: string;
  readonly subresource: string;
  readonly nowMs: number;
  readonly reset: ResetFields | undefined;
  readonly convert: ConvertTo | undefined;
  readonly sliced?: boolean;
}

/** Enters one update into `managers` (in place). Throws PathElementError. */
export function* recordingUpdate(managers: Map<string, Manager>, before: KubeObject | undefined, after: KubeObject, update: UpdateRecord): Sliced<void> {
  const self = { name: update.manager === '' ? 'unknown' : update.manager, operation: 'Update' as const, apiVersion: update.apiVersion, subresource: update.subresource };
  const key = managerKey(self);
  const fields = before === undefined && managers.size === 0 ? yield* ownedByCreator(after, update) : yield* changedFields(managers, before, after, update, key);
  if (!isEmptySet(fields)) {
    const previous = managers.get(key);
    if (previous !== undefined) yield;
    managers.set(key, { ...self, time: nowText(update.nowMs), fields: previous === undefined ? fields : union(previous.fields, fields) });
  }
  capUpdateManagers(managers);
}

/** What the update changed, taken from all managers (in place). */
function* changedFields(managers: Map<string, Manager>, before: KubeObject | undefined, after: KubeObject, update: UpdateRecord, updater?: string): Sliced<FieldSet> {
  const live = before === undefined ? (emptyObject(update.type) as KubeObject) : withManagedFields(before, undefined);
  const { comparison } = yield* takingChanged(managers, undefined, live, after, update, true, updater);
  yield;
  return withoutUnowned(filterReset(union(comparison.modified, comparison.added), update.reset));
}

/** The fields of a new object: those of one that was made alike, where there was one. */
function* ownedByCreator(after: KubeObject, update: UpdateRecord): Sliced<FieldSet> {
  const { shape, reset } = update;
  const known = knownFields(shape, reset, after);
  if (known !== undefined) return known;
  const fields = isTwin(after['spec']) ? yield* ownedWithTwin(after, after['spec'], update) : yield* changedFields(new Map(), undefined, after, update);
  return keepFields(shape, reset, after, fields);
}

const specsOwned = new WeakMap<object, { readonly shape: Shape; readonly reset: ResetFields | undefined; readonly fields: FieldSet | undefined }>();

/** The fields of a new object whose spec came before: those of the spec are known from then. */
function* ownedWithTwin(after: KubeObject, spec: object, update: UpdateRecord): Sliced<FieldSet> {
  const known = specsOwned.get(spec);
  if (known?.shape !== update.shape || known.reset !== update.reset) {
    const fields = yield* changedFields(new Map(), undefined, after, update);
    const own = fields['f:spec'];
    specsOwned.set(spec, { shape: update.shape, reset: update.reset, fields: own === undefined ? undefined : asShared(sortedSet(own)) });
    return fields;
  }
  const { spec: _known, ...rest } = after;
  const fields = yield* changedFields(new Map(), undefined, rest, update);
  return known.fields === undefined ? fields : { ...fields, 'f:spec': known.fields };
}

/** The managers to start from: the request's own list where it may set one, else the stored object's. */
function currentManagers(before: KubeObject | undefined, after: KubeObject, isSubresource: boolean): Map<string, Manager> {
  if (!isSubresource) {
    const given = after.metadata?.managedFields;
    if (isReset(given)) return new Map();
    const managers = given === before?.metadata?.managedFields ? undefined : decodeOrUndefined(given);
    if (managers !== undefined && managers.size > 0) return managers;
  }
  return decodeOrUndefined(before?.metadata?.managedFields) ?? new Map<string, Manager>();
}

function decodeOrUndefined(entries: readonly ManagedFieldsEntry[] | null | undefined): Map<string, Manager> | undefined {
  try {
    return decodeManagers(entries);
  } catch (error) {
    if (error instanceof ManagedFieldsError) return undefined;
    throw error;
  }
}

/** `[]` or `[{}]` asks for a fresh start. */
function isReset(entries: readonly ManagedFieldsEntry[] | null | undefined): boolean {
  if (entries === undefined || entries === null) return false;
  const [only] = entries;
  return entries.length === 0 || (entries.length === 1 && only !== undefined && Object.keys(only).length === 0);
}

/** A copy of the object with these managedFields (or none). */
export function withManagedFields(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): KubeObject {
  if (entries !== undefined) return { ...object, metadata: { ...object.metadata, managedFields: entries } };
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _owners, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/**
 * Keeps the stored managedFields when an update changes nothing but their times, so that it writes nothing.
 */
export function keepUnchangedTimes(before: KubeObject, after: KubeObject): KubeObject {
  const old = before.metadata?.managedFields;
  const entries = after.metadata?.managedFields;
  if (old === undefined || entries === undefined || old === entries || old.length !== entries.length) return after;
  // Most updates change something, and mostly something small: the owners, half of a small object, are looked at last.
  if (!jsonEqual(withManagedFields(before, undefined), withManagedFields(after, undefined))) return after;
  const same = entries.every((entry, i) => entry === old[i] || jsonEqual({ ...entry, time: undefined }, { ...old[i], time: undefined }));
  return same ? withManagedFields(after, old) : after;
}

/** The manager's name for a request without fieldManager: the User-Agent up to its first slash, printable, at most 128 bytes. */
export function managerFromUserAgent(userAgent: string): string {
  const known = managersSeen.get(userAgent);
  if (known !== undefined) return known;
  const name = readManager(userAgent);
  if (managersSeen.size >= managersKept) managersSeen.clear();
  if (userAgent.length <= longestAgentKept) managersSeen.set(userAgent, name);
  return name;
}

/** Few programs write, and often. */
const managersSeen = new Map<string, string>();
const managersKept = 200;
const longestAgentKept = 500;

function readManager(userAgent: string): string {
  const prefix = userAgent.split('/', 1)[0] ?? '';
  let name = '';
  for (const char of prefix) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue;
    if (Buffer.byteLength(name) + Buffer.byteLength(char) > 128) break;
    name += char;
  }
  return name;
}
