// One layer of an image as a reproducible tar: entries sorted by path, times zero, owners as told, so that
// the same files give the same digest on every machine. Written to the layout as a stream; a file of any
// size costs a few buffers.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, readlink, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { uuid, type Random } from '#base/random.ts';
import { blobPath, mediaTypes, type Descriptor } from './oci.ts';

interface Owned {
  /** Inside the image, absolute: "/etc/passwd". */
  readonly path: string;
  /** Permission bits; 0755 for directories, 0644 for files, when not given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export type LayerEntry =
  | (Owned & { readonly type: 'directory' })
  | (Owned & { readonly type: 'symlink'; readonly target: string })
  /** `source` is a file of this machine. */
  | (Owned & { readonly type: 'file'; readonly source: string })
  | (Owned & { readonly type: 'file'; readonly content: Uint8Array | string });

export interface Layer {
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
}

const relative = (path: string): string => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error(`a path in an image cannot contain "..": ${path}`);
  return parts.join('/');
};

/** Later entries replace earlier ones of the same path; missing parent directories are added; sorted by path. */
export function completeEntries(entries: readonly LayerEntry[]): LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    const path = relative(entry.path);
    if (path !== '') byPath.set(path, { ...entry, path });
  }
  for (const path of byPath.keys()) {
    for (let parent = dirname(path); parent !== '.' && !byPath.has(parent); parent = dirname(parent)) byPath.set(parent, { type: 'directory', path: parent });
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function addEntry(tar: Pack, entry: LayerEntry): Promise<void> {
  const zero = new Date(0);
  const header = { mtime: zero, uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
  const added = (options: Parameters<Pack['entry']>[0], content?: Buffer): Promise<void> =>
    new Promise((resolve, reject) => tar.entry(options, content ?? Buffer.alloc(0), (error) => (error ? reject(error) : resolve())));
  if (entry.type === 'directory') return added({ ...header, name: `${entry.path}/`, type: 'directory', mode: entry.mode ?? 0o755 });
  if (entry.type === 'symlink') return added({ ...header, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
  const mode = entry.mode ?? 0o644;
  if ('content' in entry) return added({ ...header, name: entry.path, type: 'file', mode }, Buffer.from(entry.content));
  const size = (await stat(entry.source)).size;
  await pipeline(createReadStream(entry.source), tar.entry({ ...header, name: entry.path, type: 'file', mode, size }));
}

/** Hashes what passes. */
function tap(): { stream: Transform; digest(): string; size(): number } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest('hex')}`, size: () => size };
}

/** Writes a layer's blob. 'none' saves the time of compressing what never leaves the machine. */
export async function writeLayer(random: Random, layout: string, entries: readonly LayerEntry[], compression: 'gzip' | 'none' = 'gzip'): Promise<Layer> {
  const tar = pack();
  const plain = tap();
  const packed = tap();
  const temporary = join(layout, `layer-${uuid(random)}.partial`);
  const fill = async (): Promise<void> => {
    for (const entry of completeEntries(entries)) await addEntry(tar, entry);
    tar.finalize();
  };
  const squeeze = compression === 'gzip' ? createGzip({ level: 6 }) : new PassThrough();
  await Promise.all([
    pipeline(tar, plain.stream, squeeze, packed.stream, createWriteStream(temporary)),
    fill().catch((error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }),
  ]);
  const digest = packed.digest();
  await rename(temporary, blobPath(layout, digest));
  const mediaType = compression === 'gzip' ? mediaTypes.layerGzip : mediaTypes.layer;
  return { descriptor: { mediaType, digest, size: packed.size() }, diffId: plain.digest() };
}

/** The entries for a file or a whole directory of this machine, put at `target`. `skip` sees paths relative to `source`. */
export async function entriesFrom(
  source: string,
  target: string,
  options: { uid?: number; gid?: number; skip?: (relativePath: string, isDirectory: boolean) => boolean } = {},
  below = '',
): Promise<LayerEntry[]> {
  const info = await lstat(source);
  const owner = { uid: options.uid ?? 0, gid: options.gid ?? 0, mode: info.mode & 0o7777 };
  if (info.isSymbolicLink()) return [{ ...owner, type: 'symlink', path: target, target: await readlink(source) }];
  if (info.isFile()) return [{ ...owner, type: 'file', path: target, source }];
  if (!info.isDirectory()) return [];
  const entries: LayerEntry[] = [{ ...owner, type: 'directory', path: target }];
  for (const item of (await readdir(source, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? item.name : `${below}/${item.name}`;
    if (options.skip?.(path, item.isDirectory()) === true) continue;
    entries.push(...(await entriesFrom(join(source, item.name), `${target === '/' ? '' : target}/${item.name}`, options, path)));
  }
  return entries;
}
