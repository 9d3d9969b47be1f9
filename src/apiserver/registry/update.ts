// Updates: PUT, PATCH and every subresource that changes a stored object. The new object is built from the
// current one, written under its revision, and built again when somebody else was quicker. An update that
// changes nothing writes nothing; one that empties the finalizers of an object in deletion deletes it.
import { conflict, goQuote, invalid, isObject, keepUnchangedTimes, notFound, turn } from '#machinery';
import { encodeStored, serveStored } from '../cache/stored-form.ts';
import { admissionRequest } from './admission-chain.ts';
import { deleteObject, encode, isUnchanged, putObject, served, storeFailure, UnsettledWriteError } from './commit.ts';
import { createAdmitted, settle, warnOfDuplicates } from './create.ts';
import { asStored, cachedCurrent, foundCurrent, freshCurrent, type Current } from './current.ts';
import { agreeOnNamespace } from './metadata.ts';
import { reserve } from './reservations.ts';
import { canonicalOf, errorsOfChange, isHeavy, rest } from './pace.ts';
import { objectKey, textOfKey } from './storage-layout.ts';
import type { Stored } from './strategy.ts';
import type { Registry, Written, WriteRequest } from './write-request.ts';

const modifiedMessage = 'the object has been modified; please apply your changes to the latest version and try again';

/** Between two writers that always collide one wins each time: so many losses mean something else is wrong. */
const attemptsPerUpdate = 100;

export interface UpdatePlan {
  /**
   * The new object in the stored version, defaulted, its managedFields tracked; a new copy each time. With
   * `current` undefined it is to be created.
   */
  build(current: Current | undefined): Promise<Stored> | Stored;
  readonly mayCreate: boolean;
  /** What is sent is a change, which names no object by its uid: another one is a bad value in it, and no conflict. */
  readonly isPatch?: boolean;
  /** May the caller create? Throws 403. Asked before an update creates. */
  authorizeCreate?(): Promise<void>;
}

/** Carries a plan out. Throws notFound, conflict, invalid and what admission says. */
export async function updateObject(registry: Registry, request: WriteRequest, plan: UpdatePlan): Promise<Written> {
  const { stored } = request;
  const key = objectKey(stored.namespaced, request.namespace, request.name);
  let current = cachedCurrent(registry, stored, key);
  let maybeStale = !registry.cache.store.synchronousWatch || stored.versioned !== undefined;
  for (let attempt = 0; attempt < attemptsPerUpdate; attempt++) {
    if (current === undefined && maybeStale) {
      current = await freshCurrent(registry, stored, key, request.signal);
      maybeStale = false;
    }
    try {
      const outcome = await tryUpdate(registry, request, plan, key, current);
      if ('written' in outcome) return outcome.written;
      current = outcome.current;
      maybeStale = false;
    } catch (error) {
      // What the cache says may be old news: only the store's word counts against a writer.
      if (!maybeStale || error instanceof UnsettledWriteError) throw error;
      maybeStale = false;
      const fresh = await freshCurrent(registry, stored, key, request.signal);
      if (fresh !== undefined && fresh.revision === current?.revision) throw error;
      current = fresh;
    }
  }
  throw conflict(request.served.groupResource, request.name, modifiedMessage);
}

type Outcome = { readonly written: Written } | { readonly current: Current | undefined };

async function tryUpdate(registry: Registry, request: WriteRequest, plan: UpdatePlan, key: string, current: Current | undefined): Promise<Outcome> {
  if (current === undefined) return { written: await createInstead(registry, request, plan) };
  const object = await plan.build(current);
  await rest(request, current);
  if (plan.isPatch !== true) checkUid(request, key, object, current);
  checkPreconditions(request, object, current);
  await admit(registry, request, object, current);
  const reservation = await reserve(registry.reservations, request.stored, object, current.object, request);
  let lost: Outcome | undefined;
  const written = await settle(
    { commit: () => (lost === undefined ? reservation.commit() : reservation.revert()), revert: () => reservation.revert() },
    async () => {
      const outcome = await prepareAndWrite(registry, request, key, object, current);
      if ('written' in outcome) return outcome.written;
      lost = outcome;
      return undefined;
    },
  );
  if (written === undefined) return lost ?? { current: undefined };
  if (!request.dryRun) request.stored.strategy.subresources[request.subresource]?.written?.(asStored(written.object), current.object, registry.world.metrics);
  return { written };
}

