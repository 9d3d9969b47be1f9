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

/** What both sides have of an item, by a number that stands for its key: keys are looked up once. */
interface Sides {
  readonly live: unknown[];
  readonly applied: unknown[];
  readonly inApplied: boolean[];
  readonly taken: boolean[];
}

function mergeLists(shape: ListShape, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const numbers = new Map<string, number>();
  const numberOf = (item: unknown): number => {
    const key = itemPathElement(shape, item);
    let number = numbers.get(key);
    if (number === undefined) numbers.set(key, (number = numbers.size));
    return number;
  };
  const sides: Sides = { live: [], applied: [], inApplied: [], taken: [] };
  const liveKeys = live.map(numberOf);
  const liveCount = numbers.size;
  const appliedKeys = applied.map(numberOf);
  // Of what the live list has twice nothing is known.
  for (const [i, key] of liveKeys.entries()) sides.live[key] = key in sides.live ? null : live[i];
  for (const [i, key] of appliedKeys.entries()) {
    sides.applied[key] = applied[i];
    sides.inApplied[key] = true;
  }
  const shared = appliedKeys.filter((key) => key < liveCount);
  let sharedAt = 0;
  let nextShared = shared[sharedAt];
  const out: unknown[] = [];
  const take = (key: number): void => {
    sides.taken[key] = true;
    out.push(mergeObjects(shape.element, sides.live[key], sides.applied[key]));
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
      if (sides.inApplied[liveKey] === true && nextShared !== undefined && nextShared !== liveKey) {
        left++;
        continue;
      }
    }
    if (liveKey !== undefined) {
      if (sides.inApplied[liveKey] !== true) {
        out.push(live[left]);
        left++;
        continue;
      }
      if (sides.taken[liveKey] === true) left++;
    }
    if (appliedKey !== undefined) {
      take(appliedKey);
      right++;
    }
  }
  return out;
}
