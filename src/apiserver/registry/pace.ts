// Writes of large objects rest between their steps, so that each holds up the event loop no longer than one step
// takes. What is small runs through.
import { turn } from '#machinery';

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
