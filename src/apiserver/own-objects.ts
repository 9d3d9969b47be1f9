// The server's objects and its own hands on them: the watch cache over the store, decrypted where it is encrypted; the
// reader, and writers that ask no admission; and what reserves cluster IPs and node ports for Services.
import { enabledResources } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import { createServiceAllocation, type ServiceAllocation } from './allocation/service-allocation.ts';
import { serviceCompletion } from './allocation/service-completion.ts';
import { readCacheMetrics } from './cache/cache-metrics.ts';
import { measuredStore } from './cache/store-metrics.ts';
import { createReader } from './cache/reader.ts';
import { WatchCache } from './cache/watch-cache.ts';
import type { ObjectReader, ObjectWriter } from './contract.ts';
import { encryptedStore, keyResources } from './encryption/index.ts';
import { completeDefinition, definitionGroup, definitionPlural } from './crds/definition.ts';
import { createAdmissionChain, type AdmissionChain } from './registry/admission-chain.ts';
import { createLeasePool } from './registry/lease-pool.ts';
import { reservationSource } from './registry/reservations.ts';
import { createResourceTable, type ResourceTable } from './registry/resources.ts';
import type { Registry } from './registry/write-request.ts';
import type { ApiServerConfig } from './server-config.ts';
import { signingCounts } from './strategies/signing-counts.ts';
import { completeClaim } from './strategies/disabled-fields.ts';
import { createRemover, createWriter, type Remover } from './writer.ts';

export interface OwnObjects {
  readonly resources: ResourceTable;
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  /** Without admission, in the server's name. */
  readonly writer: ObjectWriter;
  readonly allocation: ServiceAllocation;
  /** Where writes of requests go, through this admission. */
  registry(admission: AdmissionChain): Registry;
  /** A writer whose fields are managed under that name. */
  writerAs(manager: string): ObjectWriter;
  readonly remove: Remover;
  /** Deletes an object of a stored resource by name; nothing where the resource is not served. */
  removeNamed(group: string, plural: string, namespace: string, name: string): Promise<void>;
}

export function createOwnObjects(world: World, config: ApiServerConfig, signal: AbortSignal): OwnObjects {
  const resources = createResourceTable(enabledResources(config.runtimeConfig), { '/services': serviceCompletion(config.serviceCidr), '/persistentvolumeclaims': completeClaim, [`${definitionGroup}/${definitionPlural}`]: completeDefinition });
  const resourceOf = keyResources(resources.stored);
  const store = measuredStore(world, config.store, resourceOf);
  const encrypted = config.encryption === undefined ? undefined : encryptedStore(store, config.encryption, resourceOf);
  const cache = new WatchCache(world, encrypted ?? store, resources.stored);
  const isStale: Registry['isStale'] = encrypted === undefined ? undefined : (resource, key, until) => encrypted.isStale(resource.prefix + key, until);
  config.encryption?.onChange(() => void cache.retryUnreadable().catch(() => {}));
  const reader = createReader(cache);
  readCacheMetrics(world.metrics, cache);
  signingCounts(world.metrics);
  const allocation = createServiceAllocation({ world, cache, reader, resources, serviceCidr: config.serviceCidr, nodePortRange: config.serviceNodePortRange, signal });
  const shared = { world, cache, reader, leases: createLeasePool(config.store, world.clock), reservations: reservationSource({ '/services': allocation.reserver }), ttlSeconds: config.eventTtlSeconds, ...(isStale === undefined ? {} : { isStale }) };
  const own: Registry = { ...shared, admission: createAdmissionChain([]) };
  const remove = createRemover(own, reader, signal);
  return {
    resources, cache, reader, allocation, remove,
    writer: createWriter(own, resources, reader, signal),
    registry: (admission) => ({ ...shared, admission }),
    writerAs: (manager) => createWriter(own, resources, reader, signal, manager),
    async removeNamed(group, plural, namespace, name) {
      const served = resources.storedIn(group, plural);
      if (served !== undefined) await remove(served, namespace, name);
    },
  };
}
