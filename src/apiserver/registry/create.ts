// Creates. The order is upstream's: ownership, mutating admission, names and uid, reservations, strategy,
// validation, validating admission, one write that must find nothing under the key.
import { alreadyExists, cloneJson, generateNameConflict, invalid, invalidValue, isAlreadyExists, isObject, type SentSpec } from '#machinery';
import { isKey, maxKeyBytes } from '#store';
import type { KubeObject } from '../contract.ts';
import { admissionRequest } from './admission-chain.ts';
import { encode, putObject, servedForm, storeFailure, type Committed } from './commit.ts';
import { cacheOfStored } from './current.ts';
import { agreeOnNamespace, dedupOwnerReferences, fillSystemFields, generateName, wipeSystemFields } from './metadata.ts';
import { reserve, type Reservation } from './reservations.ts';
import { canonicalOf, errorsOfNew, isHeavy, rest } from './pace.ts';
import { objectKey } from './storage-layout.ts';
import type { Stored } from './strategy.ts';
import { tracked } from './tracking.ts';
import type { Registry, Written, WriteRequest } from './write-request.ts';

const generateAttempts = 8;

/**
 * Creates `object`, which is in the stored version, defaulted, and the callee's to change.
 * @param sent What is known of its spec from the text that it came as.
 */
export async function createObject(registry: Registry, request: WriteRequest, object: Stored, sent?: SentSpec): Promise<Written> {
  wipeSystemFields(object);
  agreeOnNamespace(object, request.stored.namespaced, request.namespace);
  warnOfDuplicates(request, object, false);
  await rest(request);
  const owned = await ownedByCreator(request, object, sent);
  await rest(request);
  await admit(registry, request, owned);
  return createAdmitted(registry, request, owned);
}

/** The object with its first owner. A spec that came before is looked at as its twin; the object keeps its own, which admission may change. */
async function ownedByCreator(request: WriteRequest, object: Stored, sent: SentSpec | undefined): Promise<Stored> {
  const heavy = isHeavy(request);
  const twin = heavy ? undefined : (sent?.twin ?? request.stored.specs?.sent.meet(object['spec']));
  if (twin !== undefined) sent?.keep?.(twin);
  const tracking = tracked(request, undefined, twin === undefined ? object : { ...object, spec: twin }, heavy);
  const owned = tracking instanceof Promise ? await tracking : tracking;
  if (twin !== undefined) owned['spec'] = object['spec'];
  return owned;
}

/** The rest of a create, once mutating admission has run: also the end of an update that creates. */
export async function createAdmitted(registry: Registry, request: WriteRequest, object: Stored): Promise<Written> {
  request.served.handling.refuseCreate?.(request.name === '' ? (object.metadata.name ?? '') : request.name);
  // Once more: mutating admission may have changed it.
  agreeOnNamespace(object, request.stored.namespaced, request.namespace);
  // What is no number is none, and zero means none.
  if (/[1-9]/.test(object.metadata.resourceVersion ?? '') && /^\d+$/.test(object.metadata.resourceVersion ?? '')) throw storeFailure('resourceVersion should not be set on objects to be created');
  fillSystemFields(object, registry.world);
  const base = (object.metadata.name ?? '') === '' ? (object.metadata.generateName ?? '') : '';
  if (base === '') return createNamed(registry, request, object);
  for (let attempt = 1; ; attempt++) {
    object.metadata.name = generateName(base, registry.world);
    try {
      return await createNamed(registry, request, attempt === generateAttempts ? object : cloneJson(object));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (attempt === generateAttempts) throw generateNameConflict(request.served.groupResource, object.metadata.name, 1);
    }
  }
}

async function createNamed(registry: Registry, request: WriteRequest, object: Stored): Promise<Written> {
  const { stored } = request;
  const reservation = await reserve(registry.reservations, stored, object, undefined, request);
  return settle(reservation, async () => {
    const specs = isHeavy(request) ? undefined : stored.specs?.stored;
    const twin = specs?.find(object['spec']);
    if (twin !== undefined) object['spec'] = twin;
    stored.strategy.prepareCreate(object, request);
    const given = object['spec'];
    await rest(request);
    const found = errorsOfNew(request, object);
    const errors = [...(found instanceof Promise ? await found : found), ...(stored.strategy.validate?.(object, undefined, request) ?? [])];
    const name = object.metadata.name ?? '';
    if (errors.length > 0) throw invalid({ group: stored.info.group, kind: object.kind ?? stored.info.kind }, name, errors);
    await rest(request);
    for (const warning of stored.strategy.warnings?.(object, undefined) ?? []) request.warn(warning);
    stored.strategy.canonicalize?.(object);
    if (!registry.admission.ignores('CREATE', request.served.info, request.subresource)) {
      await registry.admission.validate(admissionRequest(request, 'CREATE', object, undefined));
    }
    await rest(request);
    const settled = twin === undefined ? canonicalOf(request, object) : stored.handling.canonical(object, { metadata: {}, spec: twin } as Stored);
    const result = settled instanceof Promise ? await settled : settled;
    if (twin === undefined && isObject(given) && isObject(result['spec'])) specs?.keep(given, result['spec']);
    await rest(request);
    return insert(registry, request, result);
  });
}

async function insert(registry: Registry, request: WriteRequest, object: Stored): Promise<Written> {
  const { stored } = request;
  const name = object.metadata.name ?? '';
  const key = objectKey(stored.namespaced, object.metadata.namespace ?? '', name);
  checkName(request, name, stored.prefix + key);
  const encoding = encode(stored, object, { isApply: request.isApply, isHeavy: isHeavy(request) });
  const encoded = encoding instanceof Promise ? await encoding : encoding;
  if (request.dryRun) {
    const exists = stored.versioned?.exists(key) ?? cacheOfStored(registry.cache, stored)?.get(key) !== undefined;
    if (exists) throw alreadyExists(request.served.groupResource, name);
    return { object, bytes: servedForm(stored, object, encoded), created: true };
  }
  const { done } = await putObject(registry, stored, key, object, encoded, 0, request.signal);
  if (done === undefined) throw alreadyExists(request.served.groupResource, name);
  return created(done);
}

/** Names of roles and the like may hold nearly anything, and the store keeps less. Throws 422. */
function checkName({ stored }: WriteRequest, name: string, storeKey: string): void {
  if (isKey(storeKey)) return;
  const detail = `may not be more than ${maxKeyBytes - (storeKey.length - Buffer.byteLength(name))} bytes`;
  throw invalid({ group: stored.info.group, kind: stored.info.kind }, name, [invalidValue('metadata.name', name, detail)]);
}

function created(done: Committed): Written {
  return { object: done.object, bytes: done.bytes, created: true };
}

/** Runs a write and settles what was reserved for it. */
export async function settle<T>(reservation: Reservation, write: () => Promise<T>): Promise<T> {
  try {
    const result = await write();
    await reservation.commit();
    return result;
  } catch (error) {
    await reservation.revert();
    throw error;
  }
}

async function admit(registry: Registry, request: WriteRequest, object: KubeObject): Promise<void> {
  if (registry.admission.ignores('CREATE', request.served.info, request.subresource)) return;
  await registry.admission.mutate(admissionRequest(request, 'CREATE', object, undefined));
  warnOfDuplicates(request, object, true);
}

export function warnOfDuplicates(request: WriteRequest, object: KubeObject, afterAdmission: boolean): void {
  const warning = dedupOwnerReferences(object, afterAdmission);
  if (warning !== undefined) request.warn(warning);
}
