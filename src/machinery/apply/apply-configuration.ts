// Merging a configuration into an object without owning anything: what an ApplyConfiguration mutation does. Lists and
// maps that are taken whole may not be in it, because what it does not say of them would be lost (upstream's
// mutating/patch/smd.go).
import type { KubeObject } from '../object.ts';
import { isObject } from '../patch/json-tree.ts';
import { checkShape, shapeErrorText } from './check-shape.ts';
import { mergeObjects } from './merge-objects.ts';
import type { Shape } from './shape.ts';

/** The merged object. Throws an Error with upstream's text. */
export function mergeConfiguration(shape: Shape, live: KubeObject, configuration: KubeObject): KubeObject {
  const faults = checkShape(shape, configuration);
  if (faults.length > 0) throw new Error(`failed to convert patch object to typed object: ${shapeErrorText(faults)}`);
  const atomics = atomicPaths(shape, configuration, '');
  if (atomics.length > 0) throw new Error(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`);
  const merged = mergeObjects(shape, live, configuration);
  if (!isObject(merged)) throw new Error('a merged object is no object');
  return merged;
}

/** The ways to all values in it that are taken whole. */
function atomicPaths(shape: Shape, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const isWhole = shape.kind === 'any' || (shape.kind === 'list' && shape.relation === 'atomic');
    const below = shape.kind === 'list' ? value.flatMap((item, i) => atomicPaths(shape.element, item, `${path}[${i}]`)) : [];
    return isWhole ? [path, ...below] : below;
  }
  if (!isObject(value)) return [];
  const isWhole = (shape.kind === 'any' || shape.kind === 'map') && shape.atomic;
  const fields = shape.kind === 'map' ? shape.fields : undefined;
  const below = Object.entries(value).flatMap(([name, field]) => {
    const known = fields?.get(name);
    return known === undefined ? [] : atomicPaths(known.shape, field, `${path}.${name}`);
  });
  return isWhole ? [path, ...below] : below;
}
