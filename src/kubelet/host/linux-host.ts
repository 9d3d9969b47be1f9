// The real machine: files, mounts, cgroups and measures of Linux put behind NodeHost.
import { open, readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import {
  bindMount, directoryUsage, fileSystemUsage, machineCpuNanoseconds, machineInfo, machineMemory, mountsUnder, mountTmpfs, openCgroups, unmount,
} from '#linux';
import type { HostMeasures, HostMounts, NodeHost } from '../host.ts';
import { linuxFiles } from './linux-files.ts';
import { linuxNetwork } from './linux-network.ts';

const mounts: HostMounts = {
  tmpfs: (path, sizeBytes) => mountTmpfs(path, { mode: '0777', ...(sizeBytes !== undefined ? { sizeBytes } : {}) }),
  bind: (from, to, options) => bindMount(from, to, { recursive: true, ...(options?.readonly === true ? { readonly: true } : {}) }),
  async bindBeneath(root, relative, to) {
    const base = await linuxFiles.realpath(root);
    // The opened file pins what was checked: a link swapped in afterwards changes nothing.
    const handle = await open(join(root, relative), 'r');
    try {
      const pinned = await linuxFiles.readlink(`/proc/self/fd/${handle.fd}`);
      if (base === undefined || pinned === undefined || (pinned !== base && !pinned.startsWith(`${base}/`))) {
        throw new Error(`${relative} leads out of its volume`);
      }
      await bindMount(`/proc/${process.pid}/fd/${handle.fd}`, to, { recursive: true });
    } finally {
      await handle.close();
    }
  },
  unmount: (path) => unmount(path, {}),
  under: (path) => mountsUnder(path),
};

async function defaultInterface(): Promise<string | undefined> {
  const route = (await readFile('/proc/net/route', 'utf8')).split('\n').slice(1).map((line) => line.split('\t'));
  return route.find((columns) => columns[1] === '00000000')?.[0];
}

const measures: HostMeasures = {
  memory: machineMemory,
  cpuNanoseconds: machineCpuNanoseconds,
  fileSystem: fileSystemUsage,
  directory: directoryUsage,
  async pids() {
    const [load, max] = await Promise.all([readFile('/proc/loadavg', 'utf8'), readFile('/proc/sys/kernel/pid_max', 'utf8')]);
    return { running: Number(/\/(\d+)/.exec(load)?.[1] ?? 0), max: Number(max) };
  },
  async network() {
    const name = await defaultInterface();
    if (name === undefined) return undefined;
    const line = (await readFile('/proc/net/dev', 'utf8')).split('\n').find((text) => text.trim().startsWith(`${name}:`));
    const numbers = (line?.split(':')[1] ?? '').trim().split(/\s+/).map(Number);
    return { name, rxBytes: numbers[0] ?? 0, rxErrors: numbers[2] ?? 0, txBytes: numbers[8] ?? 0, txErrors: numbers[10] ?? 0 };
  },
};

async function defaultAddresses(): Promise<readonly string[]> {
  const name = await defaultInterface().catch(() => undefined);
  const all = networkInterfaces();
  const usable = Object.entries(all).flatMap(([link, addresses]) => (addresses ?? []).filter((a) => !a.internal && a.family === 'IPv4').map((a) => ({ link, address: a.address })));
  const main = usable.find(({ link }) => link === name) ?? usable[0];
  return [main?.address ?? '127.0.0.1'];
}

/** This machine. Cgroups are left alone when `manageCgroups` is false. */
export async function linuxHost(clock: Clock, options: { readonly manageCgroups?: boolean } = {}): Promise<NodeHost> {
  return {
    files: linuxFiles,
    mounts,
    cgroups: options.manageCgroups === false ? undefined : await openCgroups(clock),
    measures,
    network: linuxNetwork,
    machine: machineInfo,
    defaultAddresses,
  };
}
