// Where this machine keeps its cgroups: one unified tree (v2), or one tree per controller (v1, possibly
// beside a v2 tree that holds no useful controller). Everything else asks for directories here.
import { join } from 'node:path';
import { listMounts, type MountInfo } from './mounts.ts';

export interface CgroupLayout {
  readonly mode: 'v1' | 'v2';
  /** v2: the one mount. */
  readonly unified: string | undefined;
  /** v1: controller ("memory", "name=systemd") → mount point. Co-mounted controllers share one. */
  readonly controllers: ReadonlyMap<string, string>;
}

const v1Controllers = new Set(['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids', 'hugetlb', 'net_cls', 'net_prio', 'perf_event', 'rdma', 'misc']);

/** The layout from a mount list. */
export function cgroupLayout(mounts: readonly MountInfo[]): CgroupLayout {
  const controllers = new Map<string, string>();
  for (const mount of mounts) {
    if (mount.fsType !== 'cgroup') continue;
    for (const option of mount.superOptions) {
      if ((v1Controllers.has(option) || option.startsWith('name=')) && !controllers.has(option)) controllers.set(option, mount.mountPoint);
    }
  }
  const unified = mounts.find((mount) => mount.fsType === 'cgroup2')?.mountPoint;
  return { mode: controllers.has('memory') || controllers.has('cpu') ? 'v1' : 'v2', unified, controllers };
}

/** The layout of this machine; rejects when there is no cgroup mount at all. */
export async function detectCgroups(): Promise<CgroupLayout> {
  const layout = cgroupLayout(await listMounts());
  if (layout.mode === 'v2' && layout.unified === undefined) throw new Error('no cgroup file system is mounted at /sys/fs/cgroup');
  return layout;
}

/** A cgroup's name in the trees: absolute, without "." or "..": "/kubepods/burstable/pod1234". */
export function checkCgroupPath(path: string): string {
  if (!path.startsWith('/') || path.split('/').slice(1).some((part) => part === '' || part === '.' || part === '..')) {
    throw new Error(`not a cgroup path: ${JSON.stringify(path)}`);
  }
  return path;
}

/** The directories of one cgroup in every tree. */
export function cgroupDirectories(layout: CgroupLayout, path: string): string[] {
  if (layout.mode === 'v2') return layout.unified === undefined ? [] : [join(layout.unified, path)];
  const roots = new Set(layout.controllers.values());
  // runc also joins the v2 tree of a hybrid machine, so it is cleaned too.
  if (layout.unified !== undefined) roots.add(layout.unified);
  return [...roots].map((root) => join(root, path));
}

/** The directory of a cgroup in the tree of `controller`; undefined when the machine lacks it. */
export function controllerDirectory(layout: CgroupLayout, controller: string, path: string): string | undefined {
  const root = layout.mode === 'v2' ? layout.unified : layout.controllers.get(controller);
  return root === undefined ? undefined : join(root, path);
}
