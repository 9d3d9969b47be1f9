// Deleting an object that cannot be read, because its key is lost or its bytes are broken (KEP-3926, feature gate
// AllowUnsafeMalformedObjectDeletion): no finalizer, precondition or admission is honoured, since there is no object to
// ask. Who may do that needs a verb of its own.
import type { DeleteOptions } from '#api/meta/v1.ts';
import { conflict, forbidden, invalid, invalidValue, notFound, type FieldError } from '#machinery';
import { answerStatus } from '../answer/status-answer.ts';
import { deleteObject } from '../registry/commit.ts';
import { cacheOf } from '../registry/current.ts';
import { objectKey } from '../registry/storage-layout.ts';
import { storedOf, type Target } from './endpoint.ts';

const option = 'ignoreStoreReadErrorWithClusterBreakingPotential';
const verb = 'unsafe-delete-ignore-read-errors';

export function asksForUnsafeDeletion(options: DeleteOptions): boolean {
  return options.ignoreStoreReadErrorWithClusterBreakingPotential === true;
}

/** What may not be asked for at the same time. */
function unsafeDeletionErrors(options: DeleteOptions): FieldError[] {
  const given: readonly (readonly [string, boolean])[] = [
    ['dryRun', (options.dryRun ?? []).length > 0], ['propagationPolicy', options.propagationPolicy !== undefined], ['orphanDependents', options.orphanDependents !== undefined],
    ['gracePeriodSeconds', options.gracePeriodSeconds !== undefined], ['preconditions', options.preconditions !== undefined],
  ];
  return given.filter(([, set]) => set).map(([name]) => invalidValue(option, true, `cannot be set together with .${name}`));
}

/** @param errors Of DeleteOptions. */
function refuseOptions(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
}

/** A collection is never deleted that way. Throws 422. */
export function refuseUnsafeCollection(options: DeleteOptions): void {
  if (asksForUnsafeDeletion(options)) refuseOptions([invalidValue(option, true, 'is not allowed with DELETECOLLECTION, try again after removing the option')]);
}

/** Deletes what is stored under the object's key if it cannot be read; an object that can is refused. */
export async function deleteUnreadable(target: Target, options: DeleteOptions): Promise<void> {
  const { server, call, served, name, namespace } = target;
  const { group, version, plural } = served.info;
  refuseOptions(unsafeDeletionErrors(options));
  call.annotate('apiserver.k8s.io/unsafe-delete-ignore-read-error', '');
  const verdict = await server.authorizer.authorize({
    user: call.user, isResourceRequest: true, verb, path: call.info.path, apiGroup: group, apiVersion: version, namespace, resource: plural, subresource: '', name,
  });
  if (verdict.decision !== 'allow') throw forbidden(served.groupResource, name, `not permitted to do "${verb}", reason: ${verdict.reason}`);
  const stored = storedOf(target);
  const key = objectKey(stored.namespaced, namespace, name);
  const cache = cacheOf(server.registry, stored);
  const unreadable = cache.unreadable.get(key);
  if (unreadable === undefined) {
    if (cache.get(key) === undefined) throw notFound(served.groupResource, name);
    throw invalid({ group, kind: plural }, name, [invalidValue(option, true, 'is exclusively used to delete corrupt object(s), try again by removing this option')]);
  }
  const { deletedAt } = await deleteObject(server.registry, stored, key, unreadable.revision, call.signal);
  if (deletedAt === undefined) throw conflict(served.groupResource, name, 'the object has been modified; please apply your changes to the latest version and try again');
  answerStatus(call, 200, { status: 'Success', details: { name, kind: served.info.kind }, code: 200 });
}
