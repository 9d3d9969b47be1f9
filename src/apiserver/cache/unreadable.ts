// Stored values that cannot be read: their key is not at hand, or their bytes are no object. They stay in the cache
// by name, so that whoever asks for them, or for a list with them in it, gets upstream's error instead of a state
// that looks complete.
import { internalError, StatusError } from '#machinery';
import type { KeyValue } from '#store';
import { textOfKey } from '../registry/storage-layout.ts';

/** A pair whose value could not be decrypted; its bytes are the stored ones. */
export interface UnreadablePair extends KeyValue {
  readonly unreadable: Error;
}

/** Why the value of a pair cannot be had; undefined for the usual pair. */
export function unreadableCause(kv: KeyValue): Error | undefined {
  return (kv as Partial<UnreadablePair>).unreadable;
}

export interface Unreadable {
  readonly storeKey: string;
  readonly revision: number;
  readonly cause: Error;
}

/** What a read of the object itself answers. */
export function unreadableObject({ cause }: Unreadable): StatusError {
  return cause instanceof StatusError ? cause : internalError(cause);
}

/** What a list with the object in its scope answers. */
export function unreadableList({ storeKey, cause }: Unreadable): StatusError {
  if (cause instanceof StatusError) return cause;
  return internalError(new Error(`unable to transform key ${JSON.stringify(textOfKey(storeKey))}`, { cause }));
}
