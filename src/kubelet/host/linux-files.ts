// Files of the real machine behind HostFiles. Errors of absence become `undefined`; everything else keeps
// Node's error with its code.
import { createReadStream, createWriteStream, watch as watchFs } from 'node:fs';
import { chmod, lchown, lstat, mkdir, open, readdir, readFile, readlink, realpath, rename, rm, rmdir, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Stats } from 'node:fs';
import { codeOf } from '#base/errors.ts';
import type { FileStat, HostFiles, ReadHandle } from '../host.ts';

function kindOf(s: Stats): FileStat['kind'] {
  if (s.isFile()) return 'file';
  if (s.isDirectory()) return 'directory';
  if (s.isSymbolicLink()) return 'symlink';
  if (s.isSocket()) return 'socket';
  if (s.isBlockDevice()) return 'block';
  return s.isCharacterDevice() ? 'char' : 'other';
}

const toStat = (s: Stats): FileStat => ({ kind: kindOf(s), mode: s.mode & 0o7777, size: s.size, uid: s.uid, gid: s.gid, modifiedMs: s.mtimeMs, inode: s.ino });

async function orAbsent<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function openForRead(path: string): Promise<ReadHandle | undefined> {
  const handle = await orAbsent(() => open(path, 'r'));
  if (handle === undefined) return undefined;
  const { ino } = await handle.stat();
  return {
    inode: ino,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

async function makeDirectory(path: string, mode?: number): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: mode ?? 0o755 });
  if (made !== undefined && mode !== undefined) await chmod(path, mode);
}

async function compress(path: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await new Promise<void>((resolve, reject) => {
    pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o640 }), (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
  await rename(temporary, `${path}.gz`);
  await rm(path, { force: true });
}

/** The machine's own file system. */
export const linuxFiles: HostFiles = {
  mkdir: makeDirectory,
  async write(path, data, mode) {
    await writeFile(path, data, { mode: mode ?? 0o644 });
    if (mode !== undefined) await chmod(path, mode);
  },
  read: (path) => orAbsent(() => readFile(path)),
  open: openForRead,
  stat: (path) => orAbsent(async () => toStat(await stat(path))),
  lstat: (path) => orAbsent(async () => toStat(await lstat(path))),
  list: async (path) => (await orAbsent(() => readdir(path))) ?? [],
  rename,
  async symlink(target, path) {
    await mkdir(dirname(path), { recursive: true });
    await symlink(target, path);
  },
  async readlink(path) {
    try {
      return await readlink(path);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  },
  realpath: (path) => orAbsent(() => realpath(path)),
  remove: (path) => rm(path, { recursive: true, force: true }),
  async removeEmpty(path) {
    const found = await orAbsent(() => lstat(path));
    if (found === undefined) return;
    await (found.isDirectory() ? rmdir(path) : unlink(path));
  },
  chown: lchown,
  chmod,
  gzip: compress,
  watch(directory, signal, changed) {
    try {
      const watcher = watchFs(directory, { signal, persistent: false }, changed);
      watcher.on('error', () => watcher.close());
    } catch {
      // Directories that cannot be watched are read at the slow pace that the caller has anyway.
    }
  },
};
