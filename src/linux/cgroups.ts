// Cgroups as the node uses them: create with limits, read use, kill everything inside, remove. One
// interface over v1 and v2; paths are names in the trees ("/kubepods/burstable/pod1234"), never files.
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep, type Clock } from '#base/clock.ts';
import { codeOf } from '#base/errors.ts';
import { cgroupDirectories, checkCgroupPath, controllerDirectory, detectCgroups, type CgroupLayout } from './cgroup-layout.ts';
import { delegateControllers, inheritCpuset, writeLimits, type CgroupLimits } from './cgroup-limits.ts';
import { readStats, type CgroupStats } from './cgroup-stats.ts';
import { signalProcess } from './processes.ts';

export interface Cgroups {
  readonly mode: 'v1' | 'v2';
  exists(path: string): Promise<boolean>;
  /** Creates it with its parents (idempotent) and writes `limits`. */
  create(path: string, limits?: CgroupLimits): Promise<void>;
  setLimits(path: string, limits: CgroupLimits): Promise<void>;
  /** undefined when it does not exist. */
  stats(path: string): Promise<CgroupStats | undefined>;
  /** Names of the direct children; empty when it does not exist. */
  children(path: string): Promise<string[]>;
  /** Processes in it and, with `deep`, in all below. */
  processes(path: string, deep?: boolean): Promise<number[]>;
  /** Puts a process into it. */
  join(path: string, pid: number): Promise<void>;
  /** SIGKILLs everything in it and below until nothing is left (10 s at most). */
  killAll(path: string, signal?: AbortSignal): Promise<void>;
  /** Removes it and all below; processes must be gone. No error when it does not exist. */
  remove(path: string, signal?: AbortSignal): Promise<void>;
}

async function subdirectories(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function processesIn(directory: string, deep: boolean): Promise<number[]> {
  let own: number[] = [];
  try {
    // 0 stands for a process of another PID namespace, and to kill(2) it means our own group.
    own = (await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').map(Number).filter((pid) => pid > 0);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENODEV') throw error;
  }
  if (!deep) return own;
  const below = await Promise.all((await subdirectories(directory)).map((name) => processesIn(join(directory, name), true)));
  return [...own, ...below.flat()];
}

/** Every directory from `directory` down, deepest first. */
async function treeBottomUp(directory: string): Promise<string[]> {
  const below = await Promise.all((await subdirectories(directory)).map((name) => treeBottomUp(join(directory, name))));
  return [...below.flat(), directory];
}

async function createIn(layout: CgroupLayout, path: string): Promise<void> {
  const steps = path.split('/').slice(1).map((_, index, parts) => `/${parts.slice(0, index + 1).join('/')}`);
  for (const step of steps) {
    for (const directory of cgroupDirectories(layout, step)) {
      if (layout.mode === 'v1' && directory.startsWith(`${layout.unified}/`)) continue;
      if (layout.mode === 'v2') await delegateControllers(dirname(directory));
      await mkdir(directory, { recursive: true });
    }
    const cpuset = layout.mode === 'v1' ? controllerDirectory(layout, 'cpuset', step) : undefined;
    if (cpuset !== undefined) await inheritCpuset(cpuset);
  }
}

async function removeDirectory(clock: Clock, directory: string, signal: AbortSignal | undefined): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return;
      // The kernel frees a cgroup a little after its last process is reaped.
      if (code !== 'EBUSY' || attempt >= 100) throw new Error(`remove cgroup ${directory}`, { cause: error });
      await sleep(clock, 10, signal);
    }
  }
}

/** The machine's cgroups; `layout` is detected when not given. */
export async function openCgroups(clock: Clock, layout?: CgroupLayout): Promise<Cgroups> {
  const trees = layout ?? (await detectCgroups());
  const main = (path: string): string => {
    const directory = controllerDirectory(trees, trees.controllers.has('memory') ? 'memory' : 'cpu', checkCgroupPath(path));
    if (directory === undefined) throw new Error('this machine has neither a memory nor a cpu cgroup tree');
    return directory;
  };
  const processes = async (path: string, deep = false): Promise<number[]> => {
    const lists = await Promise.all(cgroupDirectories(trees, checkCgroupPath(path)).map((directory) => processesIn(directory, deep)));
    return [...new Set(lists.flat())];
  };
  return {
    mode: trees.mode,
    async exists(path) {
      const parent = dirname(main(path));
      return (await subdirectories(parent)).includes(main(path).slice(parent.length + 1));
    },
    async create(path, limits) {
      await createIn(trees, checkCgroupPath(path));
      if (limits !== undefined) await writeLimits(trees, path, limits);
    },
    setLimits: (path, limits) => writeLimits(trees, checkCgroupPath(path), limits),
    stats: (path) => readStats(trees, checkCgroupPath(path)),
    children: (path) => subdirectories(path === '/' ? dirname(main('/x')) : main(path)),
    processes,
    async join(path, pid) {
      for (const directory of cgroupDirectories(trees, checkCgroupPath(path))) {
        if (trees.mode === 'v1' && directory.startsWith(`${trees.unified}/`)) continue;
        await writeFile(join(directory, 'cgroup.procs'), String(pid));
      }
    },
    async killAll(path, signal) {
      if (trees.mode === 'v2') {
        try {
          await writeFile(join(main(path), 'cgroup.kill'), '1');
        } catch {
          // Kernels before 5.14 have no cgroup.kill: the loop below does it one by one.
        }
      }
      for (let round = 0; round < 1000; round++) {
        const left = await processes(path, true);
        if (left.length === 0) return;
        for (const pid of left) signalProcess(pid, 'SIGKILL');
        await sleep(clock, 10, signal);
      }
      throw new Error(`processes in cgroup ${path} do not end after SIGKILL`);
    },
    async remove(path, signal) {
      for (const top of cgroupDirectories(trees, checkCgroupPath(path))) {
        for (const directory of await treeBottomUp(top)) await removeDirectory(clock, directory, signal);
      }
    },
  };
}
