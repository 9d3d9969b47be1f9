// What a cgroup uses. The working set is usage less inactive file pages, as upstream's stats count it:
// what cannot be had back without writing or reading again.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { controllerDirectory, type CgroupLayout } from './cgroup-layout.ts';

export interface CgroupStats {
  /** Cumulative. */
  readonly cpuNanoseconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly pids: number;
  /** Cumulative CFS throttling. */
  readonly throttledNanoseconds: number;
}

async function text(directory: string | undefined, file: string): Promise<string> {
  if (directory === undefined) return '';
  try {
    return await readFile(join(directory, file), 'utf8');
  } catch {
    return '';
  }
}

const field = (flat: string, key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(flat)?.[1] ?? 0);

async function statsV1(layout: CgroupLayout, path: string): Promise<CgroupStats | undefined> {
  const at = (controller: string): string | undefined => controllerDirectory(layout, controller, path);
  const [cpu, throttle, memory, usageText, pids] = await Promise.all([
    text(at('cpuacct'), 'cpuacct.usage'),
    text(at('cpu'), 'cpu.stat'),
    text(at('memory'), 'memory.stat'),
    text(at('memory'), 'memory.usage_in_bytes'),
    text(at('pids'), 'pids.current'),
  ]);
  if (cpu === '' && usageText === '') return undefined;
  const usage = Number(usageText);
  return {
    cpuNanoseconds: Number(cpu),
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - field(memory, 'total_inactive_file')),
    memoryRssBytes: field(memory, 'total_rss'),
    pageFaults: field(memory, 'total_pgfault'),
    majorPageFaults: field(memory, 'total_pgmajfault'),
    pids: Number(pids),
    throttledNanoseconds: field(throttle, 'throttled_time'),
  };
}

async function statsV2(directory: string): Promise<CgroupStats | undefined> {
  const [cpu, memory, usageText, pids] = await Promise.all(['cpu.stat', 'memory.stat', 'memory.current', 'pids.current'].map((file) => text(directory, file)));
  if (cpu === undefined || cpu === '') return undefined;
  const usage = Number(usageText);
  return {
    cpuNanoseconds: field(cpu, 'usage_usec') * 1000,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - field(memory ?? '', 'inactive_file')),
    memoryRssBytes: field(memory ?? '', 'anon'),
    pageFaults: field(memory ?? '', 'pgfault'),
    majorPageFaults: field(memory ?? '', 'pgmajfault'),
    pids: Number(pids),
    throttledNanoseconds: field(cpu, 'throttled_usec') * 1000,
  };
}

/** Current use of a cgroup with all below it; undefined when it does not exist. */
export async function readStats(layout: CgroupLayout, path: string): Promise<CgroupStats | undefined> {
  if (layout.mode === 'v1') return statsV1(layout, path);
  return layout.unified === undefined ? undefined : statsV2(join(layout.unified, path));
}
