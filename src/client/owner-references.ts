// Who owns an object: the one controlling owner reference, and making one.
import type { ObjectMeta, OwnerReference } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { ApiObject } from './contract.ts';
import { apiVersionOf } from './resource-client.ts';

/** The reference of the managing controller, if there is one. */
export function controllerOf(object: { readonly metadata?: ObjectMeta }): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

/** True when `owner` (by uid) is the managing controller of `object`. */
export function isControlledBy(object: { readonly metadata?: ObjectMeta }, owner: { readonly metadata?: ObjectMeta }): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata?.uid;
}

/** The reference that makes `owner` the controller of what carries it. */
export function controllerReference(owner: ApiObject, info: Pick<ResourceInfo, 'group' | 'version' | 'kind'>): OwnerReference {
  return {
    apiVersion: apiVersionOf(info),
    kind: info.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
