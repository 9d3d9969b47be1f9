// A creation refused because its namespace is going away is no failure to report: nothing can be created there
// any more, and the namespace controller removes what is left.
import { StatusError } from '#machinery';

/** True when `error` carries the cause NamespaceTerminating. */
export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof StatusError && (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating');
}
