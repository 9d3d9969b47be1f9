// How full file systems and directories are, and whether overlayfs works at a place.
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { unmount } from './mounts.ts';
import { run, runChecked } from './run.ts';

export interface FileSystemUsage {
  readonly capacityBytes: number;
  /** For unprivileged users, as df's Avail. */
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** The file system that holds `path`. */
export async function fileSystemUsage(path: string): Promise<FileSystemUsage> {
  const s = await statfs(path);
  return {
    capacityBytes: s.blocks * s.bsize,
    availableBytes: s.bavail * s.bsize,
    usedBytes: (s.blocks - s.bfree) * s.bsize,
    inodes: s.files,
    inodesFree: s.ffree,
  };
}

/** Bytes and inodes that a directory takes on its file system; 0 when it is gone. Files that vanish meanwhile are skipped. */
export async function directoryUsage(path: string, signal?: AbortSignal): Promise<{ bytes: number; inodes: number }> {
  const one = async (flags: string[]): Promise<number> => {
    const result = await run('du', ['-s', '-x', ...flags, '--', path], { signal, timeoutMs: 120_000 });
    return Number(/^(\d+)/.exec(result.stdout)?.[1] ?? 0);
  };
  const [bytes, inodes] = await Promise.all([one(['--block-size=1']), one(['--inodes'])]);
  return { bytes, inodes };
}

/** Whether an overlay can be mounted with its upper directory below `directory` (not so on another overlay or on NFS). Needs root. */
export async function overlayWorks(directory: string, signal?: AbortSignal): Promise<boolean> {
  await mkdir(directory, { recursive: true });
  const base = await mkdtemp(join(directory, '.overlay-probe-'));
  try {
    const [lower, upper, work, merged] = ['l', 'u', 'w', 'm'].map((name) => join(base, name));
    await Promise.all([lower, upper, work, merged].map((path) => mkdir(String(path))));
    await runChecked('mount', ['-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, 'overlay', String(merged)], { signal });
    await unmount(String(merged), {}, signal);
    return true;
  } catch {
    return false;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
