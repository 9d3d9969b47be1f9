// Writes of large objects rest between their steps, so that each holds up the event loop no longer than one step
// takes. What is small runs through.
import { turn } from '#machinery';

/** Bodies and objects from this size on are worked on in slices. */
export const heavyBytes = 128 * 1024;

/** A pause when the request, or the object it changes, is large; else nothing to wait for. */
export function rest(request: { heavy?(): boolean }, current?: { readonly bytes: Uint8Array }): Promise<void> | undefined {
  return request.heavy?.() === true || (current !== undefined && current.bytes.length > heavyBytes) ? turn() : undefined;
}
