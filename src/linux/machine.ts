// What this machine is: cores, memory, kernel, distribution, identities; what the node's status tells and
// what bring-up must know before it starts anything (privileges, init system).
import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, hostname, release } from 'node:os';

export interface MachineInfo {
  readonly hostname: string;
  /** GOARCH's names: amd64, arm64. */
  readonly architecture: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly kernelVersion: string;
  /** os-release's PRETTY_NAME. */
  readonly osImage: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly systemUuid: string;
  /** systemd is process 1. */
  readonly systemd: boolean;
  readonly hugepages: readonly { readonly sizeBytes: number; readonly count: number }[];
}

const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm', ppc64: 'ppc64le', s390x: 's390x', riscv64: 'riscv64' };

/** The machine's architecture as image platforms name it. */
export const goArchitecture = (): string => goArchitectures[arch()] ?? arch();

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
}

const kibibytes = (meminfo: string, key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;

/** Reads it all afresh. */
export async function machineInfo(): Promise<MachineInfo> {
  const [meminfo, osRelease, machineId, dbusId, bootId, productUuid, init] = await Promise.all(
    ['/proc/meminfo', '/etc/os-release', '/etc/machine-id', '/var/lib/dbus/machine-id', '/proc/sys/kernel/random/boot_id', '/sys/class/dmi/id/product_uuid', '/proc/1/comm'].map(readText),
  );
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?/m.exec(osRelease ?? '')?.[1];
  const hugepageSize = kibibytes(meminfo ?? '', 'Hugepagesize');
  return {
    hostname: hostname(),
    architecture: goArchitecture(),
    cores: availableParallelism(),
    memoryBytes: kibibytes(meminfo ?? '', 'MemTotal'),
    swapBytes: kibibytes(meminfo ?? '', 'SwapTotal'),
    kernelVersion: release(),
    osImage: pretty ?? 'Linux',
    machineId: machineId || dbusId || '',
    bootId: bootId ?? '',
    systemUuid: productUuid || machineId || '',
    systemd: init === 'systemd',
    hugepages: hugepageSize > 0 ? [{ sizeBytes: hugepageSize, count: Number(/^HugePages_Total:\s+(\d+)/m.exec(meminfo ?? '')?.[1] ?? 0) }] : [],
  };
}

/** Memory in use on the machine as the kubelet counts it: total less free and inactive file pages. */
export async function machineMemory(): Promise<{ totalBytes: number; availableBytes: number; workingSetBytes: number; usedBytes: number }> {
  const meminfo = await readText('/proc/meminfo');
  const total = kibibytes(meminfo, 'MemTotal');
  const used = total - kibibytes(meminfo, 'MemFree');
  const workingSet = Math.max(0, used - kibibytes(meminfo, 'Inactive\\(file\\)'));
  return { totalBytes: total, availableBytes: total - workingSet, workingSetBytes: workingSet, usedBytes: used };
}

/** Cumulative busy time of all cores in nanoseconds, from /proc/stat (ticks of 10 ms). */
export async function machineCpuNanoseconds(): Promise<number> {
  const first = (await readText('/proc/stat')).split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * 10_000_000;
}

const capabilityBits: Readonly<Record<string, number>> = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24 };

/** Whether this process effectively holds a capability (capabilities(7)). */
export async function hasCapability(name: 'CAP_NET_ADMIN' | 'CAP_SYS_ADMIN' | 'CAP_SYS_RESOURCE'): Promise<boolean> {
  const bits = /^CapEff:\s+([0-9a-f]+)/m.exec(await readText('/proc/self/status'))?.[1];
  return bits !== undefined && (BigInt(`0x${bits}`) >> BigInt(capabilityBits[name] ?? 0)) % 2n === 1n;
}
