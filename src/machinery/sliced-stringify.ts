// JSON.stringify with pauses, for objects of tens of thousands of members: V8 keeps such a map as a dictionary, and
// writes one of 60,000 names in up to 90 ms. The same text, made of the texts of what is small.
import { isObject, isSmall } from './patch/json-tree.ts';
import { isDue, type Pace, type Sliced } from './slices.ts';

/** As JSON.stringify of a JSON value, members that are undefined included: they are left out. */
export function* stringifying(value: unknown, pace: Pace = { spent: 0 }): Sliced<string> {
  if (Array.isArray(value)) return yield* stringifyingList(value, pace);
  return isObject(value) ? yield* stringifyingMembers(value, pace) : JSON.stringify(value);
}

function* stringifyingList(list: readonly unknown[], pace: Pace): Sliced<string> {
  let text = '';
  for (const item of list) {
    const part = isSmall(item, list.length) ? (JSON.stringify(item) as string | undefined) : yield* stringifying(item, pace);
    text += `${text === '' ? '' : ','}${part ?? 'null'}`;
    if (isDue(pace, item)) yield;
  }
  return `[${text}]`;
}

function* stringifyingMembers(object: Readonly<Record<string, unknown>>, pace: Pace): Sliced<string> {
  const keys = Object.keys(object);
  let text = '';
  for (const key of keys) {
    const item = object[key];
    if (item === undefined) continue;
    const part = isSmall(item, keys.length) ? JSON.stringify(item) : yield* stringifying(item, pace);
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${part}`;
    if (isDue(pace, item)) yield;
  }
  return `{${text}}`;
}
