// Deletes: preconditions, grace periods, finalizers and what becomes of dependents (propagationPolicy). An
// object that somebody must still finish is marked with a deletionTimestamp; the last one to let go
// deletes it (through update.ts when that is an update).
import type { DeleteOptions } from '#api/meta/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { conflict, notFound } from '#machinery';
import { admissionRequest } from './admission-chain.ts';
import { deleteObject, encode, isUnchanged, putObject, served } from './commit.ts';
import { cachedCurrent, copyOf, foundCurrent, freshCurrent, type Current } from './current.ts';
import { objectKey } from './storage-layout.ts';
import type { Stored } from './strategy.ts';
import type { Registry, WriteRequest } from './write-request.ts';

export interface Deleted {
  /** The last state, in the stored version. */
  readonly object: Stored;
  readonly bytes: Buffer;
  /** False: it has only been marked. */
  readonly gone: boolean;
}

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

/** Deletes the object of the request, or marks it. Throws notFound and conflict. */
export async function removeObject(registry: Registry, request: WriteRequest, options: DeleteOptions): Promise<Deleted> {
  const { stored } = request;
  const key = objectKey(stored.namespaced, request.namespace, request.name);
  let current = cachedCurrent(registry, stored, key);
  let maybeStale = !registry.cache.store.synchronousWatch || stored.versioned !== undefined;
  // Admission judges the request, not the state: once is enough while the object is the same.
  let admittedUid: string | undefined;
  for (;;) {
    if (current === undefined && maybeStale) {
      current = await freshCurrent(registry, stored, key, request.signal);
      maybeStale = false;
    }
    if (current === undefined) throw notFound(request.served.groupResource, request.name);
    try {
      checkPreconditions(request, options, current);
      if (admittedUid !== current.object.metadata.uid) {
        await admit(registry, request, current);
        admittedUid = current.object.metadata.uid;
      }
    } catch (error) {
      if (!maybeStale) throw error;
      const fresh = await freshCurrent(registry, stored, key, request.signal);
      if (fresh !== undefined && fresh.revision === current.revision) throw error;
      current = fresh;
      maybeStale = false;
      continue;
    }
    const step = await deleteStep(registry, request, options, key, current);
    if ('done' in step) return step.done;
    current = step.current;
    maybeStale = false;
  }
}

/** Done, or somebody else was quicker and this is what he left. */
type Step = { readonly done: Deleted } | { readonly current: Current | undefined };

async function deleteStep(registry: Registry, request: WriteRequest, options: DeleteOptions, key: string, current: Current): Promise<Step> {
  const { stored } = request;
  const object = copyOf(current);
  const { strategy } = stored;
  if (strategy.markForDeletion?.(object, options, request.nowMs) === true) return mark(registry, request, key, object, current, false);
  if (strategy.heldInDeletion?.(object) === true) return { done: { object: current.object, bytes: current.bytes, gone: false } };
  const grace = gracefully(request, options, object);
  if (grace === 'pending') return { done: { object: current.object, bytes: current.bytes, gone: false } };
  const finalizers = finalizersFor(request, options, object);
  const changed = !sameSet(finalizers, object.metadata.finalizers ?? []);
  if (changed) {
    if (finalizers.length > 0) object.metadata.finalizers = finalizers;
    else delete object.metadata.finalizers;
  }
  if (grace === undefined) {
    if (finalizers.length === 0) return erase(registry, request, key, current);
    markNow(object, request.nowMs);
    return mark(registry, request, key, object, current, false);
  }
  return mark(registry, request, key, object, current, grace === 0 && finalizers.length === 0);
}

/** Writes the marked object; `then` goes on to erase it. */
async function mark(registry: Registry, request: WriteRequest, key: string, object: Stored, current: Current, then: boolean): Promise<Step> {
  const { stored } = request;
  const encoding = encode(stored, object);
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  const unchanged = served(stored, object, encoded, current.revision);
  if (request.dryRun) return { done: { object, bytes: unchanged, gone: then } };
  if (then) return erase(registry, request, key, { revision: current.revision, bytes: unchanged, object });
  if (isUnchanged(stored, encoded, unchanged, current)) return { done: { object: current.object, bytes: current.bytes, gone: false } };
  const put = await putObject(registry, stored, key, object, encoded, current.revision, request.signal);
  if (put.done === undefined) return { current: await foundCurrent(registry, stored, put.current) };
  return { done: { object: put.done.object as Stored, bytes: put.done.bytes, gone: false } };
}

