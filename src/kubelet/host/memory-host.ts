// A machine in memory: what a simulated node stands on. It has as many cores and as much memory as it is
// told, its disks are never full, and every probe over the network succeeds unless the test says otherwise.
import type { HostMeasures, HostNetwork, NodeHost } from '../host.ts';
import { memoryFiles } from './memory-files.ts';

export interface MemoryHostOptions {
  readonly cores?: number;
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly address?: string;
  readonly hostname?: string;
  readonly network?: Partial<HostNetwork>;
  readonly measures?: Partial<HostMeasures>;
}

const gibibyte = 2 ** 30;

/** A node's machine without a machine. */
export function memoryHost(options: MemoryHostOptions = {}): NodeHost {
  const { cores = 8, memoryBytes = 32 * gibibyte, diskBytes = 100 * gibibyte, address = '192.0.2.1', hostname = 'simulated' } = options;
  return {
    files: memoryFiles(),
    mounts: { tmpfs: async () => {}, bind: async () => {}, bindBeneath: async () => {}, unmount: async () => {}, under: async () => [] },
    cgroups: undefined,
    measures: {
      memory: async () => ({ totalBytes: memoryBytes, availableBytes: memoryBytes * 0.9, workingSetBytes: memoryBytes * 0.1, usedBytes: memoryBytes * 0.1 }),
      cpuNanoseconds: async () => 0,
      fileSystem: async () => ({ capacityBytes: diskBytes, availableBytes: diskBytes * 0.9, usedBytes: diskBytes * 0.1, inodes: 1_000_000, inodesFree: 900_000 }),
      directory: async () => ({ bytes: 0, inodes: 0 }),
      pids: async () => ({ running: 100, max: 4_194_304 }),
      network: async () => undefined,
      ...options.measures,
    },
    network: {
      http: async () => ({ status: 200, body: 'ok' }),
      tcp: async () => {},
      grpcHealth: async () => 'SERVING',
      ...options.network,
    },
    machine: async () => ({
      hostname, architecture: 'amd64', cores, memoryBytes, swapBytes: 0, kernelVersion: 'simulated', osImage: 'Simulated', machineId: hostname, bootId: hostname,
      systemUuid: hostname, systemd: false, hugepages: [],
    }),
    defaultAddresses: async () => [address],
  };
}
