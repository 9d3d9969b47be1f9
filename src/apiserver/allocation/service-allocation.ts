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
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from '../strategies/services.ts';
import { createWriter } from '../writer.ts';
import { createClusterIps, RangeFullError, type ClusterIps, type Owner } from './cluster-ips.ts';
import { formatIp, parseCidr } from './ip-range.ts';
import { createNodePorts, parsePortRange, PortTakenError, type NodePorts } from './node-ports.ts';
import { completeFamilies, keepAssigned } from './service-families.ts';
import { startRepair } from './repair.ts';

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
  const supplies = parts.serviceCidr.split(',').map((cidr) => createClusterIps(parseCidr(cidr.trim()), { reader, writer, random: world.random, remove }));
  const ports = createNodePorts(parsePortRange(parts.nodePortRange), cache.store, world.random);
  const [main] = supplies;
  if (main === undefined) throw new Error('no service CIDR');
  return {
    firstAddress: formatIp(main.range.family, main.range.first),
    reserver: createReserver(supplies, ports),
    startRepair: () => startRepair({ world, reader, supplies, ports, writer, signal }),
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

/** Steps already taken, to be undone in reverse. */
class Undo {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
}

function createReserver(supplies: readonly ClusterIps[], ports: NodePorts): Reserver {
  const supplyOf = (address: string): ClusterIps | undefined => supplies.find((supply) => (supply.range.family === 'IPv6') === address.includes(':'));
  return {
    async reserve(object, before, context): Promise<Reservation> {
      const service = object as ServiceObject;
      const old = before as ServiceObject | undefined;
      if (service.spec === undefined) return { commit: async () => {}, revert: async () => {} };
      if (old !== undefined) keepAssigned(service, old);
      completeFamilies(service, old, supplies.map((supply) => supply.range.family));
      const undo = new Undo();
      const owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '' };
      try {
        if (needsClusterIp(service) && !(old !== undefined && needsClusterIp(old))) await takeClusterIps(service, owner, supplies, context.dryRun, undo);
        await takePorts(service, old, ports, context.dryRun, undo);
      } catch (error) {
        await undo.run();
        throw error;
      }
      return {
        revert: () => (context.dryRun ? Promise.resolve() : undo.run()),
        commit: async () => {
          if (!context.dryRun && old !== undefined) await giveUseless(service, old, ports, supplyOf);
        },
      };
    },
    async release(object) {
      const service = object as ServiceObject;
      for (const address of addressesOf(service)) await supplyOf(address)?.give(address);
      await ports.give(portsOf(service));
    },
  };
}

function addressesOf(service: ServiceObject): string[] {
  const { clusterIP = '', clusterIPs } = service.spec ?? {};
  return (clusterIPs ?? [clusterIP]).filter((address) => address !== '' && address !== 'None');
}

function portsOf(service: ServiceObject): number[] {
  const { ports = [], healthCheckNodePort = 0 } = service.spec ?? {};
  return [...new Set([...ports.map((port) => port.nodePort ?? 0), healthCheckNodePort].filter((port) => port !== 0))];
}

/** One address of each family that the service wants. */
async function takeClusterIps(service: ServiceObject, owner: Owner, supplies: readonly ClusterIps[], dryRun: boolean, undo: Undo): Promise<void> {
  const { spec } = service;
  if (spec === undefined || spec.clusterIP === 'None') return;
  const wanted = [...(spec.clusterIPs ?? [])];
  if (wanted.length === 0 && (spec.clusterIP ?? '') !== '') wanted.push(spec.clusterIP ?? '');
  const result: string[] = [];
  for (const [at, family] of (spec.ipFamilies ?? []).entries()) {
    const supply = supplies.find((candidate) => candidate.range.family === family);
    if (supply === undefined) continue;
    const address = wanted[at] ?? '';
    result.push(address === '' ? await takeAny(service, supply, owner, dryRun) : await takeThis(service, supply, address, owner, dryRun));
    const taken = result[at] ?? '';
    if (!dryRun) undo.add(() => supply.give(taken));
  }
  spec.clusterIPs = result;
  spec.clusterIP = result[0] ?? '';
}