async function erase(registry: Registry, request: WriteRequest, key: string, current: Current): Promise<Step> {
  const { stored } = request;
  const answer = (): Step => ({ done: { object: current.object, bytes: current.bytes, gone: true } });
  if (request.dryRun) return answer();
  const deleted = await deleteObject(registry, stored, key, current.revision, request.signal);
  if (deleted.deletedAt === undefined) return { current: await foundCurrent(registry, stored, deleted.current) };
  await registry.reservations.of(stored)?.release(current.object);
  return answer();
}

function checkPreconditions(request: WriteRequest, options: DeleteOptions, current: Current): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const gr = { group: request.served.info.group, resource: request.served.info.kind };
  const own = current.object.metadata.uid ?? '';
  if (uid !== undefined && uid !== own) {
    throw conflict(gr, request.name, `the UID in the precondition (${uid}) does not match the UID in record (${own}). The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(current.revision)) {
    throw conflict(gr, request.name, `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.revision}). The object might have been modified`);
  }
}

async function admit(registry: Registry, request: WriteRequest, current: Current): Promise<void> {
  if (registry.admission.ignores('DELETE', request.served.info, request.subresource)) return;
  const admission = admissionRequest(request.ofCollection === true ? { ...request, name: '' } : request, 'DELETE', undefined, current.object);
  await registry.admission.mutate(admission);
  await registry.admission.validate(admission);
}

/**
 * The grace period in seconds of a graceful deletion, with the object marked accordingly; 'pending' when one
 * is under way that this request does not shorten; undefined when the object is deleted at once.
 */
function gracefully(request: WriteRequest, options: DeleteOptions, object: Stored): number | 'pending' | undefined {
  const { strategy } = request.stored;
  if (strategy.gracePeriod === undefined) return undefined;
  const { metadata } = object;
  const asked = options.gracePeriodSeconds === undefined ? undefined : options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    const running = metadata.deletionGracePeriodSeconds ?? 0;
    if (running === 0) return undefined;
    if (asked === undefined || asked >= running) return 'pending';
    const shortened = parseTime(metadata.deletionTimestamp) + (asked - running) * 1000;
    const past = shortened < request.nowMs;
    const period = past && asked !== 0 ? 1 : asked;
    metadata.deletionTimestamp = rfc3339(past ? request.nowMs : shortened);
    metadata.deletionGracePeriodSeconds = period;
    return period;
  }
  const period = strategy.gracePeriod(object, { ...options, ...(asked === undefined ? {} : { gracePeriodSeconds: asked }) });
  metadata.deletionTimestamp = rfc3339(request.nowMs + period * 1000);
  metadata.deletionGracePeriodSeconds = period;
  if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
  return period;
}

/** An object without a grace period waits for its finalizers from now on. */
function markNow(object: Stored, nowMs: number): void {
  const { metadata } = object;
  if (metadata.deletionTimestamp === undefined && (metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
  if (metadata.deletionTimestamp === undefined || parseTime(metadata.deletionTimestamp) > nowMs) metadata.deletionTimestamp = rfc3339(nowMs);
  metadata.deletionGracePeriodSeconds = 0;
}

/** The finalizers with those of the garbage collector set as the options, the object or the resource want. */
function finalizersFor(request: WriteRequest, options: DeleteOptions, object: Stored): string[] {
  const existing = object.metadata.finalizers ?? [];
  const policy = dependentsPolicy(request.stored.strategy.dependents, options, existing);
  const kept = existing.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  if (policy === 'orphan') kept.push(orphanFinalizer);
  if (policy === 'foreground') kept.push(foregroundFinalizer);
  return kept;
}

function dependentsPolicy(
  normal: 'delete' | 'orphan' | 'unsupported', options: DeleteOptions, finalizers: readonly string[],
): 'orphan' | 'foreground' | 'background' {
  if (normal === 'unsupported') return 'background';
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'orphan' : 'background';
  if (options.propagationPolicy === 'Orphan') return 'orphan';
  if (options.propagationPolicy === 'Foreground') return 'foreground';
  if (options.propagationPolicy === 'Background') return 'background';
  const first = finalizers.find((name) => name === orphanFinalizer || name === foregroundFinalizer);
  if (first !== undefined) return first === orphanFinalizer ? 'orphan' : 'foreground';
  return normal === 'orphan' ? 'orphan' : 'background';
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const others = new Set(b);
  return a.length === b.length && a.every((name) => others.has(name));
}
