// JSON merge patch (RFC 7396): objects merge, null removes, everything else replaces. What the patch does
// not mention is shared with the original, never copied or changed.
import type { KubeObject } from '../object.ts';
import { badRequest } from '../status.ts';
import { patched } from './json-patch.ts';
import { isObject, setKey, type JsonObject } from './json-tree.ts';

/** Merges `patch` into `object` and returns the result. Throws StatusError 400 when the patch is a scalar or null. */
export function mergePatch(object: KubeObject, patch: unknown): KubeObject {
  if (Array.isArray(patch)) return patched(pruneNulls(patch));
  if (!isObject(patch)) throw badRequest('Invalid JSON Patch');
  return mergeObjects(object, patch);
}

function mergeObjects(object: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...object };
  for (const key of Object.keys(patch)) {
    const change = patch[key];
    if (change === null) {
      delete merged[key];
      continue;
    }
    const current = Object.hasOwn(object, key) ? object[key] : null;
    if (isObject(current)) setKey(merged, key, isObject(change) ? mergeObjects(current, change) : change);
    else setKey(merged, key, pruneNulls(change));
  }
  return merged;
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
