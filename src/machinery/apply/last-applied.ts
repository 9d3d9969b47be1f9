// The bridge from client-side to server-side apply for the manager "kubectl": fields that still have the
// value of the last-applied annotation are no conflict, and the annotation is kept in step, so that a
// user may go back and forth between the two kinds of apply.
import { parsePlain } from '../json.ts';
import type { KubeObject } from '../object.ts';
import { isObject } from '../patch/json-tree.ts';
import { compareObjects } from './compare.ts';
import { difference, type FieldSet } from './field-set.ts';
import { ownedFields } from './owned-fields.ts';
import type { Shape } from './shape.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
const maxAnnotationBytes = 256 * 1024;

/** Fields whose live value is the one client-side apply wrote; undefined without a usable annotation. */
export function lastAppliedFields(shape: Shape, live: KubeObject, apiVersion: string): FieldSet | undefined {
  const text = live.metadata?.annotations?.[lastAppliedAnnotation];
  if (text === undefined || text === '') return undefined;
  let lastApplied: unknown;
  try {
    lastApplied = parsePlain(text);
  } catch {
    return undefined;
  }
  if (!isObject(lastApplied) || lastApplied['apiVersion'] !== apiVersion) return undefined;
  const changed = compareObjects(shape, lastApplied, live);
  return difference(difference(difference(ownedFields(shape, lastApplied), changed.modified), changed.added), changed.removed);
}

/** The object with its last-applied annotation (if it has one) set to what was applied now. */
export function syncLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const annotations = object.metadata?.annotations;
  if (annotations?.[lastAppliedAnnotation] === undefined || annotations[lastAppliedAnnotation] === '') return object;
  const next = { ...annotations, [lastAppliedAnnotation]: `${JSON.stringify(withoutAnnotation(applied))}\n` };
  let bytes = 0;
  for (const [key, value] of Object.entries(next)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > maxAnnotationBytes) delete (next as Record<string, string>)[lastAppliedAnnotation];
  return { ...object, metadata: { ...object.metadata, annotations: next } };
}

function withoutAnnotation(applied: KubeObject): KubeObject {
  const annotations = applied.metadata?.annotations;
  if (annotations?.[lastAppliedAnnotation] === undefined) return applied;
  const { [lastAppliedAnnotation]: _, ...rest } = annotations;
  const metadata = { ...applied.metadata };
  if (Object.keys(rest).length > 0) metadata.annotations = rest;
  else delete metadata.annotations;
  return { ...applied, metadata };
}
