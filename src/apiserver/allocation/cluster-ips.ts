// Cluster IPs. Each one in use is an IPAddress object named by the address, and creating it is the allocation:
// two services, on one API server or on two, cannot both succeed (KEP-1880). What is free is read from the
// watch cache.
import { isAlreadyExists, isNotFound } from '#machinery';
import type { Random } from '#base/random.ts';
import type { KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import { candidates, contains, formatIp, type IpRange } from './ip-range.ts';

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

/** The supply of one range. */
export interface ClusterIps {
  readonly range: IpRange;
  /** Takes this address. Throws an Error whose text names why not. */
  take(address: string, owner: Owner, dryRun: boolean): Promise<void>;
  /** Takes any address. */
  takeAny(owner: Owner, dryRun: boolean): Promise<string>;
  give(address: string): Promise<void>;
}

export interface ClusterIpParts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly random: Random;
  /** Deletes an IPAddress. */
  remove(name: string): Promise<void>;
}

/** The object that marks an address as used. */
export function ipAddressObject(range: IpRange, address: string, owner: Owner): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels: { 'ipaddress.kubernetes.io/ip-family': range.family, 'ipaddress.kubernetes.io/managed-by': managedBy } },
    spec: { parentRef: { group: '', resource: 'services', namespace: owner.namespace, name: owner.name } },
  };
}

export function createClusterIps(range: IpRange, parts: ClusterIpParts): ClusterIps {
  const used = (address: string): boolean => parts.reader.get(group, resource, '', address) !== undefined;
  const create = async (address: string, owner: Owner): Promise<boolean> => {
    try {
      await parts.writer.create(group, resource, ipAddressObject(range, address, owner));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  };
  return {
    range,
    async take(address, owner, dryRun) {
      // Upstream looks for the range that the address belongs to, and in a dry run asks the one range there is.
      if (!contains(range, address)) throw new Error(!dryRun ? 'the provided network does not match the current range' : `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
      const taken = dryRun ? used(address) : !(await create(address, owner));
      if (taken) throw new Error('provided IP is already allocated');
    },
    async takeAny(owner, dryRun) {
      for (const offset of candidates(parts.random, range.size)) {
        const address = formatIp(range.family, range.first + offset);
        if (used(address)) continue;
        if (dryRun || (await create(address, owner))) return address;
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
  };
}