async function createInstead(registry: Registry, request: WriteRequest, plan: UpdatePlan): Promise<Written> {
  if (!plan.mayCreate) throw notFound(request.served.groupResource, request.name);
  const object = await plan.build(undefined);
  const uid = object.metadata.uid ?? '';
  if (uid !== '') {
    const text = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(request.served.groupResource, request.name, text);
  }
  await plan.authorizeCreate?.();
  if (!registry.admission.ignores('CREATE', request.served.info, request.subresource)) {
    await registry.admission.mutate(admissionRequest(request, 'CREATE', object, undefined));
    warnOfDuplicates(request, object, true);
  }
  agreeOnNamespace(object, request.stored.namespaced, request.namespace);
  return createAdmitted(registry, request, object);
}

function checkUid({ stored, served, name }: WriteRequest, key: string, object: Stored, current: Current): void {
  const uid = object.metadata.uid ?? '';
  const currentUid = current.object.metadata.uid ?? '';
  if (uid === '' || uid === currentUid) return;
  const text = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${currentUid}`;
  throw conflict(served.groupResource, name, `StorageError: invalid object, Code: 4, Key: ${stored.prefix}${textOfKey(key)}, ResourceVersion: 0, AdditionalErrorMsg: ${text}`);
}

function checkPreconditions(request: WriteRequest, object: Stored, current: Current): void {
  const { stored, served, name } = request;
  const version = object.metadata.resourceVersion ?? '';
  if (version === '' || version === '0') {
    if (stored.strategy.unconditionalUpdate) {
      object.metadata.resourceVersion = String(current.revision);
      return;
    }
    throw invalid({ group: served.info.group, kind: served.info.plural }, name, [
      { type: 'Invalid', field: 'metadata.resourceVersion', detail: '0x0: must be specified for an update' },
    ]);
  }
  if (!/^\d+$/.test(version)) throw storeFailure(`strconv.ParseUint: parsing ${goQuote(version)}: invalid syntax`);
  if (version !== String(current.revision)) throw conflict(served.groupResource, name, modifiedMessage);
}

async function admit(registry: Registry, request: WriteRequest, object: Stored, current: Current): Promise<void> {
  if (registry.admission.ignores('UPDATE', request.served.info, request.subresource)) return;
  await registry.admission.mutate(admissionRequest(request, 'UPDATE', object, current.object));
  warnOfDuplicates(request, object, true);
}

/** What an update cannot change, then the strategy, then all checks. */
async function prepare(registry: Registry, request: WriteRequest, object: Stored, current: Current): Promise<Stored> {
  const { stored } = request;
  const old = current.object;
  agreeOnNamespace(object, stored.namespaced, request.namespace);
  const { metadata } = object;
  // No member is left undefined: the object would not compare equal with the one that it leaves as it is.
  if (old.metadata.generation !== undefined) metadata.generation = old.metadata.generation;
  else if ('generation' in metadata) delete metadata.generation;
  const subresource = stored.strategy.subresources[request.subresource];
  if (request.subresource === '') stored.strategy.prepareUpdate(object, old, request);
  else subresource?.prepare(object, old, request);
  if ((metadata.uid ?? '') === '') metadata.uid = old.metadata.uid;
  if (old.metadata.creationTimestamp !== undefined) metadata.creationTimestamp = old.metadata.creationTimestamp;
  if (old.metadata.deletionTimestamp !== undefined) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.metadata.deletionGracePeriodSeconds;
  const heavy = isHeavy(request, current);
  if (heavy) await turn();
  const own = request.subresource === '' ? stored.strategy.validate?.(object, old, request) : subresource?.validate?.(object, old, request);
  const found = errorsOfChange(request, object, current);
  const errors = [...(found instanceof Promise ? await found : found), ...(own ?? [])];
  if (errors.length > 0) throw invalid({ group: stored.info.group, kind: object.kind ?? stored.info.kind }, metadata.name ?? '', errors);
  if (heavy) await turn();
  for (const warning of (request.subresource === '' ? stored.strategy : subresource)?.warnings?.(object, old) ?? []) request.warn(warning);
  stored.strategy.canonicalize?.(object);
  if (heavy) await turn();
  const judged = !registry.admission.ignores('UPDATE', request.served.info, request.subresource);
  // Decoders and strategies leave the canonical form alone; admission plugins may not.
  const settled = judged || stored.strategy.canonicalize !== undefined ? canonicalOf(request, object, current) : object;
  const result = asStored(keepUnchangedTimes(old, settled instanceof Promise ? await settled : settled));
  if (judged) {
    await registry.admission.validate(admissionRequest(request, 'UPDATE', result, old));
  }
  return result;
}

/**
 * Where the spec is that of objects before, both objects get their twin of it: whatever compares them ends at once, and
 * what is known of it needs no second look.
 */
function withTwins(request: WriteRequest, object: Stored, current: Current): Current {
  const { specs } = request.stored;
  const { spec } = object;
  const old = current.object['spec'];
  if (specs === undefined || request.subresource !== '' || !isObject(spec) || !isObject(old) || !sharesAll(spec, old)) return current;
  const twin = specs.changed.find(spec);
  if (twin === undefined) {
    specs.changed.keep(old, old);
    return current;
  }
  object['spec'] = twin;
  return { ...current, object: { ...current.object, spec: twin } };
}

/** The very members, and no others. */
export function sharesAll(one: unknown, other: Readonly<Record<string, unknown>>): boolean {
  if (!isObject(one)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

async function prepareAndWrite(registry: Registry, request: WriteRequest, key: string, object: Stored, found: Current): Promise<Outcome> {
  const { stored } = request;
  const current = isHeavy(request, found) ? found : withTwins(request, object, found);
  const result = await prepare(registry, request, object, current);
  if (finishesDeletion(request, result, current.object)) return remove(registry, request, key, result, current);
  await rest(request, current);
  const encoding = encode(stored, result, { isApply: request.isApply, isHeavy: isHeavy(request, current) });
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  await rest(request, current);
  const bytes = served(stored, result, encoded, current.revision);
  const unchanged = isUnchanged(stored, encoded, bytes, current, result);
  if (request.dryRun || (unchanged && (await registry.isStale?.(stored, key, request.signal)) !== true)) {
    const kept = { ...result, metadata: { ...result.metadata, resourceVersion: String(current.revision) } };
    return { written: { object: kept, bytes, created: false } };
  }
  const put = await putObject(registry, stored, key, result, encoded, current.revision, request.signal);
  if (put.done !== undefined) return { written: { object: put.done.object, bytes: put.done.bytes, created: false } };
  return { current: await foundCurrent(registry, stored, put.current) };
}

function finishesDeletion(request: WriteRequest, object: Stored, old: Stored): boolean {
  if ((object.metadata.finalizers ?? []).length > 0 || old.metadata.deletionTimestamp === undefined) return false;
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  return request.stored.strategy.deletesDuringUpdate?.(object) ?? true;
}

async function remove(registry: Registry, request: WriteRequest, key: string, object: Stored, current: Current): Promise<Outcome> {
  const { stored } = request;
  const answer = (revision: number): Outcome => ({
    written: {
      object: { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } },
      bytes: serveStored(stored.head, encodeStored(stored.head, object), revision),
      created: false,
    },
  });
  if (request.dryRun) return answer(current.revision);
  const deleted = await deleteObject(registry, stored, key, current.revision, request.signal);
  if (deleted.deletedAt === undefined) return { current: await foundCurrent(registry, stored, deleted.current) };
  await registry.reservations.of(stored)?.release(current.object);
  return answer(current.revision);
}