/** Addresses are taken before the service is validated: what is wrong with it may show here first. */
async function takeAny(service: ServiceObject, supply: ClusterIps, owner: Owner, dryRun: boolean): Promise<string> {
  try {
    return await supply.takeAny(owner, dryRun);
  } catch (error) {
    const { name = '' } = service.metadata;
    if (error instanceof RangeFullError) throw internalError(new Error(`failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${errorText(error)}`));
    throw invalid({ group: '', kind: 'Service' }, name, [{ type: 'Invalid', field: 'spec.clusterIPs', badValue: service.spec?.clusterIPs ?? null, detail: `failed to allocate IP: ${errorText(error)}` }]);
  }
}

async function takeThis(service: ServiceObject, supply: ClusterIps, address: string, owner: Owner, dryRun: boolean): Promise<string> {
  try {
    await supply.take(address, owner, dryRun);
    return address;
  } catch (error) {
    throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', [
      { type: 'Invalid', field: 'spec.clusterIPs', badValue: service.spec?.clusterIPs ?? [address], detail: `failed to allocate IP ${address}: ${errorText(error)}` },
    ]);
  }
}

async function takePorts(service: ServiceObject, old: ServiceObject | undefined, ports: NodePorts, dryRun: boolean, undo: Undo): Promise<void> {
  const { spec } = service;
  if (spec === undefined) return;
  const had = new Set(old === undefined ? [] : portsOf(old));
  const open: ServicePort[] = [];
  const wanted = new Set<number>();
  if (needsNodePort(service)) {
    for (const port of spec.ports ?? []) {
      if ((port.nodePort ?? 0) === 0) open.push(port);
      else if (!had.has(port.nodePort ?? 0)) wanted.add(port.nodePort ?? 0);
    }
  }
  const needsHealth = needsHealthCheckPort(service);
  const health = spec.healthCheckNodePort ?? 0;
  if (needsHealth && health !== 0 && !had.has(health)) wanted.add(health);
  // A port with two protocols gets one number for both.
  const numbers = [...new Set(open.map((port) => port.port))];
  const any = numbers.length + (needsHealth && health === 0 ? 1 : 0);
  const chosen = await takeNumbers(service, ports, [...wanted], any, dryRun);
  if (!dryRun) undo.add(() => ports.give([...wanted, ...chosen]));
  for (const port of open) {
    const number = chosen[numbers.indexOf(port.port)];
    if (number !== undefined) port.nodePort = number;
  }
  const last = chosen[numbers.length];
  if (needsHealth && health === 0 && last !== undefined) spec.healthCheckNodePort = last;
}

async function takeNumbers(service: ServiceObject, ports: NodePorts, wanted: readonly number[], any: number, dryRun: boolean): Promise<number[]> {
  try {
    return await ports.take(wanted, any, dryRun);
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw internalError(new Error(`failed to allocate a nodePort: ${errorText(error)}`));
    const at = (service.spec?.ports ?? []).findIndex((port) => port.nodePort === error.port);
    const field = at < 0 ? 'spec.healthCheckNodePort' : `spec.ports[${at}].nodePort`;
    throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', [{ type: 'Invalid', field, badValue: error.port, detail: error.message }]);
  }
}

async function giveUseless(service: ServiceObject, old: ServiceObject, ports: NodePorts, supplyOf: (address: string) => ClusterIps | undefined): Promise<void> {
  const kept = new Set(needsClusterIp(service) ? addressesOf(service) : []);
  for (const address of addressesOf(old)) if (!kept.has(address)) await supplyOf(address)?.give(address);
  const keptPorts = new Set(portsOf(service));
  await ports.give(portsOf(old).filter((port) => !keptPorts.has(port)));
}
