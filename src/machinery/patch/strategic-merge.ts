// Strategic merge patch: a merge patch that knows from the schema which lists merge and by which key, with
// the directives `$patch`, `$setElementOrder/x`, `$deleteFromPrimitiveList/x` and `$retainKeys`. Neither
// the live object nor the patch is changed; untouched subtrees are shared with the live object.
import { findType } from '#api/schema.ts';
import type { KubeObject } from '../object.ts';
import { badRequest, unsupportedMediaType, StatusError } from '../status.ts';
import { goText, goType } from './go-text.ts';
import { unprocessable } from './json-patch.ts';
import { atOnce, isDue, type Pace, type Sliced } from '../slices.ts';
import { copyingOf, copyOf, isObject, isSmall, jsonKind, own, setKey, type JsonObject } from './json-tree.ts';
import { MergeError, itemKey, orderingItems, orderItems, requireKey } from './strategic-order.ts';
import { patchMeta, placeName, type PatchMeta, type Place } from './strategic-schema.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';

/**
 * Applies a strategic merge patch to an object of a schema type ("apps.v1.Deployment").
 * Throws StatusError 400 or 422 for malformed patches, 415 when the type has no schema (custom resources).
 */
export function strategicMergePatch(type: string | undefined, object: KubeObject, patch: unknown): KubeObject {
  const { fields, place } = checked(type, patch);
  try {
    return mergeMap(object, fields, place);
  } catch (error) {
    throw told(error);
  }
}

/** As strategicMergePatch, in slices. */
export function* strategicallyMerging(type: string | undefined, object: KubeObject, patch: unknown): Sliced<KubeObject> {
  const { fields, place } = checked(type, patch);
  try {
    return yield* mergingMap(object, fields, place, { spent: 0 });
  } catch (error) {
    throw told(error);
  }
}

