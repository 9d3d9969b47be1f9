// JSON merge patch (RFC 7396): objects merge, null removes, everything else replaces. What the patch does
// not mention is shared with the original, never copied or changed.
import type { KubeObject } from '../object.ts';
import { badRequest } from '../status.ts';
import { patched } from './json-patch.ts';
import { isDue, type Pace, type Sliced } from '../slices.ts';
import { copyingOf, copyOf, isObject, isSmall, setKey, type JsonObject } from './json-tree.ts';

/** Merges `patch` into `object` and returns the result. Throws StatusError 400 when the patch is a scalar or null. */
export function mergePatch(object: KubeObject, patch: unknown): KubeObject {
  if (Array.isArray(patch)) return patched(pruneNulls(patch));
  if (!isObject(patch)) throw badRequest('Invalid JSON Patch');
  return mergeObjects(object, patch);
}

/** As mergePatch, in slices. */
export function* mergingPatch(object: KubeObject, patch: unknown): Sliced<KubeObject> {
  return isObject(patch) ? yield* mergingObjects(object, patch, { spent: 0 }) : mergePatch(object, patch);
}

function* mergingObjects(object: JsonObject, patch: JsonObject, pace: Pace): Sliced<JsonObject> {
  const merged = yield* copyingOf(object, pace);
  const keys = Object.keys(patch);
  for (const key of keys) {
    const change = patch[key];
    const current = Object.hasOwn(object, key) ? object[key] : null;
    if (isObject(change) && isObject(current) && !isSmall(change, keys.length)) setKey(merged, key, yield* mergingObjects(current, change, pace));
    else mergeMember(merged, key, current, change);
    if (isDue(pace, change)) yield;
  }
  return merged;
}

function mergeObjects(object: JsonObject, patch: JsonObject): JsonObject {
  const merged = copyOf(object);
  for (const key of Object.keys(patch)) {
    mergeMember(merged, key, Object.hasOwn(object, key) ? object[key] : null, patch[key]);
  }
  return merged;
}

function mergeMember(merged: JsonObject, key: string, current: unknown, change: unknown): void {
  if (change === null) delete merged[key];
  else if (isObject(current)) setKey(merged, key, isObject(change) ? mergeObjects(current, change) : change);
  else setKey(merged, key, pruneNulls(change));
}

/** Nulls inside objects mean "absent" also where there is nothing to remove; a list keeps its null items. */
function pruneNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruneNulls);
  if (!isObject(value)) return value;
  const pruned: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== null) setKey(pruned, key, pruneNulls(value[key]));
  }
  return pruned;
}
