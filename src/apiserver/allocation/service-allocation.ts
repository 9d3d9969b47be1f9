// What a Service gets from the server: IP families, cluster IPs, node ports and the health check port. Taken
// before the write, given back when it fails, when a new type has no use for it, or when the Service goes.
// Follows upstream's pkg/registry/core/service/storage/alloc.go.
import type { Service, ServicePort } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import { errorText } from '#base/errors.ts';
import { internalError, invalid } from '#machinery';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { ObjectReader } from '../contract.ts';
import { createAdmissionChain } from '../registry/admission-chain.ts';
import { deleteObject } from '../registry/commit.ts';
import { createLeasePool } from '../registry/lease-pool.ts';
import { cachedCurrent, foundCurrent } from '../registry/current.ts';
import { reservationSource, type Reservation, type Reserver } from '../registry/reservations.ts';
import type { ResourceTable } from '../registry/resources.ts';
import type { Stored } from '../registry/strategy.ts';
import type { Registry } from '../registry/write-request.ts';
import { mayHaveNodePort, needsClusterIp, needsHealthCheckPort, needsNodePort } from '../strategies/services.ts';
import { createWriter } from '../writer.ts';
import { alignClusterIps, keepAssigned } from './assigned-values.ts';
import { createAddressMetrics, createPortMetrics, createRepairMetrics, readUsageMetrics } from './allocation-metrics.ts';
import { createClusterIps, type ClusterIps } from './cluster-ips.ts';
import { formatIp, parseCidr } from './ip-range.ts';
import { createNodePorts, parsePortRange, PortTakenError, type NodePorts } from './node-ports.ts';
import { startRepair, startRepairOfChanged } from './repair.ts';
import { addressesOf, supplyOf, takeClusterIps } from './service-addresses.ts';
import { completeFamilies } from './service-families.ts';
import { createServiceRanges } from './service-ranges.ts';
import { Undo } from './undo.ts';

type ServiceObject = Stored<Service>;

export interface AllocationParts {
  readonly world: World;
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  readonly resources: ResourceTable;
  readonly serviceCidr: string;
  readonly nodePortRange: string;
  readonly signal: AbortSignal;
}

export interface ServiceAllocation {
  readonly reserver: Reserver;
  /** The API server's own cluster IP. */
  readonly firstAddress: string;
  /** Looks for leaks now and then until the signal aborts. */
  startRepair(): void;
}

export function createServiceAllocation(parts: AllocationParts): ServiceAllocation {
  const { world, cache, reader, signal } = parts;
  const registry: Registry = {
    world, cache, reader, admission: createAdmissionChain([]), leases: createLeasePool(cache.store, world.clock), reservations: reservationSource({}),
  };
  const writer = createWriter(registry, parts.resources, reader, signal);
  const remove = (name: string): Promise<void> => removeAddress(registry, parts.resources, name, signal);
  const own = parts.serviceCidr.split(',').map((cidr) => parseCidr(cidr.trim()));
  const ranges = createServiceRanges(reader, own.map(({ cidr }) => cidr));
  const metrics = createAddressMetrics(world.metrics);
  const supplies = own.map(({ family }) => createClusterIps(family, ranges, { clock: world.clock, metrics, reader, writer, random: world.random, remove }));
  const ports = createNodePorts(parsePortRange(parts.nodePortRange), cache.store, world.random, createPortMetrics(world.metrics));
  readUsageMetrics({ world, cache, ranges, ports });
  const [main] = own;
  if (main === undefined) throw new Error('no service CIDR');
  return {
    firstAddress: formatIp(main.family, main.first),
    reserver: createReserver(supplies, ports),
    startRepair() {
      const repair = { world, reader, cache, ranges, supplies, ports, writer, signal, metrics: createRepairMetrics(world.metrics) };
      startRepair(repair);
      startRepairOfChanged(repair);
    },
  };
}

async function removeAddress(registry: Registry, resources: ResourceTable, name: string, signal: AbortSignal): Promise<void> {
  const stored = resources.storedIn('networking.k8s.io', 'ipaddresses')?.stored;
  if (stored === undefined) return;
  let current = cachedCurrent(registry, stored, name);
  while (current !== undefined) {
    const deleted = await deleteObject(registry, stored, name, current.revision, signal);
    if (deleted.deletedAt !== undefined) return;
    current = await foundCurrent(registry, stored, deleted.current);
  }
}

