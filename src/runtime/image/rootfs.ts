// An image's files as a directory, for build steps that need them (RUN, COPY --from): layers are unpacked
// with their whiteouts, and what a step changed is found by comparing the tree before and after. Extended
// attributes and device files are not kept. Paths from layers are resolved inside the root, links included.
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, link, lchown, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import type { LayerEntry } from './layer.ts';
import { blobPath, type Descriptor } from './oci.ts';

/** The place of `path` below `root`, following links as a process chrooted there would; the last part is not followed. */
export async function resolveInRoot(root: string, path: string): Promise<string> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const done: string[] = [];
  for (let hops = 0; parts.length > 0; ) {
    const part = parts.shift() ?? '';
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = parts.length === 0 ? undefined : await readlink(join(root, ...done, part)).catch(() => undefined);
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++hops > 40) throw new Error(`too many links in ${path}`);
    if (target.startsWith('/')) done.length = 0;
    parts.unshift(...target.split('/').filter((p) => p !== '' && p !== '.'));
  }
  return join(root, ...done);
}

async function place(root: string, header: Header, content: AsyncIterable<unknown>): Promise<void> {
  const path = await resolveInRoot(root, header.name);
  const name = basename(path);
  if (name === '.wh..wh..opq') {
    for (const item of await readdir(dirname(path)).catch(() => [])) await rm(join(dirname(path), item), { recursive: true, force: true });
    return;
  }
  if (name.startsWith('.wh.')) {
    await rm(join(dirname(path), name.slice(4)), { recursive: true, force: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined && !(there.isDirectory() && header.type === 'directory')) await rm(path, { recursive: true, force: true });
  if (header.type === 'directory') await mkdir(path, { recursive: true });
  else if (header.type === 'symlink') await symlink(header.linkname ?? '', path);
  else if (header.type === 'link') await link(await resolveInRoot(root, header.linkname ?? ''), path);
  else if (header.type === 'file' || header.type === 'contiguous-file') await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(path));
  else return;
  if (header.type === 'link') return;
  await lchown(path, header.uid ?? 0, header.gid ?? 0);
  if (header.type !== 'symlink') await chmod(path, header.mode ?? 0o644);
}

/** Unpacks one layer over `root`. */
export async function applyLayer(layout: string, layer: Descriptor, root: string): Promise<void> {
  const tar = extract();
  const unpack = layer.mediaType.endsWith('gzip') ? createGunzip() : layer.mediaType.endsWith('zstd') ? createZstdDecompress() : new PassThrough();
  const reading = pipeline(createReadStream(blobPath(layout, layer.digest)), unpack, tar);
  const writing = (async () => {
    for await (const entry of tar) {
      await place(root, entry.header, entry);
      entry.resume();
    }
  })();
  await Promise.all([reading, writing]);
}

/** path → what tells a change. Directories change only by mode and owner; the rest also by content (time and inode). */
export type TreeState = ReadonlyMap<string, string>;

/** Looks at every file below `root`, but at nothing below `except` ("/proc"). */
export async function treeState(root: string, except: ReadonlySet<string>): Promise<TreeState> {
  const state = new Map<string, string>();
  const walk = async (path: string): Promise<void> => {
    for (const item of await readdir(join(root, path))) {
      const child = `${path === '/' ? '' : path}/${item}`;
      if (except.has(child)) continue;
      const info = await lstat(join(root, child), { bigint: true });
      const owner = `${info.mode}:${info.uid}:${info.gid}`;
      state.set(child, info.isDirectory() ? owner : `${owner}:${info.ino}:${info.size}:${info.mtimeNs}:${info.ctimeNs}`);
      if (info.isDirectory()) await walk(child);
    }
  };
  await walk('/');
  return state;
}

/** What changed between two states of `root`, as a layer: new and changed files, and whiteouts for removed ones. */
export async function treeChanges(root: string, before: TreeState, after: TreeState): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for (const [path, state] of after) {
    if (before.get(path) === state) continue;
    const info = await lstat(join(root, path));
    const owned = { path, uid: info.uid, gid: info.gid, mode: info.mode & 0o7777 };
    if (info.isDirectory()) entries.push({ ...owned, type: 'directory' });
    else if (info.isSymbolicLink()) entries.push({ ...owned, type: 'symlink', target: await readlink(join(root, path)) });
    else if (info.isFile()) entries.push({ ...owned, type: 'file', source: join(root, path) });
  }
  for (const path of before.keys()) {
    const parent = dirname(path);
    if (after.has(path) || (parent !== '/' && !after.has(parent))) continue;
    entries.push({ type: 'file', path: `${parent === '/' ? '' : parent}/.wh.${basename(path)}`, content: '' });
  }
  return entries;
}
