// One conditional write: encode, put under the revision read before, and hand the committed bytes back. The
// watch cache gets the parsed object along with the bytes, so that its event costs no parsing; the bytes it
// made are the answer's.
import { errorText } from '#base/errors.ts';
import { inSlices, isObject, jsonEqual, StatusError, timeout, type Sliced } from '#machinery';
import { NoSpaceError, StoreUnavailableError, type KeyValue, type TxnResult, type Txn } from '#store';
import { encodeStored, encodingStored, parseServed, serveStored } from '../cache/stored-form.ts';
import type { KubeObject } from '../contract.ts';
import type { Registry } from './write-request.ts';
import type { Current } from './current.ts';
import type { StoredResource, VersionedStorage } from './resources.ts';

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

/** What the store is given of an object. */
interface StoreForm {
  readonly bytes: Buffer;
  readonly known: KubeObject;
}

/**
 * The object as it is stored, without its resourceVersion. What is larger than the store takes is stored without its
 * managedFields, but for an apply, which is about these. Throws when it is too large all the same.
 */
function encodeForStore(resource: StoredResource, object: KubeObject, isApply: boolean): StoreForm {
  const stored = encodeStored(resource.head, object);
  return stored.length <= largestWriteBytes ? { bytes: stored, known: object } : encodeForStore(resource, withoutManagers(object, isApply), isApply);
}

/** As encodeForStore, with pauses. */
function* encodingForStore(resource: StoredResource, object: KubeObject, isApply: boolean): Sliced<StoreForm> {
  const stored = yield* encodingStored(resource.head, object);
  return stored.length <= largestWriteBytes ? { bytes: stored, known: object } : yield* encodingForStore(resource, withoutManagers(object, isApply), isApply);
}

