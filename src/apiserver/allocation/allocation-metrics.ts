// What is counted about cluster IPs and node ports, under upstream's names. How many addresses are in use is counted when
// somebody asks, and again only when one has changed.
import type { World } from '#base/world.ts';
import type { Metrics } from '#base/metrics.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { contains, type IpRange } from './ip-range.ts';
import type { NodePorts } from './node-ports.ts';
import type { ServiceRanges } from './service-ranges.ts';

/** "static" of what was asked for by name, "dynamic" of any. */
export type Scope = 'static' | 'dynamic';

export interface AddressMetrics {
  taken(cidr: string, scope: Scope, milliseconds: number): void;
  failed(cidr: string, scope: Scope): void;
}

export interface PortMetrics {
  taken(scope: Scope, count: number): void;
  failed(scope: Scope): void;
}

/** "leak", "repair" and "outOfRange" are what the repair of node ports finds. */
export interface RepairMetrics {
  found(type: 'leak' | 'repair' | 'outOfRange'): void;
  failed(): void;
}

const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createAddressMetrics(metrics: Metrics): AddressMetrics {
  const count = metrics.counter('kube_apiserver_clusterip_allocator_allocation_total', 'Number of Cluster IPs allocations', ['cidr', 'scope']);
  const errors = metrics.counter('kube_apiserver_clusterip_allocator_allocation_errors_total', 'Number of errors trying to allocate Cluster IPs', ['cidr', 'scope']);
  const duration = metrics.histogram('kube_apiserver_clusterip_allocator_allocation_duration_seconds', 'Duration in seconds to allocate a Cluster IP by ServiceCIDR', ['cidr'], defaultBuckets);
  return {
    taken(cidr, scope, milliseconds) {
      count.inc({ cidr, scope });
      duration.observe({ cidr }, milliseconds / 1000);
    },
    failed: (cidr, scope) => errors.inc({ cidr, scope }),
  };
}

export function createPortMetrics(metrics: Metrics): PortMetrics {
  const count = metrics.counter('kube_apiserver_nodeport_allocator_allocation_total', 'Number of NodePort allocations', ['scope']);
  const errors = metrics.counter('kube_apiserver_nodeport_allocator_allocation_errors_total', 'Number of errors trying to allocate NodePort', ['scope']);
  return {
    taken(scope, number) {
      if (number > 0) count.inc({ scope }, number);
    },
    failed: (scope) => errors.inc({ scope }),
  };
}

export function createRepairMetrics(metrics: Metrics): RepairMetrics {
  const errors = metrics.counter('apiserver_nodeport_repair_port_errors_total', 'Number of errors detected on ports by the repair loop broken down by type of error: leak, repair, full, outOfRange, duplicate, unknown', ['type']);
  const failures = metrics.counter('apiserver_nodeport_repair_reconcile_errors_total', 'Number of reconciliation failures on the nodeport repair reconcile loop');
  return { found: (type) => errors.inc({ type }), failed: () => failures.inc({}) };
}

export interface UsageParts {
  readonly world: World;
  readonly cache: WatchCache;
  readonly ranges: ServiceRanges;
  readonly ports: NodePorts;
}

/** Tells how much of each range is in use. */
export function readUsageMetrics({ world: { metrics }, cache, ranges, ports }: UsageParts): void {
  const all = (): readonly IpRange[] => [...ranges.of('IPv4'), ...ranges.of('IPv6')];
  const used = countOfUsed(cache);
  const address = 'kube_apiserver_clusterip_allocator';
  metrics.read(`${address}_allocated_ips`, 'Gauge measuring the number of allocated IPs for Services', 'gauge', () => all().map((range) => ({ labels: { cidr: range.cidr }, value: used(range) })));
  metrics.read(`${address}_available_ips`, 'Gauge measuring the number of available IPs for Services', 'gauge', () => all().map((range) => ({ labels: { cidr: range.cidr }, value: Number(range.size) - used(range) })));
  const port = 'kube_apiserver_nodeport_allocator';
  metrics.read(`${port}_allocated_ports`, 'Gauge measuring the number of allocated NodePorts for Services', 'gauge', async () => [{ labels: {}, value: (await ports.marked()).size }]);
  metrics.read(`${port}_available_ports`, 'Gauge measuring the number of available NodePorts for Services', 'gauge', async () => [{ labels: {}, value: ports.range.size - (await ports.marked()).size }]);
}

function countOfUsed(cache: WatchCache): (range: IpRange) => number {
  const counts = new Map<string, number>();
  let changes: number | undefined;
  return (range) => {
    const addresses = cache.resource('networking.k8s.io', 'ipaddresses');
    if (addresses === undefined) return 0;
    if (addresses.changes !== changes) {
      counts.clear();
      changes = addresses.changes;
    }
    let count = counts.get(range.cidr);
    if (count === undefined) {
      count = 0;
      for (const { name } of addresses.snapshot().range()) if (contains(range, name)) count++;
      counts.set(range.cidr, count);
    }
    return count;
  };
}
