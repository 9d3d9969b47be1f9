// A request as one webhook sees it: its objects in the version that the webhook's rules name. Requests carry built-in
// objects in the version that is stored, custom resources in the version of their URL.
import { internalError, type KubeObject } from '#machinery';
import { apiVersionOf } from '#api/resources.ts';
import type { AdmissionRequest } from '../contract.ts';
import type { ServedResource } from '../registry/resources.ts';
import type { Match } from './matching.ts';

export interface VersionedObjects {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/** A subresource's own kind (Scale, Eviction) is the same in all versions of its resource. */
function isResourceItself(served: ServedResource, object: KubeObject): boolean {
  const info = served.stored?.info ?? served.info;
  return object.kind === info.kind && (served.stored?.versioned !== undefined || object.apiVersion === apiVersionOf(info));
}

async function convert(served: ServedResource, object: KubeObject | undefined): Promise<KubeObject | undefined> {
  if (object === undefined || !isResourceItself(served, object) || object.apiVersion === served.head.apiVersion) return object;
  return served.stored?.versioned === undefined ? served.fromStored(object) : served.stored.versioned.converted(object);
}

/** Rejects with an internal error when an object cannot be converted. */
export async function versionedObjects(request: AdmissionRequest, { served }: Match): Promise<VersionedObjects> {
  try {
    return { object: await convert(served, request.object), oldObject: await convert(served, request.oldObject) };
  } catch (error) {
    throw internalError(error);
  }
}

/** Puts `object`, in the version that matched, in the place of the request's object, which others hold too. */
export async function replaceObject(request: AdmissionRequest, match: Match, object: KubeObject): Promise<void> {
  const target = request.object;
  if (target === undefined) return;
  const back = isResourceItself(match.served, object) || object.apiVersion !== target.apiVersion ? await backTo(match, object, target) : object;
  for (const field of Object.keys(target)) delete target[field];
  Object.assign(target, back);
}

async function backTo({ served, own }: Match, object: KubeObject, target: KubeObject): Promise<KubeObject> {
  if (object.apiVersion === target.apiVersion) return object;
  return own.stored?.versioned === undefined ? served.toStored(object) : own.stored.versioned.converted(object);
}
