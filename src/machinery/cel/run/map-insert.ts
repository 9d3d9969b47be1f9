// What transformMap's folds do with each entry: a map that only grows, in place while the fold owns it.
import { GrowingMap } from '../types/maps.ts';
import { CelError, type CelMap, type CelValue } from '../types/values.ts';
import { valueText } from '../types/value-text.ts';

/** A map with one more entry; a key that is there already is an error. */
export function insertEntry(map: CelMap, key: CelValue, value: CelValue): CelMap | CelError {
  if (map.find(key) !== undefined) return new CelError(`insert failed: key ${valueText(key)} already exists`);
  const target = map instanceof GrowingMap ? map : new GrowingMap();
  if (target !== map) {
    for (const old of map.keys()) {
      const found = map.find(old);
      if (found instanceof CelError) return found;
      if (found !== undefined) target.set(old, found);
    }
  }
  target.set(key, value);
  return target;
}
