// What strategic merge asks of a field: which type its values have and whether a list is merged (and by
// which key) or replaced. Answers come from the schema tables; a map's values all share one answer.
import { findType, isScalar, type FieldSchema, type TypeSchema } from '#api/schema.ts';

/** The place of a value in the schema: a struct, the values of a map, or something without structure. */
export type Place = { readonly struct: TypeSchema } | { readonly mapOf: FieldSchema } | undefined;

export interface PatchMeta {
  readonly place: Place;
  readonly merge: boolean;
  readonly replace: boolean;
  readonly mergeKey: string;
}

/** Structs that upstream replaces whole although they are no lists. */
const replacedStructs: ReadonlySet<string> = new Set(['policy.v1.PodDisruptionBudgetSpec.selector']);

/** What is known of a field of `place`; undefined when the struct has no such field. */
export function patchMeta(place: Place, key: string): PatchMeta | undefined {
  if (place === undefined) return { place: undefined, merge: false, replace: false, mergeKey: '' };
  if ('mapOf' in place) {
    return { place: placeOfType(place.mapOf.type), merge: false, replace: false, mergeKey: '' };
  }
  const field = place.struct.byName.get(key);
  if (field === undefined) return undefined;
  return {
    place: field.shape === 'map' || field.shape === 'listMap' ? { mapOf: field } : placeOfType(field.type),
    merge: field.patchMerge,
    replace: replacedStructs.has(`${place.struct.name}.${key}`),
    mergeKey: field.patchMergeKey ?? '',
  };
}

export function placeOfType(type: string): Place {
  if (isScalar(type)) return undefined;
  const struct = findType(type);
  return struct === undefined ? undefined : { struct };
}

/** The struct's Go name, as messages show it. */
export function placeName(place: Place): string {
  if (place === undefined) return '';
  const name = 'struct' in place ? place.struct.name : place.mapOf.type;
  return name.slice(name.lastIndexOf('.') + 1);
}
