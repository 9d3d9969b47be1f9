// etcd's pairs, ranges and errors on the wire, for the server. Keys are bytes there and latin1 strings here, so that
// their order is the same. Error texts and codes are etcd's: clients compare them.
import { status } from '@grpc/grpc-js';
import { CompactedError, FutureRevisionError, LeaseNotFoundError, NoSpaceError, StoreUnavailableError, type KeyValue } from '#store';

/** A refusal as etcd words it. */
export class EtcdError extends Error {
  override name = 'EtcdError';
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export const refusals = {
  noKey: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: key is not provided'),
  keyTooLong: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: key is longer than 65535 bytes'),
  keyNotFound: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: key not found'),
  valueProvided: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: value is provided'),
  leaseProvided: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: lease is provided'),
  tooManyOps: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'),
  duplicateKey: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'),
  tooLarge: () => new EtcdError(status.INVALID_ARGUMENT, 'etcdserver: request is too large'),
  answerTooLarge: () => new EtcdError(status.RESOURCE_EXHAUSTED, 'etcdserver: the answer would be too large; ask for less with a limit'),
  leaseExists: () => new EtcdError(status.FAILED_PRECONDITION, 'etcdserver: lease already exists'),
  ttlTooLarge: () => new EtcdError(status.OUT_OF_RANGE, 'etcdserver: too large lease TTL'),
  compacted: () => new EtcdError(status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'),
  future: () => new EtcdError(status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'),
  notHere: (what: string) => new EtcdError(status.UNIMPLEMENTED, `etcdserver: ${what} is not possible: the store is embedded in one API server`),
};

/** What a client is told of any error. */
export function grpcError(error: unknown): { code: number; details: string } {
  if (error instanceof EtcdError) return { code: error.code, details: error.message };
  if (error instanceof CompactedError) return { code: status.OUT_OF_RANGE, details: refusals.compacted().message };
  if (error instanceof FutureRevisionError) return { code: status.OUT_OF_RANGE, details: refusals.future().message };
  if (error instanceof LeaseNotFoundError) return { code: status.NOT_FOUND, details: 'etcdserver: requested lease not found' };
  if (error instanceof NoSpaceError) return { code: status.RESOURCE_EXHAUSTED, details: 'etcdserver: mvcc: database space exceeded' };
  if (error instanceof StoreUnavailableError) return { code: status.UNAVAILABLE, details: `etcdserver: ${error.message}` };
  return { code: status.INTERNAL, details: `etcdserver: ${error instanceof Error ? error.message : String(error)}` };
}

/** Above every key. */
export const keysEnd = '\u0100';

export interface KeyRange {
  readonly start: string;
  /** Exclusive; absent: one key. */
  readonly end: string | undefined;
}

export function keyText(key: Uint8Array): string {
  if (key.length === 0) throw refusals.noKey();
  if (key.length > 0xffff) throw refusals.keyTooLong();
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

/** A range end of one zero byte means all keys from the start on. */
export function rangeOf(key: Uint8Array, end: Uint8Array): KeyRange {
  const start = keyText(key);
  if (end.length === 0) return { start, end: undefined };
  return { start, end: end.length === 1 && end[0] === 0 ? keysEnd : Buffer.from(end).toString('latin1') };
}

export function inRange({ start, end }: KeyRange, key: string): boolean {
  return end === undefined ? key === start : key >= start && key < end;
}

export function wirePair(kv: KeyValue, keysOnly = false): object {
  return {
    key: Buffer.from(kv.key, 'latin1'), value: keysOnly ? Buffer.alloc(0) : kv.value,
    create_revision: kv.createRevision, mod_revision: kv.modRevision, version: kv.version, lease: kv.lease === '' ? 0 : kv.lease,
  };
}
