// Cluster IPs. Each one in use is an IPAddress object named by the address, and creating it is the allocation:
// two services, on one API server or on two, cannot both succeed (KEP-1880). What is free is read from the
// watch cache.
import { isAlreadyExists, isNotFound } from '#machinery';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import type { AddressMetrics, Scope } from './allocation-metrics.ts';
import { candidates, contains, formatIp, type IpRange } from './ip-range.ts';
import type { Family } from './service-families.ts';
import type { ServiceRanges } from './service-ranges.ts';

/** No address is left. */
export class RangeFullError extends Error {
  override readonly name = 'RangeFullError';
}

const group = 'networking.k8s.io';
const resource = 'ipaddresses';
export const managedBy = 'ipallocator.k8s.io';

export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/** The supply of one family. */
export interface ClusterIps {
  readonly family: Family;
  /** Takes this address. Throws an Error whose text names why not. */
  take(address: string, owner: Owner): Promise<void>;
  /** Takes any address of any range that is ready. */
  takeAny(owner: Owner): Promise<string>;
  give(address: string): Promise<void>;
  /** What a dry run shows: the address that is asked for, taken or not, or that of a network, which no Service gets. */
  pretend(address: string | undefined): string;
}

export interface ClusterIpParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: AddressMetrics;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly random: Random;
  /** Deletes an IPAddress. */
  remove(name: string): Promise<void>;
}

/** The object that marks an address as used. */
export function ipAddressObject(family: Family, address: string, owner: Owner): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels: { 'ipaddress.kubernetes.io/ip-family': family, 'ipaddress.kubernetes.io/managed-by': managedBy } },
    spec: { parentRef: { group: '', resource: 'services', namespace: owner.namespace, name: owner.name } },
  };
}

export function createClusterIps(family: Family, ranges: ServiceRanges, parts: ClusterIpParts): ClusterIps {
  const { clock, metrics } = parts;
  const create = async (address: string, owner: Owner): Promise<boolean> => {
    try {
      await parts.writer.create(group, resource, ipAddressObject(family, address, owner));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  };
  const counted = async <T>(range: IpRange, scope: Scope, work: () => Promise<T>): Promise<T> => {
    const start = clock.now();
    try {
      const result = await work();
      metrics.taken(range.cidr, scope, clock.now() - start);
      return result;
    } catch (error) {
      metrics.failed(range.cidr, scope);
      throw error;
    }
  };
  const anyOf = async (range: IpRange, owner: Owner): Promise<string> => {
    for (const offset of candidates(parts.random, range.size)) {
      const address = formatIp(family, range.first + offset);
      if (parts.reader.get(group, resource, '', address) !== undefined) continue;
      if (await create(address, owner)) return address;
    }
    throw new RangeFullError('range is full');
  };
  return {
    family,
    async take(address, owner) {
      const range = ranges.of(family).find((each) => each.isReady && contains(each, address));
      if (range === undefined) throw new Error('the provided network does not match the current range');
      await counted(range, 'static', async () => {
        if (!(await create(address, owner))) throw new Error('provided IP is already allocated');
      });
    },
    async takeAny(owner) {
      for (const range of ranges.of(family)) {
        if (!range.isReady) continue;
        try {
          return await counted(range, 'dynamic', () => anyOf(range, owner));
        } catch (error) {
          if (!(error instanceof RangeFullError)) throw error;
        }
      }
      throw new RangeFullError('range is full');
    },
    async give(address) {
      try {
        await parts.remove(address);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    pretend(address) {
      const all = ranges.of(family);
      const range = all.find((each) => each.isReady && (address === undefined || contains(each, address))) ?? all[0];
      if (range === undefined) throw new RangeFullError('range is full');
      if (!range.isReady) throw new Error('allocator not ready');
      if (address !== undefined && !contains(range, address)) throw new Error(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
      return address ?? formatIp(family, range.first - 1n);
    },
  };
}
