// A file system in memory behind HostFiles: what a simulated node keeps its pod directories in. Links,
// modes and renames behave as on disk; there are no permissions checks.
import { dirname, join, normalize } from 'node:path';
import type { FileStat, HostFiles } from '../host.ts';

interface Entry {
  kind: 'file' | 'directory' | 'symlink';
  mode: number;
  uid: number;
  gid: number;
  data: Uint8Array;
  target: string;
  inode: number;
}

/** `now` stamps nothing but is there for symmetry with disk: entries have no times. */
export function memoryFiles(): HostFiles {
  const entries = new Map<string, Entry>();
  let inodes = 1;
  const make = (kind: Entry['kind'], mode: number, data: Uint8Array = new Uint8Array(), target = ''): Entry => ({ kind, mode, uid: 0, gid: 0, data, target, inode: inodes++ });
  entries.set('/', make('directory', 0o755));

  /** The path with every link on the way followed; the last one only when `follow`. */
  const resolve = (path: string, follow: boolean, depth = 0): string => {
    let current = '/';
    const parts = normalize(path).split('/').filter((part) => part !== '');
    for (let i = 0; i < parts.length; i++) {
      const next = join(current, parts[i] ?? '');
      const entry = entries.get(next);
      if (entry?.kind === 'symlink' && (follow || i < parts.length - 1)) {
        if (depth > 40) return next;
        const target = entry.target.startsWith('/') ? entry.target : join(current, entry.target);
        return resolve(join(target, ...parts.slice(i + 1)), follow, depth + 1);
      }
      current = next;
    }
    return current;
  };
  const at = (path: string, follow = true): Entry | undefined => entries.get(resolve(path, follow));
  const statOf = (entry: Entry | undefined): FileStat | undefined =>
    entry && { kind: entry.kind, mode: entry.mode, size: entry.data.length, uid: entry.uid, gid: entry.gid, modifiedMs: 0, inode: entry.inode };
  const children = (path: string): string[] => [...entries.keys()].filter((key) => key !== '/' && dirname(key) === path);
  const mkdir = (path: string, mode: number): void => {
    const real = resolve(path, true);
    if (entries.has(real)) return;
    if (real !== '/') mkdir(dirname(real), 0o755);
    entries.set(real, make('directory', mode));
  };
  const need = (path: string): Entry => {
    const entry = at(path);
    if (entry === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
    return entry;
  };
  const bytes = (data: Uint8Array | string): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : Buffer.from(data));
  return {
    mkdir: async (path, mode) => mkdir(path, mode ?? 0o755),
    async write(path, data, mode) {
      const real = resolve(path, true);
      need(dirname(real));
      const old = entries.get(real);
      if (old === undefined) entries.set(real, make('file', mode ?? 0o644, bytes(data)));
      else {
        old.data = bytes(data);
        if (mode !== undefined) old.mode = mode;
      }
    },
    async read(path) {
      const entry = at(path);
      return entry?.kind === 'file' ? entry.data : undefined;
    },
    async open(path) {
      const entry = at(path);
      if (entry?.kind !== 'file') return undefined;
      return {
        inode: entry.inode,
        read: async (position, length) => entry.data.subarray(position, position + length),
        size: async () => entry.data.length,
        close: async () => {},
      };
    },
    stat: async (path) => statOf(at(path)),
    lstat: async (path) => statOf(at(path, false)),
    list: async (path) => children(resolve(path, true)).map((key) => key.slice(key.lastIndexOf('/') + 1)),
    async rename(from, to) {
      const source = resolve(from, false);
      const target = resolve(to, false);
      for (const key of [...entries.keys()].filter((k) => k === target || k.startsWith(`${target}/`))) entries.delete(key);
      for (const key of [...entries.keys()].filter((k) => k === source || k.startsWith(`${source}/`))) {
        const entry = entries.get(key);
        entries.delete(key);
        if (entry !== undefined) entries.set(target + key.slice(source.length), entry);
      }
    },
    async symlink(target, path) {
      mkdir(dirname(path), 0o755);
      const real = resolve(path, false);
      if (entries.has(real)) throw Object.assign(new Error(`EEXIST: file already exists, '${path}'`), { code: 'EEXIST' });
      entries.set(real, make('symlink', 0o777, new Uint8Array(), target));
    },
    async readlink(path) {
      const entry = at(path, false);
      return entry?.kind === 'symlink' ? entry.target : undefined;
    },
    async realpath(path) {
      const real = resolve(path, true);
      return entries.has(real) ? real : undefined;
    },
    async remove(path) {
      const real = resolve(path, false);
      for (const key of entries.keys()) if (key === real || key.startsWith(`${real}/`)) entries.delete(key);
    },
    async removeEmpty(path) {
      const real = resolve(path, false);
      if (children(real).length > 0) throw Object.assign(new Error(`ENOTEMPTY: directory not empty, '${path}'`), { code: 'ENOTEMPTY' });
      entries.delete(real);
    },
    async chown(path, uid, gid) {
      const entry = at(path, false);
      if (entry === undefined) return;
      if (uid >= 0) entry.uid = uid;
      if (gid >= 0) entry.gid = gid;
    },
    async chmod(path, mode) {
      need(path).mode = mode;
    },
    async gzip(path) {
      const real = resolve(path, false);
      const entry = entries.get(real);
      entries.delete(real);
      if (entry !== undefined) entries.set(`${real}.gz`, entry);
    },
    watch() {},
  };
}