function checked(type: string | undefined, patch: unknown): { readonly fields: JsonObject; readonly place: Place } {
  const struct = type === undefined ? undefined : findType(type);
  if (struct === undefined) throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']);
  if (!isObject(patch)) throw badRequest(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`);
  return { fields: patch, place: { struct } };
}

function told(error: unknown): unknown {
  if (!(error instanceof MergeError)) return error;
  if (error.code === 400) return badRequest(error.message);
  if (error.code === 422) return unprocessable(error.message);
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: error.message, code: 500 });
}

/** As mergeMap, with pauses where there are many members or items. */
function* mergingMap(live: JsonObject, patch: JsonObject, place: Place, pace: Pace): Sliced<JsonObject> {
  const keys = Object.keys(patch);
  // Directives say something of the whole.
  if (keys.some((key) => key === directive || key === retainKeys || key.startsWith(orderPrefix))) return mergeMap(live, patch, place);
  const merged = yield* copyingOf(live, pace);
  for (const key of keys) {
    const change = patch[key];
    const known = Object.hasOwn(merged, key) ? merged[key] : undefined;
    const isBig = !key.startsWith(deletePrefix) && !isSmall(change, keys.length);
    const meta = isBig && ((isObject(known) && isObject(change)) || (Array.isArray(known) && Array.isArray(change))) ? metaOf(place, key) : undefined;
    if (meta !== undefined && !meta.replace && isObject(known) && isObject(change)) {
      setKey(merged, key, yield* mergingMap(known, change, meta.place, pace));
    } else if (meta?.merge === true && Array.isArray(known) && Array.isArray(change)) {
      setKey(merged, key, yield* mergingList(known, change, meta, false, (item, itemChange) => mergingMap(item, itemChange, meta.place, pace)));
    } else {
      mergeField(merged, key, change, place);
    }
    if (isDue(pace, change)) yield;
  }
  return merged;
}

function mergeMap(live: JsonObject, patch: JsonObject, place: Place): JsonObject {
  if (Object.hasOwn(patch, directive)) return applyMapDirective(patch);
  let merged: JsonObject = copyOf(live);
  if (Object.hasOwn(patch, retainKeys)) merged = retain(merged, patch);
  const ordered = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (key.startsWith(orderPrefix)) applyOrder(merged, patch, key, place, ordered);
  }
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || key.startsWith(orderPrefix) || ordered.has(key)) continue;
    mergeField(merged, key, patch[key], place);
  }
  return merged;
}

function applyMapDirective(patch: JsonObject): JsonObject {
  const what = patch[directive];
  if (what === 'delete') return {};
  if (what !== 'replace') throw new MergeError(`unknown patch type: ${goText(what)} in map: ${goText(patch)}`);
  const { [directive]: _, ...rest } = patch;
  return rest;
}

function retain(live: JsonObject, patch: JsonObject): JsonObject {
  const kept = patch[retainKeys];
  const malformed = (): MergeError => new MergeError('invalid patch format of retainKeys', 400);
  if (!Array.isArray(kept)) throw malformed();
  const keys = new Set<unknown>(kept);
  for (const key of Object.keys(patch)) {
    if (key === retainKeys || patch[key] === null || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue;
    if (!keys.has(key)) throw malformed();
  }
  const merged: JsonObject = {};
  for (const key of Object.keys(live)) if (keys.has(key)) setKey(merged, key, live[key]);
  return merged;
}

function directiveField(key: string, prefix: string, message: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) throw new MergeError(message, 400);
  return key.slice(slash + 1);
}

function metaOf(place: Place, key: string): PatchMeta {
  const meta = patchMeta(place, key);
  if (meta === undefined) throw new MergeError(`unable to find api field in struct ${placeName(place)} for the json field ${JSON.stringify(key)}`);
  return meta;
}

/** Handles `$setElementOrder/field` together with the patch's own list of that field. */
function applyOrder(merged: JsonObject, patch: JsonObject, key: string, place: Place, done: Set<string>): void {
  const malformed = 'invalid patch format of setElementOrder list';
  const order = patch[key];
  if (!Array.isArray(order)) throw new MergeError(`expected a []interface {}, but received a ${goType(order)}`);
  const field = directiveField(key, orderPrefix, malformed);
  const live = Object.hasOwn(merged, field) ? merged[field] : undefined;
  const change = own(patch, field);
  for (const list of [live, change]) {
    if (list !== undefined && !Array.isArray(list)) throw new MergeError(`expected a []interface {}, but received a ${goType(list)}`);
  }
  const liveList = Array.isArray(live) ? live : undefined;
  const changeList = Array.isArray(change) ? change : undefined;
  const meta = metaOf(place, field);
  checkOrder(changeList ?? [], order, meta.mergeKey);
  if (liveList === undefined && changeList === undefined) return;
  let items: unknown[];
  if (changeList === undefined) items = liveList ?? [];
  else if (liveList === undefined) items = clean(changeList, false).value as unknown[];
  else items = meta.merge ? mergeList(liveList, changeList, meta, false) : changeList;
  elementKind(liveList ?? [], changeList ?? []);
  if (meta.mergeKey !== '') for (const item of [...items, ...order]) requireKey(asMap(item), meta.mergeKey);
  setKey(merged, field, orderItems(items, order, liveList ?? [], meta.mergeKey));
  done.add(field);
}

/** The items of the patch must stand in the order that the directive gives. */
function checkOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (items.length === 0 || order.length === 0) return;
  const kept = items.filter((item) => !(isObject(item) && own(item, directive) === 'delete'));
  let at = 0;
  for (const wanted of order) {
    if (at === kept.length) break;
    const item = kept[at];
    const same = mergeKey === '' ? item === wanted : requireKey(asMap(item), mergeKey) === requireKey(asMap(wanted), mergeKey);
    if (same) at++;
  }
  if (at < kept.length) {
    throw new MergeError(`The order in patch list:\n${goText(items)}\n doesn't match ${orderPrefix} list:\n${goText(order)}\n`);
  }
}

function asMap(item: unknown): JsonObject {
  if (!isObject(item)) throw new MergeError(`expected a map[string]interface {}, but received a ${goType(item)}`);
  return item;
}

function mergeField(merged: JsonObject, patchKey: string, change: unknown, place: Place): void {
  const isDeleteList = patchKey.startsWith(deletePrefix);
  const key = isDeleteList ? directiveField(patchKey, deletePrefix, 'invalid patch format of primitive list') : patchKey;
  if (change === null) {
    delete merged[key];
    return;
  }
  const live = Object.hasOwn(merged, key) ? merged[key] : undefined;
  if (isObject(live) && isObject(change)) {
    const meta = metaOf(place, key);
    setKey(merged, key, meta.replace ? change : mergeMap(live, change, meta.place));
    return;
  }
  if (Array.isArray(live) && Array.isArray(change)) {
    const meta = metaOf(place, key);
    setKey(merged, key, meta.merge || isDeleteList ? mergeList(live, change, meta, isDeleteList) : change);
    return;
  }
  if (isDeleteList) return;
  const cleaned = clean(change, true);
  if (cleaned.keep) setKey(merged, key, cleaned.value);
  else delete merged[key];
}

