// What a container runtime refuses or fails with. `code` is gRPC's name of the status, which callers test
// by predicate: the kubelet treats "not found" as done and "unavailable" as "ask again".

export type RuntimeErrorCode =
  | 'CANCELLED' | 'UNKNOWN' | 'INVALID_ARGUMENT' | 'DEADLINE_EXCEEDED' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'PERMISSION_DENIED' | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION' | 'ABORTED' | 'OUT_OF_RANGE' | 'UNIMPLEMENTED' | 'INTERNAL' | 'UNAVAILABLE' | 'DATA_LOSS' | 'UNAUTHENTICATED';

/** gRPC's status names by number. */
export const statusNames: readonly (RuntimeErrorCode | 'OK')[] = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
];

export class RuntimeError extends Error {
  override name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const isCode = (error: unknown, code: RuntimeErrorCode): boolean => error instanceof RuntimeError && error.code === code;

/** The sandbox, container or image does not exist (any more). */
export const isRuntimeNotFound = (error: unknown): boolean => isCode(error, 'NOT_FOUND');
/** The runtime is not there now: it restarts or has not started yet. */
export const isRuntimeUnavailable = (error: unknown): boolean => isCode(error, 'UNAVAILABLE');
/** The runtime does not know the call. */
export const isRuntimeUnimplemented = (error: unknown): boolean => isCode(error, 'UNIMPLEMENTED');
export const isRuntimeAlreadyExists = (error: unknown): boolean => isCode(error, 'ALREADY_EXISTS');
