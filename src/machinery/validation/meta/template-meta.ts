// Metadata inside templates of claims: labels and annotations, and nothing else of an object's metadata.
import type { ObjectMeta } from '#api/meta/v1.ts';
import { child, forbiddenField, type FieldError } from '../../field-errors.ts';
import { validateAnnotations, validateLabels } from './object-meta.ts';

const allowed: ReadonlySet<string> = new Set(['annotations', 'labels']);

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Upstream derives the path from the Go name: "UID" becomes "uID". */
function pathName(field: string): string {
  return field === 'uid' ? 'uID' : field;
}

export function checkTemplateMeta(meta: ObjectMeta | undefined, path: string): FieldError[] {
  return [
    ...validateAnnotations(meta?.annotations, child(path, 'annotations')),
    ...validateLabels(meta?.labels, child(path, 'labels')),
    ...Object.entries(meta ?? {}).flatMap(([field, value]) => (allowed.has(field) || isEmpty(value) ? [] : [forbiddenField(child(path, pathName(field)), 'cannot be set')])),
  ];
}
