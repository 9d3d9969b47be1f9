// What the watch cache and the store hold, under upstream's names: read from the caches when somebody asks for metrics,
// so that neither events nor reads pay for it.
import type { Metrics, Sample } from '#base/metrics.ts';
import type { ResourceCache } from './resource-cache.ts';
import type { WatchCache } from './watch-cache.ts';

export function readCacheMetrics(metrics: Metrics, caches: WatchCache): void {
  const each = (value: (cache: ResourceCache) => number) => (): Sample[] =>
    Array.from(caches.all(), (cache) => ({ labels: { group: cache.resource.group, resource: cache.resource.plural }, value: value(cache) }));
  const received = each((cache) => cache.ring.end);
  metrics.read('apiserver_resource_objects', '[ALPHA] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.', 'gauge', each((cache) => cache.size));
  metrics.read('apiserver_storage_events_received_total', '[BETA] Number of etcd events received split by kind.', 'counter', received);
  metrics.read('apiserver_watch_cache_events_received_total', '[ALPHA] Counter of events received in watch cache broken by resource type.', 'counter', received);
  metrics.read('apiserver_watch_cache_events_dispatched_total', '[ALPHA] Counter of events dispatched in watch cache broken by resource type.', 'counter', received);
  metrics.read('apiserver_resource_size_estimate_bytes', '[ALPHA] Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.', 'gauge', each((cache) => cache.bytes));
  metrics.read('apiserver_storage_decode_errors_total', '[ALPHA] Number of stored object decode errors split by object type', 'counter', each((cache) => cache.decodeErrors));
  metrics.read('apiserver_watch_cache_initializations_total', '[ALPHA] Counter of watch cache initializations broken by resource type.', 'counter', each((cache) => cache.epoch + 1));
  metrics.read('apiserver_watch_cache_resource_version', '[ALPHA] Current resource version of watch cache broken by resource type.', 'gauge', each(() => caches.revision));
  metrics.read('watch_cache_capacity', '[ALPHA] Total capacity of watch cache broken by resource type.', 'gauge', each((cache) => cache.ring.capacity));
  metrics.read('apiserver_storage_size_bytes', '[STABLE] Size of the storage database file physically allocated in bytes.', 'gauge', async () => {
    const { sizeBytes } = await caches.store.status();
    return [{ labels: { storage_cluster_id: 'etcd-0' }, value: sizeBytes }];
  });
}
