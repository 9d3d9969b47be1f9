// Mounts: reads /proc/self/mountinfo and drives mount(8). Used for tmpfs and bind volumes and for the
// teardown that must leave nothing behind. Paths in mountinfo are octal-escaped; they are given unescaped.
import { readFile } from 'node:fs/promises';
import { run, runChecked } from './run.ts';

export interface MountInfo {
  readonly mountPoint: string;
  /** The subtree of the file system that is mounted: not "/" for bind mounts. */
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
}

const unescape = (text: string): string => text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Parses the text of mountinfo (proc(5)), in mount order. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) continue;
    const fields = left.split(' ');
    const [fsType = '', source = '', superOptions = ''] = right.split(' ');
    mounts.push({
      mountPoint: unescape(fields[4] ?? ''),
      root: unescape(fields[3] ?? ''),
      fsType,
      source: unescape(source),
      options: (fields[5] ?? '').split(','),
      superOptions: superOptions.split(','),
    });
  }
  return mounts;
}

/** All mounts of this process' namespace, in mount order. */
export async function listMounts(): Promise<MountInfo[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Mount points at or below `directory`, deepest and newest first: the order in which to unmount. */
export async function mountsUnder(directory: string): Promise<string[]> {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  return (await listMounts())
    .map((mount) => mount.mountPoint)
    .filter((point) => point === directory || point.startsWith(prefix))
    .reverse();
}

/** True when something is mounted exactly at `path`. */
export async function isMountPoint(path: string): Promise<boolean> {
  return (await listMounts()).some((mount) => mount.mountPoint === path);
}

/** Mounts a tmpfs; `sizeBytes` bounds it. The directory must exist. */
export async function mountTmpfs(path: string, options: { sizeBytes?: number; mode?: string } = {}, signal?: AbortSignal): Promise<void> {
  const settings = [`mode=${options.mode ?? '0777'}`];
  if (options.sizeBytes !== undefined) settings.push(`size=${options.sizeBytes}`);
  await runChecked('mount', ['-t', 'tmpfs', '-o', settings.join(','), 'tmpfs', path], { signal });
}

/** Binds `from` at `to` (both exist). `recursive` takes submounts along. */
export async function bindMount(from: string, to: string, options: { readonly?: boolean; recursive?: boolean } = {}, signal?: AbortSignal): Promise<void> {
  await runChecked('mount', [options.recursive === true ? '--rbind' : '--bind', from, to], { signal });
  if (options.readonly === true) await runChecked('mount', ['-o', 'remount,bind,ro', to], { signal });
}

/** Mounts any file system. */
export async function mountFileSystem(fsType: string, source: string, path: string, options: readonly string[], signal?: AbortSignal): Promise<void> {
  await runChecked('mount', ['-t', fsType, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, path], { signal });
}

/** Makes the mount at `path` (and all below) shared, so that mounts made there reach containers. */
export async function makeShared(path: string, signal?: AbortSignal): Promise<void> {
  await runChecked('mount', ['--make-rshared', path], { signal });
}

/** Unmounts; what is not mounted (any more) is fine. `lazy` detaches at once even when busy. */
export async function unmount(path: string, options: { lazy?: boolean } = {}, signal?: AbortSignal): Promise<void> {
  const args = options.lazy === true ? ['-l', path] : [path];
  const result = await run('umount', args, { signal });
  if (result.code === 0 || /not mounted|no mount point|not found/.test(result.stderr)) return;
  if (await isMountPoint(path)) throw new Error(`umount ${path}: ${result.stderr.trim()}`);
}

/** Unmounts everything at and below `directory`: plainly first, lazily what is busy. */
export async function unmountAll(directory: string, signal?: AbortSignal): Promise<number> {
  const points = await mountsUnder(directory);
  for (const point of points) {
    try {
      await unmount(point, {}, signal);
    } catch {
      await unmount(point, { lazy: true }, signal);
    }
  }
  return points.length;
}
