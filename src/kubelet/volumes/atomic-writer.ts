// Files that change all at once: content is written into a new timestamped directory, and the symbolic link
// `..data` is renamed over to it; every visible name is a link through `..data`. Readers see the old content
// or the new, never a mixture. The layout is upstream's AtomicWriter, which tools that watch `..data` know.
import { join } from 'node:path';
import { nameSuffix, type Random } from '#base/random.ts';
import type { HostFiles } from '../host.ts';

export interface ProjectedFile {
  readonly data: Uint8Array;
  readonly mode: number;
  /** Owner, when it is not root. */
  readonly uid?: number;
}

export type Payload = ReadonlyMap<string, ProjectedFile>;

const dataLink = '..data';
const newDataLink = '..data_tmp';

/** Throws on a path that is absolute, empty, too long or climbs. */
export function checkPayloadPath(path: string): void {
  if (path === '') throw new Error(`invalid path: must not be empty: "${path}"`);
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`);
  if (path.length > 4096) throw new Error('invalid path: must be less than or equal to 4096 characters');
  for (const part of path.split('/')) {
    if (part === '..') throw new Error(`invalid path: must not contain '..': ${path}`);
    if (part.length > 255) throw new Error('invalid path: filenames must be less than or equal to 255 characters');
  }
  if (path.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
}

const stamp = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
const firstPart = (path: string): string => path.split('/')[0] ?? path;

async function unchanged(files: HostFiles, directory: string, payload: Payload): Promise<boolean> {
  const seen = await pathsBelow(files, directory);
  if (seen.length !== payload.size || seen.some((path) => !payload.has(path))) return false;
  for (const [path, file] of payload) {
    const old = await files.read(join(directory, path));
    if (old === undefined || Buffer.compare(old, file.data) !== 0) return false;
  }
  return true;
}

async function pathsBelow(files: HostFiles, directory: string, prefix = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await files.list(join(directory, prefix))) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const stat = await files.lstat(join(directory, path));
    if (stat?.kind === 'directory') paths.push(...(await pathsBelow(files, directory, path)));
    else paths.push(path);
  }
  return paths;
}

/**
 * Makes the visible content of `target` exactly `payload`; returns false when it was so already.
 * `prepare` is called on the complete new directory before it becomes visible (ownership).
 */
export async function writeAtomically(
  files: HostFiles, target: string, payload: Payload, world: { nowMs: number; random: Random }, prepare?: (directory: string) => Promise<void>,
): Promise<boolean> {
  for (const path of payload.keys()) checkPayloadPath(path);
  const old = await files.readlink(join(target, dataLink));
  const same = old !== undefined && (await unchanged(files, join(target, old), payload));
  const fresh = same ? old : await writeFresh(files, target, payload, world, prepare);
  // Also when nothing changed: a writer that was killed after the switch left these undone.
  const visible = new Set([...payload.keys()].map(firstPart));
  for (const name of visible) {
    if ((await files.readlink(join(target, name))) === undefined) await files.symlink(`${dataLink}/${name}`, join(target, name));
  }
  for (const name of await files.list(target)) {
    const isStale = name.startsWith('..') ? name !== dataLink && name !== fresh : !visible.has(name);
    if (isStale) await files.remove(join(target, name));
  }
  return !same;
}

/** A new data directory, complete before `..data` points to it in one step. Returns its name. */
async function writeFresh(
  files: HostFiles, target: string, payload: Payload, world: { nowMs: number; random: Random }, prepare?: (directory: string) => Promise<void>,
): Promise<string> {
  const fresh = `..${stamp(world.nowMs)}.${nameSuffix(world.random, 10)}`;
  await files.mkdir(join(target, fresh), 0o755);
  for (const [path, file] of payload) {
    const full = join(target, fresh, path);
    if (path.includes('/')) await files.mkdir(full.slice(0, full.lastIndexOf('/')), 0o755);
    await files.write(full, file.data, file.mode);
    if (file.uid !== undefined) await files.chown(full, file.uid, -1);
  }
  await prepare?.(join(target, fresh));
  await files.remove(join(target, newDataLink));
  await files.symlink(fresh, join(target, newDataLink));
  await files.rename(join(target, newDataLink), join(target, dataLink));
  return fresh;
}
