// Updates of the garbage collector, which checks of content let pass.
import { cloneJson, jsonEqual } from '#machinery';
import type { KubeObject } from '../contract.ts';

/** Finalizers and owners are the garbage collector's: whoever deletes must be able to let go. */
export function changesOnlyOwnership(object: KubeObject, old: KubeObject): boolean {
  const rest = ({ metadata, ...fields }: KubeObject): object => ({ ...fields, metadata: { ...metadata, ownerReferences: undefined, finalizers: undefined, managedFields: undefined, resourceVersion: undefined, generation: undefined } });
  return jsonEqual(cloneJson(rest(object)), cloneJson(rest(old)));
}
