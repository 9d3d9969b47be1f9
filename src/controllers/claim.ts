// Who belongs to an owner (upstream: ControllerRefManager). Objects that carry the owner's controller reference
// and still match its selector are its own; matching orphans are adopted; its own that match no longer are
// released. The decision is pure; adopting checks first, past the cache, that the owner still lives.
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';
import type { ApiObject, ResourceClient } from '#client';
import { controllerOf } from '#client';
import { isInvalid, isNotFound, type LabelMatcher } from '#machinery';

export interface Claim<T> {
  readonly owned: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

interface Labelled {
  readonly metadata?: ObjectMeta;
}

/** Sorts `objects` (all of the owner's namespace) by what is to happen to them. */
export function claim<T extends Labelled>(owner: Labelled, selector: LabelMatcher, objects: readonly T[]): Claim<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const dying = owner.metadata?.deletionTimestamp !== undefined;
  for (const object of objects) {
    const controller = controllerOf(object);
    const matches = selector.matches(object.metadata?.labels ?? {});
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata?.uid) continue;
      if (matches) owned.push(object);
      else if (!dying) release.push(object);
    } else if (!dying && matches && object.metadata?.deletionTimestamp === undefined) adopt.push(object);
  }
  return { owned, adopt, release };
}

export interface ClaimWriter<T extends ApiObject> {
  readonly objects: ResourceClient<T>;
  /** Reads the owner past the cache. */
  readonly freshOwner: () => Promise<ApiObject>;
  readonly reference: OwnerReference;
  /** Kept on adopted objects besides the reference. */
  readonly finalizers?: readonly string[];
}

/** Performs a claim; returns what is owned afterwards. Rejects with the first failure after trying all. */
export async function performClaim<T extends ApiObject>(owner: ApiObject, plan: Claim<T>, writer: ClaimWriter<T>): Promise<readonly T[]> {
  const failures: unknown[] = [];
  const owned: T[] = [...plan.owned];
  if (plan.adopt.length > 0) {
    const fresh = await writer.freshOwner();
    if (fresh.metadata?.uid !== owner.metadata?.uid) throw new Error(`the original ${writer.reference.kind} ${owner.metadata?.namespace}/${owner.metadata?.name} is gone`);
    if (fresh.metadata?.deletionTimestamp !== undefined) throw new Error(`${owner.metadata?.namespace}/${owner.metadata?.name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
  const patch = (object: T, metadata: object): Promise<T> => writer.objects.in(object.metadata?.namespace ?? '').patch(object.metadata?.name ?? '', 'strategic', { metadata: { ...metadata, uid: object.metadata?.uid } });
  for (const object of plan.adopt) {
    try {
      owned.push(await patch(object, { ownerReferences: [writer.reference], ...(writer.finalizers === undefined ? {} : { finalizers: writer.finalizers }) }));
    } catch (error) {
      // Gone is fine: there is nothing to adopt any more.
      if (!isNotFound(error)) failures.push(error);
    }
  }
  for (const object of plan.release) {
    try {
      await patch(object, {
        ownerReferences: [{ $patch: 'delete', uid: writer.reference.uid }],
        ...(writer.finalizers === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': writer.finalizers }),
      });
    } catch (error) {
      // Gone, or another object by that name: released either way.
      if (!isNotFound(error) && !isInvalid(error)) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return owned;
}
