// Limits of a cgroup, given once in the kubelet's terms and written as v1 or v2 files. v1 knows cpu.shares
// (2–262144); v2 knows cpu.weight (1–10000), converted as the kubelet does for pod cgroups.
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, wrap } from '#base/errors.ts';
import { controllerDirectory, type CgroupLayout } from './cgroup-layout.ts';

export interface CgroupLimits {
  /** As v1's cpu.shares: 1024 is one core's worth. */
  readonly cpuShares?: number;
  /** Microseconds per period; -1 lifts the limit. */
  readonly cpuQuota?: number;
  /** Microseconds, default 100,000. */
  readonly cpuPeriod?: number;
  /** -1 lifts the limit. */
  readonly memoryBytes?: number;
  /** -1 lifts the limit. */
  readonly pids?: number;
  /** "2MB" → bytes. */
  readonly hugepages?: Readonly<Record<string, number>>;
}

/** v2's cpu.weight for v1's cpu.shares. */
export function cpuWeight(shares: number): number {
  if (shares >= 262_144) return 10_000;
  return 1 + Math.floor((Math.max(2, shares) - 2) * 9999 / 262_142);
}

async function put(directory: string | undefined, file: string, value: string | number): Promise<void> {
  if (directory === undefined) return;
  try {
    await writeFile(join(directory, file), String(value));
  } catch (error) {
    throw wrap(`write ${value} to ${join(directory, file)}`, error);
  }
}

async function limitV1(layout: CgroupLayout, path: string, limits: CgroupLimits): Promise<void> {
  const cpu = controllerDirectory(layout, 'cpu', path);
  if (limits.cpuShares !== undefined) await put(cpu, 'cpu.shares', Math.max(2, limits.cpuShares));
  if (limits.cpuPeriod !== undefined) await put(cpu, 'cpu.cfs_period_us', limits.cpuPeriod);
  if (limits.cpuQuota !== undefined) await put(cpu, 'cpu.cfs_quota_us', limits.cpuQuota);
  if (limits.memoryBytes !== undefined) await put(controllerDirectory(layout, 'memory', path), 'memory.limit_in_bytes', limits.memoryBytes);
  if (limits.pids !== undefined) await put(controllerDirectory(layout, 'pids', path), 'pids.max', limits.pids < 0 ? 'max' : limits.pids);
  for (const [size, bytes] of Object.entries(limits.hugepages ?? {})) {
    await put(controllerDirectory(layout, 'hugetlb', path), `hugetlb.${size}.limit_in_bytes`, bytes);
  }
}

async function limitV2(directory: string, limits: CgroupLimits): Promise<void> {
  const max = (value: number): string | number => (value < 0 ? 'max' : value);
  if (limits.cpuShares !== undefined) await put(directory, 'cpu.weight', cpuWeight(limits.cpuShares));
  if (limits.cpuQuota !== undefined) await put(directory, 'cpu.max', `${max(limits.cpuQuota)} ${limits.cpuPeriod ?? 100_000}`);
  if (limits.memoryBytes !== undefined) await put(directory, 'memory.max', max(limits.memoryBytes));
  if (limits.pids !== undefined) await put(directory, 'pids.max', max(limits.pids));
  for (const [size, bytes] of Object.entries(limits.hugepages ?? {})) await put(directory, `hugetlb.${size}.max`, bytes);
}

/** Writes what is given and leaves the rest. */
export async function writeLimits(layout: CgroupLayout, path: string, limits: CgroupLimits): Promise<void> {
  if (layout.mode === 'v1') await limitV1(layout, path, limits);
  else if (layout.unified !== undefined) await limitV2(join(layout.unified, path), limits);
}

/** v1: a new cpuset is empty and takes no task until it has its parent's cores and memory nodes. */
export async function inheritCpuset(directory: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if ((await readFile(join(directory, file), 'utf8')).trim() !== '') continue;
    await put(directory, file, (await readFile(join(dirname(directory), file), 'utf8')).trim());
  }
}

/** v2: lets the children of `directory` use every controller that `directory` itself has. */
export async function delegateControllers(directory: string): Promise<void> {
  const has = (await readFile(join(directory, 'cgroup.controllers'), 'utf8')).trim().split(' ').filter(Boolean);
  for (const controller of has) {
    try {
      await writeFile(join(directory, 'cgroup.subtree_control'), `+${controller}`);
    } catch (error) {
      // EBUSY/EOPNOTSUPP: processes live here or the controller cannot be delegated; limits then fail with their own error.
      if (codeOf(error) === 'ENOENT') throw error;
    }
  }
}