function createReserver(supplies: readonly ClusterIps[], ports: NodePorts): Reserver {
  const families = supplies.map(({ family }) => family);
  return {
    async reserve(object, before, context): Promise<Reservation> {
      const service = object as ServiceObject;
      const old = before as ServiceObject | undefined;
      if (service.spec === undefined) return { commit: async () => {}, revert: async () => {} };
      if (old !== undefined) keepAssigned(service, old);
      alignClusterIps(service, old);
      completeFamilies(service, old, families);
      const undo = new Undo();
      try {
        await takeClusterIps(service, old, supplies, context.dryRun, undo);
        await takePorts(service, old, ports, context.dryRun, undo);
      } catch (error) {
        await undo.run();
        throw error;
      }
      return {
        revert: () => (context.dryRun ? Promise.resolve() : undo.run()),
        commit: async () => {
          if (!context.dryRun && old !== undefined) await giveUseless(service, old, ports, supplies);
        },
      };
    },
    async release(object) {
      const service = object as ServiceObject;
      for (const address of addressesOf(service)) await supplyOf(supplies, address)?.give(address);
      await ports.give(portsOf(service));
    },
  };
}

function portsOf(service: ServiceObject): number[] {
  const { ports = [], healthCheckNodePort = 0 } = service.spec ?? {};
  return [...new Set([...ports.map((port) => port.nodePort ?? 0), healthCheckNodePort].filter((port) => port !== 0))];
}

async function takePorts(service: ServiceObject, old: ServiceObject | undefined, ports: NodePorts, dryRun: boolean, undo: Undo): Promise<void> {
  const { spec } = service;
  if (spec === undefined) return;
  const had = new Set(old === undefined ? [] : portsOf(old));
  const { wanted, open } = mayHaveNodePort(service) ? wishes(service, old === undefined, had) : { wanted: new Set<number>(), open: [] };
  const needsHealth = needsHealthCheckPort(service);
  const health = spec.healthCheckNodePort ?? 0;
  if (needsHealth && health !== 0 && !had.has(health)) wanted.add(health);
  const any = open.length + (needsHealth && health === 0 ? 1 : 0);
  const chosen = await takeNumbers(service, ports, [...wanted], any, dryRun);
  if (!dryRun) undo.add(() => ports.give([...wanted, ...chosen]));
  for (const [at, sharing] of open.entries()) {
    const number = chosen[at];
    if (number !== undefined) for (const port of sharing) port.nodePort = number;
  }
  const last = chosen[open.length];
  if (needsHealth && health === 0 && last !== undefined) spec.healthCheckNodePort = last;
}

/**
 * The numbers that are asked for, and the ports that get any, those that share one together. A new Service has one
 * number for all protocols of a port, the one that is asked for if any; a changed one gets a number for each.
 */
function wishes(service: ServiceObject, isNew: boolean, had: ReadonlySet<number>): { readonly wanted: Set<number>; readonly open: readonly (readonly ServicePort[])[] } {
  const all = service.spec?.ports ?? [];
  const wanted = new Set(all.map((port) => port.nodePort ?? 0).filter((number) => number !== 0 && !had.has(number)));
  if (!needsNodePort(service)) return { wanted, open: [] };
  const open = all.filter((port) => (port.nodePort ?? 0) === 0);
  if (!isNew) return { wanted, open: open.map((port) => [port]) };
  const asked = new Map(all.filter((port) => (port.nodePort ?? 0) !== 0).map((port) => [port.port, port.nodePort ?? 0] as const).reverse());
  for (const port of open) {
    const number = asked.get(port.port);
    if (number !== undefined) port.nodePort = number;
  }
  return { wanted, open: [...Map.groupBy(open.filter((port) => (port.nodePort ?? 0) === 0), (port) => port.port).values()] };
}

async function takeNumbers(service: ServiceObject, ports: NodePorts, wanted: readonly number[], any: number, dryRun: boolean): Promise<number[]> {
  try {
    return await ports.take(wanted, any, dryRun);
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw internalError(new Error(`failed to allocate a nodePort: ${errorText(error)}`));
    const at = (service.spec?.ports ?? []).findIndex((port) => port.nodePort === error.port);
    if (at < 0) throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${error.port}: ${error.message}`));
    throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', [{ type: 'Invalid', field: `spec.ports[${at}].nodePort`, badValue: error.port, detail: error.message }]);
  }
}

async function giveUseless(service: ServiceObject, old: ServiceObject, ports: NodePorts, supplies: readonly ClusterIps[]): Promise<void> {
  const kept = new Set(needsClusterIp(service) ? addressesOf(service) : []);
  for (const address of addressesOf(old)) if (!kept.has(address)) await supplyOf(supplies, address)?.give(address);
  const keptPorts = new Set(portsOf(service));
  await ports.give(portsOf(old).filter((port) => !keptPorts.has(port)));
}
