// The garbage collector's dealings with the server: live metadata, kinds to resources, and the three writes it
// makes (delete, drop references, drop a finalizer), each safe against an object that has changed meanwhile.
import type { OwnerReference } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import { apiVersionOf, retryOnConflict, type ApiObject, type Client, type ResourceClient } from '#client';
import { isConflict, isNotFound, StatusError } from '#machinery';
import { sameValue } from '../same-value.ts';
import type { Identity } from './graph.ts';

/** A cluster-scoped object names a namespaced owner: that cannot be resolved, ever. */
export class UnresolvableOwner extends Error {
  override name = 'UnresolvableOwner';
}

export interface Live {
  /** Replaces what is known of kinds. */
  learn(resources: readonly ResourceInfo[]): void;
  isNamespaced(apiVersion: string, kind: string): boolean;
  /** undefined when there is none by that name. Throws for unknown kinds. */
  get(identity: Identity): Promise<ApiObject | undefined>;
  /** False when it was gone already. */
  delete(identity: Identity, seen: ApiObject, propagation: 'Foreground' | 'Background' | 'Orphan'): Promise<boolean>;
  dropReferences(identity: Identity, uids: readonly string[]): Promise<void>;
  unblockOwners(identity: Identity, owners: readonly OwnerReference[]): Promise<void>;
  dropFinalizer(identity: Identity, finalizer: string): Promise<void>;
}

export function createLive(world: World, client: Client): Live {
  const kinds = new Map<string, ResourceInfo>();
  const infoOf = (apiVersion: string, kind: string): ResourceInfo => {
    const info = kinds.get(`${apiVersion} ${kind}`);
    if (info === undefined) throw new Error(`unable to get REST mapping for ${apiVersion}/${kind}.`);
    return info;
  };
  const resourceOf = (identity: Identity): ResourceClient<ApiObject> => {
    const info = infoOf(identity.apiVersion, identity.kind);
    if (info.namespaced && identity.namespace === '') throw new UnresolvableOwner('cluster-scoped objects cannot refer to namespaced owners');
    return client.forInfo<ApiObject>(info).in(info.namespaced ? identity.namespace : '');
  };
  const get = async (identity: Identity): Promise<ApiObject | undefined> => {
    try {
      return await resourceOf(identity).get(identity.name, { metadataOnly: true });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  /** A strategic patch, or for resources that know none what `merge` makes of the live object. */
  const patch = async (identity: Identity, strategic: object, merge: (live: ApiObject) => object): Promise<void> => {
    const resource = resourceOf(identity);
    try {
      await resource.patch(identity.name, 'strategic', { metadata: { uid: identity.uid, ...strategic } });
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 415) throw error;
      const live = await resource.get(identity.name, { metadataOnly: true });
      await resource.patch(identity.name, 'merge', { metadata: { resourceVersion: live.metadata?.resourceVersion, ...merge(live) } });
    }
  };
  return {
    learn(resources) {
      kinds.clear();
      for (const info of resources) {
        const key = `${apiVersionOf(info)} ${info.kind}`;
        // Several resources may speak of one kind (bindings, reviews): the one with objects to get is meant.
        if (!kinds.has(key) || info.verbs.includes('get')) kinds.set(key, info);
      }
    },
    isNamespaced: (apiVersion, kind) => infoOf(apiVersion, kind).namespaced,
    get,
    async delete(identity, seen, propagationPolicy) {
      const resource = resourceOf(identity);
      const { uid } = identity;
      const resourceVersion = seen.metadata?.resourceVersion;
      try {
        await resource.delete(identity.name, { propagationPolicy, preconditions: { uid, resourceVersion } });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        if (!isConflict(error)) throw error;
        const live = await get(identity);
        if (live === undefined) return false;
        // Only the owners matter: changes of anything else must not keep a busy object alive.
        if (live.metadata?.uid !== uid || !sameValue(live.metadata?.ownerReferences, seen.metadata?.ownerReferences)) throw error;
        await resource.delete(identity.name, { propagationPolicy, preconditions: { uid } });
        return true;
      }
    },
    dropReferences: (identity, uids) =>
      patch(identity, { ownerReferences: uids.map((uid) => ({ $patch: 'delete', uid })) }, (live) => ({
        ownerReferences: (live.metadata?.ownerReferences ?? []).filter((reference) => !uids.includes(reference.uid)),
      })),
    unblockOwners: (identity, owners) =>
      patch(identity, { ownerReferences: owners.filter((owner) => owner.blockOwnerDeletion === true).map((owner) => ({ ...owner, blockOwnerDeletion: false })) }, (live) => ({
        ownerReferences: (live.metadata?.ownerReferences ?? []).map((owner) => ({ ...owner, blockOwnerDeletion: false })),
      })),
    dropFinalizer: (identity, finalizer) =>
      retryOnConflict(world, async () => {
        const live = await get(identity);
        const finalizers = live?.metadata?.finalizers ?? [];
        if (live === undefined || live.metadata?.uid !== identity.uid || !finalizers.includes(finalizer)) return;
        await resourceOf(identity).patch(identity.name, 'merge', { metadata: { resourceVersion: live.metadata?.resourceVersion, finalizers: finalizers.filter((each) => each !== finalizer) } });
      }),
  };
}