/** A smaller object. Throws where it cannot be smaller. */
function withoutManagers(object: KubeObject, isApply: boolean): KubeObject {
  if (isApply || object.metadata?.managedFields === undefined) throw storeFailure(tooLargeMessage);
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** An object on its way to the store. */
export interface Encoded {
  /** Without its resourceVersion. */
  readonly bytes: Buffer;
  /** What the bytes hold, where the watch cache may take it for its own. */
  readonly known: KubeObject | undefined;
}

/** How an object is encoded: for an apply, and with pauses. */
export interface Encoding {
  readonly isApply?: boolean;
  readonly isHeavy?: boolean;
}

/** The object as it is stored: of a custom resource at the version that is stored. */
export function encode(resource: StoredResource, object: KubeObject, { isApply = false, isHeavy = false }: Encoding = {}): Promise<Encoded> | Encoded {
  const { versioned } = resource;
  const target = versioned === undefined ? resource : { ...resource, head: versioned.storedHead };
  const form = (stored: KubeObject): Promise<StoreForm> | StoreForm => (isHeavy ? inSlices(encodingForStore(target, stored, isApply)) : encodeForStore(target, stored, isApply));
  if (versioned === undefined) return form(object);
  const stored = versioned.toStored(object);
  if (stored instanceof Promise) return stored.then(async (converted) => ({ bytes: (await form(converted)).bytes, known: undefined }));
  if (stored === object) return form(object);
  const encoded = form(stored);
  return encoded instanceof Promise ? encoded.then(({ bytes }) => ({ bytes, known: undefined })) : { bytes: encoded.bytes, known: undefined };
}

/**
 * Would a write of these bytes leave the store as it is?
 * @param object What the bytes hold, where it is at hand: its first other value spares the look at all bytes.
 */
export function isUnchanged(resource: StoredResource, encoded: Encoded, served: Buffer, current: Current, object?: KubeObject): boolean {
  if (current.outdated === true) return false;
  if (resource.versioned === undefined) return saysTheSame(served, current.bytes, () => object !== undefined && hasOtherValue(object, current.object));
  return saysTheSame(serveStored(resource.versioned.storedHead, encoded.bytes, current.revision), current.storedBytes ?? current.bytes, () => false);
}

/** Does some member that both have hold two values? What only one of them has is left to others. */
function hasOtherValue(one: unknown, other: unknown): boolean {
  if (one === other || one === undefined || other === undefined) return false;
  if (Array.isArray(one) && Array.isArray(other)) return one.length !== other.length || one.some((item, i) => hasOtherValue(item, other[i]));
  if (!isObject(one) || !isObject(other)) return typeof one !== 'object' || typeof other !== 'object';
  return Object.keys(one).some((name) => Object.hasOwn(other, name) && hasOtherValue(one[name], other[name]));
}

/** The same JSON, if in another order: clients sort the members of maps, people do not. */
function saysTheSame(one: Buffer, other: Buffer, differs: () => boolean): boolean {
  if (one.length !== other.length) return false;
  if (Buffer.compare(one, other) === 0) return true;
  if (differs()) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference += (one[i] ?? 0) - (other[i] ?? 0);
  return difference === 0 && jsonEqual(parseServed(one), parseServed(other));
}

/** The bytes that clients get of an object that is about to be stored. */
export function served(resource: StoredResource, object: KubeObject, encoded: Encoded, revision: number): Buffer {
  return serveStored(resource.head, servedForm(resource, object, encoded), revision);
}

/** As clients get it, without its resourceVersion: as it is stored, unless that is at another version. */
export function servedForm({ versioned, head }: StoredResource, object: KubeObject, { bytes, known }: Encoded): Buffer {
  return versioned === undefined || (known === object && versioned.storedHead.startText === head.startText) ? bytes : encodeStored(head, object);
}

/** Puts `stored` if the key is still at `revision` (0: does not exist). `key` is the key under the prefix. */
export async function putObject(
  registry: Registry, resource: StoredResource, key: string, object: KubeObject, encoded: Encoded, revision: number, signal: AbortSignal,
): Promise<CommitResult> {
  const { bytes: stored, known } = encoded;
  const storeKey = resource.prefix + key;
  const ttl = resource.strategy.ttlSeconds > 0 ? (registry.ttlSeconds ?? resource.strategy.ttlSeconds) : 0;
  const lease = ttl > 0 ? await registry.leases.lease(ttl) : undefined;
  const taken = known === undefined ? undefined : registry.cache.expect(storeKey, stored, known);
  const write = { put: storeKey, value: stored, ...(lease === undefined ? {} : { lease }) };
  const result = await commit(registry, { conditions: [{ key: storeKey, modRevision: revision }], writes: [write] }, signal).finally(() => taken?.());
  if (!result.succeeded) return { done: undefined, current: result.current[0] };
  if (resource.versioned !== undefined) return { done: await committedVersion(registry, resource, resource.versioned, key, object, encoded, result.revision) };
  const entry = registry.cache.resource(resource.group, resource.plural)?.get(key);
  const bytes = entry?.revision === result.revision ? entry.bytes : serveStored(resource.head, stored, result.revision);
  return { done: { object: withResourceVersion(object, result.revision), bytes } };
}

/** What a custom resource's own cache makes of the commit: the object as a read would show it. */
async function committedVersion(
  registry: Registry, resource: StoredResource, versioned: VersionedStorage, key: string, object: KubeObject, encoded: Encoded, revision: number,
): Promise<Committed> {
  if (registry.cache.store.synchronousWatch) await versioned.ready(key);
  const entry = versioned.entry(key);
  if (entry?.revision === revision) return { object: withResourceVersion(versioned.cache.object(entry), revision), bytes: entry.bytes };
  return { object: withResourceVersion(object, revision), bytes: served(resource, object, encoded, revision) };
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

/** A write of which nobody knows whether it happened. Whoever tries again may meet his own write and call it a conflict. */
export class UnsettledWriteError extends StatusError {
  override name = 'UnsettledWriteError';
}

/** A transaction, its operating errors as the API tells them. */
async function commit(registry: Registry, txn: Txn, signal: AbortSignal): Promise<TxnResult> {
  try {
    return await registry.cache.store.commit(txn, signal);
  } catch (error) {
    if (signal.aborted) throw new UnsettledWriteError(timeout(`request did not complete within the allotted timeout`).status);
    if (error instanceof StoreUnavailableError) throw new UnsettledWriteError(storeFailure(errorText(error)).status);
    if (error instanceof NoSpaceError) throw storeFailure('etcdserver: mvcc: database space exceeded');
    throw error;
  }
}
