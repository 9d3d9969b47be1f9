// What the store is asked, and how long it takes, by resource: upstream's etcd_request* metrics, whatever engine answers.
// The resource is read from the key. What reads everything at once (the first load of the caches, the question how far
// the store is) is of no resource and is not counted; the watch on the store is none of these requests, as upstream. A request that is followed is told its own waits.
import type { CounterChild, HistogramChild } from '#base/metrics.ts';
import type { World } from '#base/world.ts';
import type { RangeQuery, Store, Txn } from '#store';
import type { KeyResource } from '../encryption/index.ts';
import { latenciesOf } from '../request/latencies.ts';

const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const labels = ['operation', 'group', 'resource'] as const;

interface Counts {
  readonly total: CounterChild;
  readonly failed: () => CounterChild;
  readonly duration: HistogramChild;
}

function operationOf({ conditions, writes }: Txn): string {
  const [write] = writes;
  if (write !== undefined && 'delete' in write) return 'delete';
  return conditions[0]?.modRevision === 0 ? 'create' : 'update';
}

function kindOfRange({ end, countOnly, keysOnly }: RangeQuery): string {
  if (end === undefined) return 'get';
  if (countOnly === true) return 'listWithCount';
  return keysOnly === true ? 'listOnlyKeys' : 'list';
}

/** The same store, its requests counted. */
export function measuredStore(world: World, store: Store, resourceOf: (key: string) => KeyResource | undefined): Store {
  const { clock, metrics } = world;
  const durations = metrics.histogram('etcd_request_duration_seconds', '[ALPHA] Etcd request latency in seconds for each operation and object type.', labels, durationBuckets);
  const totals = metrics.counter('etcd_requests_total', '[ALPHA] Etcd request counts for each operation and object type.', labels);
  const errors = metrics.counter('etcd_request_errors_total', '[ALPHA] Etcd failed request counts for each operation and object type.', labels);
  const byOperation = new Map<string, Map<string, Counts>>();
  const countsOf = (operation: string, key: string): Counts | undefined => {
    const found = resourceOf(key);
    if (found === undefined) return undefined;
    let byPrefix = byOperation.get(operation);
    if (byPrefix === undefined) byOperation.set(operation, (byPrefix = new Map()));
    let counts = byPrefix.get(found.prefix);
    if (counts === undefined) {
      const named = [operation, found.resource.group, found.resource.resource];
      counts = { total: totals.labels(...named), duration: durations.labels(...named), failed: () => errors.labels(...named) };
      byPrefix.set(found.prefix, counts);
    }
    return counts;
  };
  /** Looked at from the side: whoever waits for the answer gets it as early as before. */
  const counted = <T>(operation: string, key: string, answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const counts = countsOf(operation, key);
    if (counts === undefined) return answer;
    const latencies = latenciesOf(signal);
    const started = clock.monotonic();
    const done = (): void => {
      const tookMs = clock.monotonic() - started;
      counts.total.inc();
      counts.duration.observe(tookMs / 1000);
      if (latencies !== undefined) latencies.storage += tookMs;
    };
    answer.then(done, () => {
      done();
      counts.failed().inc();
    });
    return answer;
  };
  return {
    synchronousWatch: store.synchronousWatch,
    range: (query, signal) => counted(kindOfRange(query), query.start, store.range(query, signal), signal),
    commit(txn, signal) {
      const [write] = txn.writes;
      const answer = store.commit(txn, signal);
      return write === undefined ? answer : counted(operationOf(txn), 'put' in write ? write.put : write.delete, answer, signal);
    },
    watch: (query, handler) => store.watch(query, handler),
    compact: (revision) => store.compact(revision),
    grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
    renewLease: (id) => store.renewLease(id),
    revokeLease: (id) => store.revokeLease(id),
    status: () => store.status(),
    close: () => store.close(),
  };
}
