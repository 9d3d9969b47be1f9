// Writes of large objects rest between their steps, so that each holds up the event loop no longer than one step
// takes. What is small runs through.
import { inSlices, turn, type FieldError, type KubeObject } from '#machinery';
import type { Current } from './current.ts';
import type { KindHandling } from './kind-handling.ts';
import type { Stored } from './strategy.ts';
import type { WriteRequest } from './write-request.ts';

/** Bodies and objects from this size on are worked on in slices. */
export const heavyBytes = 128 * 1024;

/** Is the request, or the object it changes, large? */
export function isHeavy(request: { heavy?(): boolean }, current?: { readonly bytes: Uint8Array }): boolean {
  return request.heavy?.() === true || (current !== undefined && current.bytes.length > heavyBytes);
}

/** A pause for what is heavy; else nothing to wait for. */
export function rest(request: { heavy?(): boolean }, current?: { readonly bytes: Uint8Array }): Promise<void> | undefined {
  return isHeavy(request, current) ? turn() : undefined;
}

/** Fills defaults into a large object, in place. */
export async function fillSlowly(handling: KindHandling, object: KubeObject): Promise<void> {
  if (handling.steps?.applyDefaults === undefined) handling.applyDefaults(object);
  else await inSlices(handling.steps.applyDefaults(object));
}

/** All errors of an object that is created, as its kind's rules tell them. */
export function errorsOfNew(request: WriteRequest, object: Stored): Promise<FieldError[]> | FieldError[] {
  const rules = request.served.rules ?? request.stored.handling;
  return rules.steps !== undefined && isHeavy(request) ? inSlices(rules.steps.validateNew(object)) : rules.validateNew(object);
}

/** All errors of a change. */
export function errorsOfChange(request: WriteRequest, object: Stored, current: Current): Promise<FieldError[]> | FieldError[] {
  const rules = request.served.rules ?? request.stored.handling;
  const { subresource } = request;
  return rules.steps !== undefined && isHeavy(request, current) ? inSlices(rules.steps.validateChange(subresource, object, current.object)) : rules.validateChange(subresource, object, current.object);
}

/** The form that is stored and answered. */
export function canonicalOf(request: WriteRequest, object: Stored, current?: Current): Promise<Stored> | Stored {
  const { handling } = request.stored;
  return handling.steps?.canonical !== undefined && isHeavy(request, current) ? inSlices(handling.steps.canonical(object, current?.object)) : handling.canonical(object, current?.object);
}
