// Finds what the allocation lost: a Service whose address nobody marked, an address or port that no Service
// uses any more because a server died in between. What looks leaked is freed only when it still does a round
// later. Services that are new or changed are looked at at once: others may write into the store. Follows upstream's
// repair controllers.
import type { Service } from '#api/core/v1.ts';
import type { IPAddress } from '#api/networking/v1.ts';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isAlreadyExists } from '#machinery';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import { ipAddressObject, managedBy, type ClusterIps } from './cluster-ips.ts';
import type { RepairMetrics } from './allocation-metrics.ts';
import type { NodePorts } from './node-ports.ts';
import { supplyOf } from './service-addresses.ts';
import { familyOf } from './service-families.ts';
import type { ServiceRanges } from './service-ranges.ts';

const periodMs = 180_000;
const soonMs = 1000;

export interface RepairParts {
  readonly world: World;
  readonly reader: ObjectReader;
  readonly cache: WatchCache;
  readonly writer: ObjectWriter;
  readonly metrics: RepairMetrics;
  readonly ranges: ServiceRanges;
  readonly supplies: readonly ClusterIps[];
  readonly ports: NodePorts;
  readonly signal: AbortSignal;
}

/** What looked leaked in the round before. */
interface Suspects {
  addresses: ReadonlySet<string>;
  ports: ReadonlySet<number>;
}

export function startRepair(parts: RepairParts): void {
  const suspects: Suspects = { addresses: new Set(), ports: new Set() };
  void every(parts.world.clock, periodMs, parts.signal, async () => {
    try {
      await repair(parts, suspects);
    } catch (error) {
      if (parts.signal.aborted) return;
      parts.metrics.failed();
      parts.world.log.warn('service allocation repair failed', { error: errorText(error) });
    }
  });
}

/** Marks the addresses of services that have changed since the last look. */
export function startRepairOfChanged(parts: RepairParts): void {
  const services = parts.cache.resource('', 'services');
  if (services === undefined) return;
  let [changes, revision] = [services.changes, parts.cache.revision];
  void every(parts.world.clock, soonMs, parts.signal, async () => {
    if (services.changes === changes) return;
    try {
      const [from, now] = [revision, parts.cache.revision];
      changes = services.changes;
      const changed = [...services.snapshot().range()].filter((entry) => entry.revision > from).map((entry) => services.object(entry));
      await markAddresses(parts, usersOf(changed as (KubeObject & Service)[]));
      revision = now;
    } catch (error) {
      changes = -1;
      if (!parts.signal.aborted) parts.world.log.warn('the addresses of changed services cannot be marked', { error: errorText(error) });
    }
  });
}

/** One round; updates `suspects`. */
async function repair(parts: RepairParts, suspects: Suspects): Promise<void> {
  const services = parts.reader.list('', 'services') as readonly (KubeObject & Service)[];
  suspects.addresses = await repairAddresses(parts, services, suspects.addresses);
  suspects.ports = await repairPorts(parts, services, suspects.ports);
}

async function repairAddresses(parts: RepairParts, services: readonly (KubeObject & Service)[], before: ReadonlySet<string>): Promise<Set<string>> {
  const used = usersOf(services);
  await markAddresses(parts, used);
  const leaked = new Set<string>();
  for (const object of parts.reader.list('networking.k8s.io', 'ipaddresses') as readonly (KubeObject & IPAddress)[]) {
    const name = object.metadata?.name ?? '';
    if (object.metadata?.labels?.['ipaddress.kubernetes.io/managed-by'] !== managedBy || used.has(name)) continue;
    if (before.has(name)) await supplyOf(parts.supplies, name)?.give(name);
    else leaked.add(name);
  }
  return leaked;
}

/** Who has which address. */
function usersOf(services: readonly (KubeObject & Service)[]): Map<string, KubeObject & Service> {
  const used = new Map<string, KubeObject & Service>();
  for (const service of services) {
    const { clusterIP = '', clusterIPs = [clusterIP], type } = service.spec ?? {};
    if (type !== 'ExternalName') for (const address of clusterIPs) if (address !== '' && address !== 'None') used.set(address, service);
  }
  return used;
}

async function markAddresses(parts: RepairParts, used: ReadonlyMap<string, KubeObject & Service>): Promise<void> {
  for (const [address, service] of used) {
    const held = parts.reader.get('networking.k8s.io', 'ipaddresses', '', address) as (KubeObject & IPAddress) | undefined;
    if (held !== undefined && isInOrder(parts.reader, held, service)) continue;
    const supply = supplyOf(parts.supplies, address);
    if (supply === undefined || !parts.ranges.include(address)) continue;
    const owner = { namespace: service.metadata?.namespace ?? '', name: service.metadata?.name ?? '' };
    if (held !== undefined) await supply.give(address);
    const now = parts.reader.get('', 'services', owner.namespace, owner.name) as (KubeObject & Service) | undefined;
    if (now === undefined || !usersOf([now]).has(address)) continue;
    try {
      await parts.writer.create('networking.k8s.io', 'ipaddresses', ipAddressObject(supply.family, address, owner));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

/** The object says whose the address is, unless another service that lives has it too: that is for people to solve. */
function isInOrder(reader: ObjectReader, held: KubeObject & IPAddress, service: KubeObject & Service): boolean {
  const { group, resource, namespace = '', name = '' } = held.spec?.parentRef ?? {};
  if ((group ?? '') !== '' || resource !== 'services') return false;
  const isOwn = namespace === (service.metadata?.namespace ?? '') && name === service.metadata?.name;
  if (!isOwn && reader.get('', 'services', namespace, name) === undefined) return false;
  const { labels = {} } = held.metadata ?? {};
  return labels['ipaddress.kubernetes.io/managed-by'] === managedBy && labels['ipaddress.kubernetes.io/ip-family'] === familyOf(held.metadata?.name ?? '');
}

async function repairPorts(parts: RepairParts, services: readonly (KubeObject & Service)[], before: ReadonlySet<number>): Promise<Set<number>> {
  const used = new Set<number>();
  for (const { spec } of services) {
    for (const port of spec?.ports ?? []) if (port.nodePort !== undefined) used.add(port.nodePort);
    if (spec?.healthCheckNodePort !== undefined) used.add(spec.healthCheckNodePort);
  }
  const marked = await parts.ports.marked();
  const { first, size } = parts.ports.range;
  const isOutside = (port: number): boolean => port < first || port >= first + size;
  const unmarked = [...used].filter((port) => !marked.has(port) && !isOutside(port));
  for (const port of used) if (isOutside(port)) parts.metrics.found('outOfRange');
  for (const _ of unmarked) parts.metrics.found('repair');
  if (unmarked.length > 0) await parts.ports.take(unmarked, 0, false);
  const leaked = [...marked].filter((port) => !used.has(port));
  const lost = leaked.filter((port) => before.has(port));
  for (const _ of lost) parts.metrics.found('leak');
  await parts.ports.give(lost);
  return new Set(leaked.filter((port) => !before.has(port)));
}
