// What is counted of lists and watches, by resource, under upstream's names. Whoever reads asks for the children once and
// adds to them; a watch event that many watchers share is counted once with their number.
import type { CounterChild, HistogramChild, Metrics } from '#base/metrics.ts';

export interface GroupResourceName {
  readonly group: string;
  readonly plural: string;
}

/** Of one resource. */
export interface ReadCounts {
  /** A list was answered from the cache: how many entries were looked at, and how many of them shown. */
  listed(fetched: number, returned: number): void;
  /** As `listed`, from the store's history. */
  listedFromStore(fetched: number, returned: number): void;
  /** Seconds that a read waited for the cache to be new enough. */
  readonly waited: HistogramChild;
  /** A list without a resourceVersion could be shown, or not. */
  consistent(success: boolean): void;
  /** Entries that watches began with. */
  readonly initEvents: CounterChild;
  /** Watches that were cut off because their peer did not read. */
  readonly terminated: CounterChild;
}

/** Of one served version. */
export interface EventCounts {
  readonly total: CounterChild;
  /** In bytes. */
  readonly sizes: HistogramChild;
}

export interface ReadMetrics {
  of(resource: GroupResourceName): ReadCounts;
  events(resource: GroupResourceName & { readonly version: string }): EventCounts;
  /** The initial events of a watch that asked for their end to be marked are out. */
  watchList(resource: GroupResourceName & { readonly version: string }, scope: string, seconds: number): void;
}

const waitBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
const sizeBuckets = Array.from({ length: 8 }, (_, at) => 1024 * 2 ** at);
const watchListBuckets = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];
const names = ['group', 'resource'] as const;
const versioned = ['group', 'version', 'resource'] as const;

export function createReadMetrics(metrics: Metrics): ReadMetrics {
  const lists = metrics.counter('apiserver_cache_list_total', '[ALPHA] Number of LIST requests served from watch cache', ['group', 'resource', 'index']);
  const fetchedObjects = metrics.counter('apiserver_cache_list_fetched_objects_total', '[ALPHA] Number of objects read from watch cache in the course of serving a LIST request', ['group', 'resource', 'index']);
  const returnedObjects = metrics.counter('apiserver_cache_list_returned_objects_total', '[ALPHA] Number of objects returned for a LIST request from watch cache', names);
  const stored = {
    lists: metrics.counter('apiserver_storage_list_total', '[ALPHA] Number of LIST requests served from storage', names),
    fetched: metrics.counter('apiserver_storage_list_fetched_objects_total', '[ALPHA] Number of objects read from storage in the course of serving a LIST request', names),
    evaluated: metrics.counter('apiserver_storage_list_evaluated_objects_total', '[ALPHA] Number of objects tested in the course of serving a LIST request from storage', names),
    returned: metrics.counter('apiserver_storage_list_returned_objects_total', '[ALPHA] Number of objects returned for a LIST request from storage', names),
  };
  const waits = metrics.histogram('apiserver_watch_cache_read_wait_seconds', '[ALPHA] Histogram of time spent waiting for a watch cache to become fresh.', names, waitBuckets);
  const consistentReads = metrics.counter('apiserver_watch_cache_consistent_read_total', '[ALPHA] Counter for consistent reads from cache.', ['group', 'resource', 'success', 'fallback']);
  const inits = metrics.counter('apiserver_init_events_total', '[ALPHA] Counter of init events processed in watch cache broken by resource type.', names);
  const terminations = metrics.counter('apiserver_terminated_watchers_total', '[ALPHA] Counter of watchers closed due to unresponsiveness broken by resource type.', names);
  const events = metrics.counter('apiserver_watch_events_total', '[ALPHA] Number of events sent in watch clients', versioned);
  const sizes = metrics.histogram('apiserver_watch_events_sizes', '[ALPHA] Watch event size distribution in bytes', versioned, sizeBuckets);
  const watchLists = metrics.histogram('apiserver_watch_list_duration_seconds', '[ALPHA] Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.', ['group', 'version', 'resource', 'scope'], watchListBuckets);
  const known = new WeakMap<GroupResourceName, ReadCounts>();
  const make = (group: string, plural: string): ReadCounts => {
    const [total, fetchedTotal, returnedTotal] = [lists.labels(group, plural, ''), fetchedObjects.labels(group, plural, ''), returnedObjects.labels(group, plural)];
    return {
      listed(fetched, returned) {
        total.inc();
        fetchedTotal.inc(fetched);
        returnedTotal.inc(returned);
      },
      listedFromStore(fetched, returned) {
        stored.lists.labels(group, plural).inc();
        stored.fetched.labels(group, plural).inc(fetched);
        stored.evaluated.labels(group, plural).inc(fetched);
        stored.returned.labels(group, plural).inc(returned);
      },
      waited: waits.labels(group, plural),
      consistent: (success) => consistentReads.labels(group, plural, String(success), 'false').inc(),
      initEvents: inits.labels(group, plural),
      terminated: terminations.labels(group, plural),
    };
  };
  return {
    of(resource) {
      let counts = known.get(resource);
      if (counts === undefined) known.set(resource, (counts = make(resource.group, resource.plural)));
      return counts;
    },
    events: ({ group, version, plural }) => ({ total: events.labels(group, version, plural), sizes: sizes.labels(group, version, plural) }),
    watchList: ({ group, version, plural }, scope, seconds) => watchLists.labels(group, version, plural, scope).observe(seconds),
  };
}
