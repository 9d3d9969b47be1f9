// One conditional write: encode, put under the revision read before, and hand the committed bytes back. The
// watch cache gets the parsed object along with the bytes, so that its event costs no parsing; the bytes it
// made are the answer's.
import { errorText } from '#base/errors.ts';
import { StatusError, timeout } from '#machinery';
import { NoSpaceError, StoreUnavailableError, type KeyValue, type TxnResult, type Txn } from '#store';
import { encodeStored, serveStored } from '../cache/stored-form.ts';
import type { KubeObject } from '../contract.ts';
import type { Registry } from './write-request.ts';
import type { StoredResource } from './resources.ts';

/** etcd's --max-request-bytes: what a store takes in one write. */
const largestWriteBytes = 1.5 * (1 << 20);

export interface Committed {
  readonly object: KubeObject;
  readonly bytes: Buffer;
}

/** Committed, or what the key holds instead (undefined: nothing). */
export type CommitResult = { readonly done: Committed } | { readonly done: undefined; readonly current: KeyValue | undefined };

/** A plain error of the store, as upstream shows it: code 500 without a reason. */
export function storeFailure(message: string, code = 500): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code });
}

const tooLargeMessage = 'etcdserver: request is too large';

/** The object as it is stored, without its resourceVersion. Throws when it is larger than the store takes. */
export function encodeForStore(resource: StoredResource, object: KubeObject): Buffer {
  const stored = encodeStored(resource.head, object);
  if (stored.length <= largestWriteBytes) return stored;
  if (object.metadata?.managedFields === undefined) throw storeFailure(tooLargeMessage);
  const { managedFields: _managed, ...metadata } = object.metadata;
  return encodeForStore(resource, { ...object, metadata });
}

/** Puts `stored` if the key is still at `revision` (0: does not exist). `key` is the key under the prefix. */
export async function putObject(
  registry: Registry, resource: StoredResource, key: string, object: KubeObject, stored: Buffer, revision: number, signal: AbortSignal,
): Promise<CommitResult> {
  const storeKey = resource.prefix + key;
  const ttl = resource.strategy.ttlSeconds;
  const lease = ttl > 0 ? await registry.leases.lease(ttl) : undefined;
  const taken = registry.cache.expect(storeKey, stored, object);
  const write = { put: storeKey, value: stored, ...(lease === undefined ? {} : { lease }) };
  const result = await commit(registry, { conditions: [{ key: storeKey, modRevision: revision }], writes: [write] }, signal).finally(taken);
  if (!result.succeeded) return { done: undefined, current: result.current[0] };
  const entry = registry.cache.resource(resource.group, resource.plural)?.get(key);
  const bytes = entry?.revision === result.revision ? entry.bytes : serveStored(resource.head, stored, result.revision);
  return { done: { object: withResourceVersion(object, result.revision), bytes } };
}

/** Deletes the key if it is still at `revision`; answers the revision of the deletion. */
export async function deleteObject(
  registry: Registry, resource: StoredResource, key: string, revision: number, signal: AbortSignal,
): Promise<{ readonly deletedAt: number } | { readonly deletedAt: undefined; readonly current: KeyValue | undefined }> {
  const storeKey = resource.prefix + key;
  const result = await commit(registry, { conditions: [{ key: storeKey, modRevision: revision }], writes: [{ delete: storeKey }] }, signal);
  return result.succeeded ? { deletedAt: result.revision } : { deletedAt: undefined, current: result.current[0] };
}

function withResourceVersion(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** A transaction, its operating errors as the API tells them. */
async function commit(registry: Registry, txn: Txn, signal: AbortSignal): Promise<TxnResult> {
  try {
    return await registry.cache.store.commit(txn, signal);
  } catch (error) {
    if (signal.aborted) throw timeout(`request did not complete within the allotted timeout`);
    if (error instanceof StoreUnavailableError) throw storeFailure(errorText(error));
    if (error instanceof NoSpaceError) throw storeFailure('etcdserver: mvcc: database space exceeded');
    throw error;
  }
}
