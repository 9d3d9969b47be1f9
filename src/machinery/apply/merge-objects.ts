// Merging an applied configuration into the live object: scalars and atomic values of the configuration
// win, maps and keyed lists merge item by item. The configuration's order of list items wins where both
// sides have them; items only the live object has stay near their neighbours (structured-merge-diff).
import { copyOf, isObject, setKey, type JsonObject } from '../patch/json-tree.ts';
import { itemPathElement } from './path-element.ts';
import { deducedShape, type ListShape, type MapShape, type Shape } from './shape.ts';

/** Merges `applied` over `live`; what neither changes is shared with `live`. */
export function mergeObjects(shape: Shape, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  switch (shape.kind) {
    case 'scalar':
      return applied;
    case 'any':
      return !shape.atomic && isObject(live) && isObject(applied) ? mergeMaps(undefined, live, applied) : applied;
    case 'map':
      if (shape.atomic || (isEmptyMap(live) && isEmptyMap(applied))) return applied;
      return mergeMaps(shape, isObject(live) ? live : {}, isObject(applied) ? applied : {});
    case 'list': {
      const left = Array.isArray(live) ? live : [];
      const right = Array.isArray(applied) ? applied : [];
      if (shape.relation === 'atomic' || (left.length === 0 && right.length === 0)) return applied;
      return mergeLists(shape, left, right);
    }
  }
}

function isEmptyMap(value: unknown): boolean {
  return !isObject(value) || Object.keys(value).length === 0;
}

function mergeMaps(shape: MapShape | undefined, live: JsonObject, applied: JsonObject): JsonObject {
  const merged = copyOf(live);
  for (const key of Object.keys(applied)) {
    const child = shape?.fields?.get(key)?.shape ?? shape?.element ?? deducedShape;
    setKey(merged, key, mergeObjects(child, Object.hasOwn(live, key) ? live[key] : undefined, applied[key]));
  }
  return merged;
}

function mergeLists(shape: ListShape, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const liveKeys = live.map((item) => itemPathElement(shape, item));
  const appliedKeys = applied.map((item) => itemPathElement(shape, item));
  const liveItems = new Map<string, unknown>();
  for (let i = 0; i < live.length; i++) {
    const key = liveKeys[i] ?? '';
    liveItems.set(key, liveItems.has(key) ? null : live[i]);
  }
  const appliedItems = new Map<string, unknown>();
  for (let i = 0; i < applied.length; i++) appliedItems.set(appliedKeys[i] ?? '', applied[i]);
  const shared = appliedKeys.filter((key) => liveItems.has(key));
  let sharedAt = 0;
  let nextShared = shared[sharedAt];
  const taken = new Set<string>();
  const out: unknown[] = [];
  const take = (key: string): void => {
    taken.add(key);
    out.push(mergeObjects(shape.element, liveItems.get(key), appliedItems.get(key)));
    if (key === nextShared) nextShared = shared[++sharedAt];
  };
  let left = 0;
  let right = 0;
  while (left < live.length || right < applied.length) {
    const liveKey = liveKeys[left];
    const appliedKey = appliedKeys[right];
    if (liveKey !== undefined && appliedKey !== undefined) {
      if (liveKey === appliedKey) {
        take(appliedKey);
        left++;
        right++;
        continue;
      }
      // A shared item whose turn it is not: it is taken when the configuration reaches it.
      if (appliedItems.has(liveKey) && nextShared !== undefined && nextShared !== liveKey) {
        left++;
        continue;
      }
    }
    if (liveKey !== undefined) {
      if (!appliedItems.has(liveKey)) {
        out.push(live[left]);
        left++;
        continue;
      }
      if (taken.has(liveKey)) left++;
    }
    if (appliedKey !== undefined) {
      take(appliedKey);
      right++;
    }
  }
  return out;
}
