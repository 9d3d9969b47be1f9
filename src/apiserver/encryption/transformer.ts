// What turns plain values into stored ones and back. A transformer answers at once where it can (keys at hand) and
// with a promise where it must ask a key service; callers take both, so that local ciphers cost no turn of the event
// loop. Prefixes choose among several: the first provider writes, whichever prefix matches reads.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { goGrpcCodes, GrpcError } from '#wire';
import type { EncryptionMetrics } from './metrics.ts';

export type MaybePromise<T> = T | Promise<T>;

export interface Decrypted {
  readonly value: Uint8Array;
  /** Not what would be written now: the next write goes to the store even if nothing else changed. */
  readonly stale: boolean;
}

/** `context` is the store key as bytes: a value moved to another key is not accepted by authenticated ciphers. */
export interface Transformer {
  decrypt(value: Uint8Array, context: Uint8Array): MaybePromise<Decrypted>;
  encrypt(value: Uint8Array, context: Uint8Array): MaybePromise<Uint8Array>;
}

export interface PrefixedTransformer {
  /** '' for plain values. */
  readonly prefix: string;
  readonly transformer: Transformer;
}

const encryptedPrefix = Buffer.from('k8s:enc:');

function hasPrefix(value: Uint8Array, prefix: Uint8Array): boolean {
  if (value.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at++) if (value[at] !== prefix[at]) return false;
  return true;
}

/** Stores values as they are, and refuses to pass an encrypted one off as plain. */
export const identity: Transformer = {
  decrypt(value) {
    if (hasPrefix(value, encryptedPrefix)) throw new Error('identity transformer tried to read encrypted data');
    return { value, stale: false };
  },
  encrypt: (value) => value,
};

/** One error as it is; several as Go's aggregate prints them, with the first as their cause's kind. */
function reduced(errors: readonly unknown[]): Error {
  const [first] = errors;
  if (errors.length === 1 && first instanceof Error) return first;
  const texts = [...new Set(errors.map(errorText))];
  return new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`, { cause: undefined });
}

/** Told for each value that passes a resource's outermost transformer. */
export interface Observer {
  readonly clock: Clock;
  readonly metrics: EncryptionMetrics;
  /** "secrets", "deployments.apps" */
  readonly resource: string;
}

/** Chooses by prefix. `nothing` is the error when none fits. */
export function byPrefix(choices: readonly PrefixedTransformer[], nothing: string, observer?: Observer): Transformer {
  const prefixes = choices.map((choice) => Buffer.from(choice.prefix));
  const observe = (direction: 'from_storage' | 'to_storage', prefix: string, started: number, error?: unknown): void => {
    observer?.metrics.transformed(observer.resource, direction, prefix, started, error);
  };
  const decryptFrom = (first: number, value: Uint8Array, context: Uint8Array, started: number, errors: unknown[]): MaybePromise<Decrypted> => {
    for (let at = first; at < choices.length; at++) {
      const prefix = prefixes[at];
      const choice = choices[at];
      if (prefix === undefined || choice === undefined || !hasPrefix(value, prefix)) continue;
      const name = choice.prefix === '' ? 'identity' : choice.prefix;
      const done = (result: Decrypted): Decrypted => {
        observe('from_storage', name, started);
        return at === 0 ? result : { value: result.value, stale: true };
      };
      const failed = (error: unknown): void => {
        // Plain values come first while encryption is being taken away: a later provider still reads the others.
        if (choice.prefix === '') return;
        observe('from_storage', name, started, error);
        errors.push(error);
      };
      try {
        const result = choice.transformer.decrypt(value.subarray(prefix.length), context);
        if (!(result instanceof Promise)) return done(result);
        return result.then(done, (error: unknown) => {
          failed(error);
          return decryptFrom(at + 1, value, context, started, errors);
        });
      } catch (error) {
        failed(error);
      }
    }
    if (errors.length > 0) throw reduced(errors);
    const error = new Error(nothing);
    observe('from_storage', 'unknown', started, error);
    throw error;
  };
  const [writer] = choices;
  const [writerPrefix] = prefixes;
  if (writer === undefined || writerPrefix === undefined) throw new Error('no transformer to choose from');
  return {
    decrypt: (value, context) => decryptFrom(0, value, context, observer?.clock.monotonic() ?? 0, []),
    encrypt(value, context) {
      const started = observer?.clock.monotonic() ?? 0;
      const done = (result: Uint8Array): Uint8Array => {
        observe('to_storage', writer.prefix, started);
        return writerPrefix.length === 0 ? result : Buffer.concat([writerPrefix, result]);
      };
      const failed = (error: unknown): never => {
        observe('to_storage', writer.prefix, started, error);
        throw error;
      };
      try {
        const result = writer.transformer.encrypt(value, context);
        return result instanceof Promise ? result.then(done, failed) : done(result);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** The gRPC code of an error or of one of its causes, as metrics label it. */
export function errorCode(error: unknown): string {
  if (error === undefined) return 'OK';
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof GrpcError) return goGrpcCodes[cause.code] ?? 'Unknown';
  }
  return 'unknown-non-grpc';
}
