// What the server does with an object's metadata: fields that only it sets, generated names, and the checks
// that body, URL and namespace agree.
import type { ObjectMeta } from '#api/meta/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { nameSuffix, uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { badRequest } from '#machinery';
import type { KubeObject } from '../contract.ts';
import type { Stored } from './strategy.ts';

const longestName = 63;
const suffixLength = 5;

/** Clients cannot choose these on create. */
export function wipeSystemFields(object: Stored): void {
  const { metadata } = object;
  delete metadata.creationTimestamp;
  delete metadata.uid;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

export function fillSystemFields(object: Stored, world: World): void {
  object.metadata.creationTimestamp = rfc3339(world.clock.now());
  object.metadata.uid = uuid(world.random);
}

/** A name from `generateName`, which is cut so that the whole fits. */
export function generateName(base: string, world: World): string {
  return base.slice(0, longestName - suffixLength) + nameSuffix(world.random, suffixLength);
}

/** Fills in the namespace of the request, or refuses another one; objects without namespaces lose theirs. */
export function agreeOnNamespace(object: Stored, namespaced: boolean, namespace: string): void {
  const { metadata } = object;
  if (!namespaced) delete metadata.namespace;
  else if ((metadata.namespace ?? '') === '') metadata.namespace = namespace;
  else if (metadata.namespace !== namespace) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The name in the body must be the URL's. */
export function checkName(object: Stored, name: string): void {
  const own = object.metadata.name ?? '';
  if (own === '') throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

/** Owner references that say the same twice count once; answers a warning if there were any. */
export function dedupOwnerReferences(object: KubeObject, afterAdmission: boolean): string | undefined {
  const references = object.metadata?.ownerReferences;
  if (references === undefined || references.length < 2) return undefined;
  const seen = new Map<string, (typeof references)[number]>();
  for (const reference of references) seen.set(JSON.stringify(Object.entries(reference).sort()), reference);
  if (seen.size === references.length) return undefined;
  const met = new Set<string>();
  const twice = new Set<string>();
  for (const { uid } of references) (met.has(uid) ? twice : met).add(uid);
  (object.metadata as ObjectMeta).ownerReferences = [...seen.values()];
  return `.metadata.ownerReferences contains duplicate entries${afterAdmission ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`;
}
