// A request as one webhook sees it: its objects in the version that the webhook's rules name. Conversions are made
// once per version and request.
import { internalError } from '#machinery';
import type { AdmissionRequest, KubeObject } from '../contract.ts';
import { apiVersionOf } from '#api/resources.ts';
import type { Match } from './matching.ts';

export interface VersionedObjects {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/** A subresource's own kind (Scale, Eviction) is the same in all versions of its resource. */
function isStoredKind(match: Match, object: KubeObject): boolean {
  const stored = match.served.stored?.info;
  return stored !== undefined && object.kind === stored.kind && object.apiVersion === apiVersionOf(stored);
}

async function convert(match: Match, object: KubeObject | undefined): Promise<KubeObject | undefined> {
  if (object === undefined || match.served.isStorageVersion || !isStoredKind(match, object)) return object;
  return match.served.fromStored(object);
}

/** Rejects with an internal error when an object cannot be converted. */
export async function versionedObjects(request: AdmissionRequest, match: Match): Promise<VersionedObjects> {
  try {
    return { object: await convert(match, request.object), oldObject: await convert(match, request.oldObject) };
  } catch (error) {
    throw internalError(error);
  }
}

/** Puts `object`, in the version that matched, in the place of the request's object, which others hold too. */
export async function replaceObject(request: AdmissionRequest, match: Match, object: KubeObject): Promise<void> {
  const target = request.object;
  if (target === undefined) return;
  const back = match.served.isStorageVersion || !isStoredKind(match, target) ? object : await match.served.toStored(object);
  for (const field of Object.keys(target)) delete target[field];
  Object.assign(target, back);
}
