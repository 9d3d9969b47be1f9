// The server's own hand on its objects: reads and writes for bootstrap, without identity or admission.
import { cloneJson } from '#machinery';
import type { ObjectReader, ObjectWriter } from './contract.ts';
import { createAdmissionChain } from './registry/admission-chain.ts';
import { createObject } from './registry/create.ts';
import { removeObject } from './registry/delete.ts';
import { asStored, freshCurrent } from './registry/current.ts';
import { mutateObject } from './registry/mutate.ts';
import { objectKey } from './registry/storage-layout.ts';
import type { ResourceTable, ServedResource } from './registry/resources.ts';
import type { Stored } from './registry/strategy.ts';
import { tracked } from './registry/tracking.ts';
import { updateObject } from './registry/update.ts';
import type { Registry, WriteRequest } from './registry/write-request.ts';

/** A request of the server itself. */
function ownRequest(base: Registry, reader: ObjectReader, signal: AbortSignal, served: ServedResource, namespace: string, name: string, manager = 'kube-apiserver'): WriteRequest {
  const { stored } = served;
  if (stored === undefined) throw new Error(`${served.info.plural} is not stored`);
  return {
    served, stored, subresource: '', namespace, name, manager, options: {}, dryRun: false, nowMs: base.world.clock.now(), reader,
    user: { name: 'system:apiserver', groups: ['system:masters'] }, signal, warn() {}, annotate() {},
  };
}

/** Deletes objects of a served resource without asking admission. Rejects with notFound. */
export type Remover = (served: ServedResource, namespace: string, name: string) => Promise<void>;

export function createRemover(base: Registry, reader: ObjectReader, signal: AbortSignal): Remover {
  const registry: Registry = { ...base, admission: createAdmissionChain([]) };
  return async (served, namespace, name) => void (await removeObject(registry, ownRequest(base, reader, signal, served, namespace, name), {}));
}

/** @param manager Under whose name fields are managed. */
export function createWriter(base: Registry, resources: ResourceTable, reader: ObjectReader, signal: AbortSignal, manager?: string): ObjectWriter {
  const registry: Registry = { ...base, admission: createAdmissionChain([]) };
  const find = (group: string, plural: string): ServedResource => {
    const served = resources.storedIn(group, plural);
    if (served === undefined) throw new Error(`no stored resource ${plural}.${group}`);
    return served;
  };
  const requestFor = (served: ServedResource, namespace: string, name: string): WriteRequest => ownRequest(base, reader, signal, served, namespace, name, manager);
  return {
    async lookup(group, resource, namespace, name) {
      const request = requestFor(find(group, resource), namespace, name);
      return (await freshCurrent(registry, request.stored, objectKey(request.stored.namespaced, namespace, name), signal))?.object;
    },
    async create(group, resource, object) {
      const copy = asStored(cloneJson(object));
      const served = find(group, resource);
      served.handling.applyDefaults(copy);
      return (await createObject(registry, requestFor(served, copy.metadata.namespace ?? '', ''), copy)).object;
    },
    async update(group, resource, object, subresource) {
      const sent = asStored(cloneJson(object));
      const served = find(group, resource);
      served.handling.applyDefaults(sent);
      const request = { ...requestFor(served, sent.metadata.namespace ?? '', sent.metadata.name ?? ''), subresource: subresource ?? '' };
      return (await updateObject(registry, request, { mayCreate: false, build: () => cloneJson(sent) })).object;
    },
    mutate(group, resource, namespace, name, change, dryRun = false, subresource) {
      const request = requestFor(find(group, resource), namespace, name);
      const own = subresource === undefined ? undefined : (before: Stored, after: Stored) => tracked({ ...request, subresource, nowMs: base.world.clock.now() }, before, after, false);
      return mutateObject(registry, { resource: request.stored, namespace, name, dryRun, signal, change, ...(own === undefined ? {} : { own }) });
    },
  };
}
