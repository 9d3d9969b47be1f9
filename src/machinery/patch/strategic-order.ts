// The order of a merged list in strategic merge: items the patch names come in the patch's order, items
// only the server has keep theirs, and the two are interleaved by where they stood in the live list.
import { atOnce, type Sliced } from '../slices.ts';
import { goText } from './go-text.ts';
import { isObject, type JsonObject } from './json-tree.ts';

export class MergeError extends Error {
  /** The status upstream gives it; undefined for errors that surface as 500. */
  readonly code: number | undefined;
  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** The value by which an item is recognised: its merge key, or itself for scalars. */
export function itemKey(item: unknown, mergeKey: string): unknown {
  return mergeKey === '' || !isObject(item) ? item : item[mergeKey];
}

/** The item's merge key; throws when the item lacks it. */
export function requireKey(item: JsonObject, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey)) {
    throw new MergeError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return item[mergeKey];
}

function positions(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const found = new Map<unknown, number>();
  list.forEach((item, i) => {
    const key = itemKey(item, mergeKey);
    if (!found.has(key)) found.set(key, i);
  });
  return found;
}

/** Orders `merged`: by `patchOrder` where it names the item, else by `liveOrder`, interleaved by `liveOrder`. */
export function orderItems(merged: readonly unknown[], patchOrder: readonly unknown[], liveOrder: readonly unknown[], mergeKey: string): unknown[] {
  return atOnce(orderingItems(merged, patchOrder, liveOrder, mergeKey));
}

/** As orderItems, in slices. */
export function* orderingItems(merged: readonly unknown[], patchOrder: readonly unknown[], liveOrder: readonly unknown[], mergeKey: string): Sliced<unknown[]> {
  const inPatch = positions(patchOrder, mergeKey);
  yield;
  const inLive = positions(liveOrder, mergeKey);
  yield;
  const sorted = (items: unknown[], order: Map<unknown, number>): unknown[] =>
    items
      .map((item) => ({ item, at: order.get(itemKey(item, mergeKey)) ?? Number.MAX_SAFE_INTEGER }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  const patchItems = sorted(merged.filter((item) => inPatch.has(itemKey(item, mergeKey))), inPatch);
  yield;
  const serverItems = sorted(merged.filter((item) => !inPatch.has(itemKey(item, mergeKey))), inLive);
  yield;
  const out: unknown[] = [];
  let left = 0;
  let right = 0;
  while (left < serverItems.length && right < patchItems.length) {
    const serverAt = inLive.get(itemKey(serverItems[left], mergeKey));
    const patchAt = inLive.get(itemKey(patchItems[right], mergeKey));
    if (serverAt !== undefined && patchAt !== undefined && serverAt < patchAt) out.push(serverItems[left++]);
    else out.push(patchItems[right++]);
  }
  return [...out, ...serverItems.slice(left), ...patchItems.slice(right)];
}