/** A patch value taken as it is: without nulls (if asked) and without whatever carries a directive. */
function clean(value: unknown, dropNulls: boolean): { keep: boolean; value?: unknown } {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => clean(item, dropNulls)).filter((item) => item.keep);
    return { keep: true, value: items.map((item) => item.value) };
  }
  if (!isObject(value)) return { keep: true, value };
  if (Object.hasOwn(value, directive)) return { keep: false };
  const out: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (dropNulls && value[key] === null) continue;
    const cleaned = clean(value[key], dropNulls);
    if (cleaned.keep) setKey(out, key, cleaned.value);
  }
  return { keep: true, value: out };
}

/** 'map' or 'scalar'; all items of all lists must be alike. */
function elementKind(...lists: readonly (readonly unknown[])[]): 'map' | 'scalar' {
  const kinds = new Set(lists.flatMap((items) => items.map(goType)));
  if (kinds.has('[]interface {}')) throw new MergeError('lists of lists are not supported', 422);
  if (kinds.size === 0) throw new MergeError('no elements in any of the given slices');
  if (kinds.size > 1) throw new MergeError(`list element types are not identical: ${goText(lists)}`);
  return kinds.has('map[string]interface {}') ? 'map' : 'scalar';
}

function mergeList(live: readonly unknown[], patch: readonly unknown[], meta: PatchMeta, isDeleteList: boolean): unknown[] {
  return atOnce(mergingList(live, patch, meta, isDeleteList, function* (item, change) {
    return mergeMap(item, change, meta.place);
  }));
}

type MergeItem = (item: JsonObject, change: JsonObject) => Sliced<JsonObject>;

const itemsPerSlice = 512;

function* mergingList(live: readonly unknown[], patch: readonly unknown[], meta: PatchMeta, isDeleteList: boolean, mergeItem: MergeItem): Sliced<unknown[]> {
  if (live.length === 0 && patch.length === 0) return [];
  if (elementKind(live, patch) === 'scalar') {
    if (isDeleteList) {
      const gone = new Set(patch);
      return live.filter((item) => !gone.has(item));
    }
    const all = [...new Set([...live, ...patch])];
    yield;
    return yield* orderingItems(all, patch, live, '');
  }
  if (meta.mergeKey === '') throw new MergeError(`cannot merge lists without merge key for ${placeName(meta.place)}`);
  const { kept, changes } = applyListDirectives(live, patch, meta.mergeKey);
  const merged = [...kept];
  const at = new Map<unknown, number>();
  merged.forEach((item, i) => {
    const key = itemKey(item, meta.mergeKey);
    if (!at.has(key)) at.set(key, i);
  });
  for (const [i, change] of changes.entries()) {
    if (i % itemsPerSlice === 0) yield;
    const key = requireKey(change, meta.mergeKey);
    const found = at.get(key);
    if (found === undefined) {
      at.set(key, merged.length);
      merged.push(change);
    } else {
      merged[found] = yield* mergeItem(asMap(merged[found]), change);
    }
  }
  for (const item of merged) requireKey(asMap(item), meta.mergeKey);
  yield;
  return yield* orderingItems(merged, changes, kept, meta.mergeKey);
}

/** Carries out `$patch: delete` and `$patch: replace` items of a list. */
function applyListDirectives(live: readonly unknown[], patch: readonly unknown[], mergeKey: string): { kept: unknown[]; changes: JsonObject[] } {
  const gone = new Set<unknown>();
  let replaceAll = false;
  const changes: JsonObject[] = [];
  for (const item of patch) {
    const change = asMap(item);
    const what = own(change, directive);
    if (what === undefined) {
      changes.push(change);
    } else if (what === 'delete') {
      gone.add(requireKey(change, mergeKey));
    } else if (what === 'replace') {
      replaceAll = true;
    } else if (what === 'merge') {
      throw new MergeError('merging lists cannot yet be specified in the patch');
    } else {
      throw new MergeError(`unknown patch type: ${goText(what)} in map: ${goText(change)}`);
    }
  }
  if (replaceAll) return { kept: changes, changes: [] };
  return { kept: gone.size === 0 ? [...live] : live.filter((item) => !gone.has(itemKey(item, mergeKey))), changes };
}
