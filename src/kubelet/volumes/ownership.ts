// fsGroup: files of a volume are given to the pod's group, writable for it (readable when the volume is
// read-only), directories with the setgid bit so that new files follow. fsGroupChangePolicy OnRootMismatch
// skips a tree whose top already fits.
import { join } from 'node:path';
import type { Pod } from '#api/core/v1.ts';
import type { HostFiles } from '../host.ts';
import { specOf } from '../pod.ts';

const setgid = 0o2000;

async function give(files: HostFiles, path: string, gid: number, readOnly: boolean): Promise<void> {
  const stat = await files.lstat(path);
  if (stat === undefined) return;
  await files.chown(path, -1, gid);
  if (stat.kind === 'symlink') return;
  const bits = (readOnly ? 0o440 : 0o660) | (stat.kind === 'directory' ? setgid | 0o110 : 0);
  await files.chmod(path, stat.mode | bits);
  if (stat.kind === 'directory') for (const name of await files.list(path)) await give(files, join(path, name), gid, readOnly);
}

/** Nothing happens without an fsGroup. */
export async function applyFsGroup(files: HostFiles, path: string, pod: Pod, readOnly: boolean, honourPolicy = true): Promise<void> {
  const security = specOf(pod).securityContext;
  const gid = security?.fsGroup;
  if (gid === undefined) return;
  if (honourPolicy && security?.fsGroupChangePolicy === 'OnRootMismatch') {
    const top = await files.stat(path);
    const wanted = (readOnly ? 0o440 : 0o660) | setgid | 0o110;
    if (top?.gid === gid && (top.mode & wanted) === wanted) return;
  }
  await give(files, path, gid, readOnly);
}

/** The user that all containers run as, when it is one: tokens are then his alone. */
export function commonUser(pod: Pod): number | undefined {
  const spec = specOf(pod);
  const users = new Set([...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.securityContext?.runAsUser ?? spec.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}
