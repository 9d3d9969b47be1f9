// gRPC's codes in the order of their numbers: as the protocol and its libraries name them, and as Go prints them, which is
// what Kubernetes' messages and metrics say.

export const goGrpcCodes: Readonly<Record<string, string>> = {
  OK: 'OK', CANCELLED: 'Canceled', UNKNOWN: 'Unknown', INVALID_ARGUMENT: 'InvalidArgument', DEADLINE_EXCEEDED: 'DeadlineExceeded', NOT_FOUND: 'NotFound',
  ALREADY_EXISTS: 'AlreadyExists', PERMISSION_DENIED: 'PermissionDenied', RESOURCE_EXHAUSTED: 'ResourceExhausted', FAILED_PRECONDITION: 'FailedPrecondition',
  ABORTED: 'Aborted', OUT_OF_RANGE: 'OutOfRange', UNIMPLEMENTED: 'Unimplemented', INTERNAL: 'Internal', UNAVAILABLE: 'Unavailable', DATA_LOSS: 'DataLoss',
  UNAUTHENTICATED: 'Unauthenticated',
};
