// Writes files that bbolt reads: pages of 4 KiB, a B+tree per bucket, two meta pages. Everything is written once and in
// order, so a tree is its leaves followed by its branches, and no page is ever free. etcd's snapshots are such files.
import { open, type FileHandle } from 'node:fs/promises';

const pageBytes = 4096;
export const headerBytes = 16;
export const elementBytes = 16;
export const metaBytes = 64;
export const pageFlags = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 };
/** Of a leaf's element: its value is a bucket. */
export const bucketFlag = 0x01;
export const boltMagic = 0xed0cdaed;
export const boltVersion = 2;
/** A page counts its elements in 16 bits. */
const mostElements = 0xfff0;

export interface BoltItem {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface Child {
  readonly key: Uint8Array;
  readonly page: number;
}

/** Items of every bucket in ascending order of their keys. */
export type BoltBuckets = Readonly<Record<string, AsyncIterable<BoltItem> | Iterable<BoltItem>>>;

/** FNV-1a of 64 bits, bbolt's checksum of a meta page. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

function pageHeader(target: Buffer, id: number, kind: number, count: number, overflow: number): void {
  target.writeBigUInt64LE(BigInt(id), 0);
  target.writeUInt16LE(kind, 8);
  target.writeUInt16LE(count, 10);
  target.writeUInt32LE(overflow, 12);
}

function metaPage(id: number, root: number, highest: number): Buffer {
  const page = Buffer.alloc(pageBytes);
  pageHeader(page, id, pageFlags.meta, 0, 0);
  const meta = page.subarray(headerBytes);
  meta.writeUInt32LE(boltMagic, 0);
  meta.writeUInt32LE(boltVersion, 4);
  meta.writeUInt32LE(pageBytes, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(2n, 32);
  meta.writeBigUInt64LE(BigInt(highest), 40);
  meta.writeBigUInt64LE(BigInt(id), 48);
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, metaBytes - 8)), metaBytes - 8);
  return page;
}

/** Allots pages and writes them one behind the other. */
interface Pages {
  readonly next: number;
  add(kind: number, items: readonly { readonly key: Uint8Array; readonly value?: Uint8Array; readonly page?: number; readonly bucket?: boolean }[]): Promise<number>;
}

function createPages(file: FileHandle): Pages {
  let next = 3;
  return {
    get next() {
      return next;
    },
    async add(kind, items) {
      const size = headerBytes + items.reduce((sum, item) => sum + elementBytes + item.key.length + (item.value?.length ?? 0), 0);
      const pages = Math.ceil(size / pageBytes);
      const id = next;
      const bytes = Buffer.alloc(pages * pageBytes);
      pageHeader(bytes, id, kind, items.length, pages - 1);
      let data = headerBytes + items.length * elementBytes;
      items.forEach((item, i) => {
        const at = headerBytes + i * elementBytes;
        if (kind === pageFlags.leaf) {
          bytes.writeUInt32LE(item.bucket === true ? bucketFlag : 0, at);
          bytes.writeUInt32LE(data - at, at + 4);
          bytes.writeUInt32LE(item.key.length, at + 8);
          bytes.writeUInt32LE(item.value?.length ?? 0, at + 12);
        } else {
          bytes.writeUInt32LE(data - at, at);
          bytes.writeUInt32LE(item.key.length, at + 4);
          bytes.writeBigUInt64LE(BigInt(item.page ?? 0), at + 8);
        }
        bytes.set(item.key, data);
        data += item.key.length;
        if (item.value !== undefined) {
          bytes.set(item.value, data);
          data += item.value.length;
        }
      });
      await file.write(bytes, 0, bytes.length, id * pageBytes);
      next += pages;
      return id;
    },
  };
}

async function writeTree(pages: Pages, items: AsyncIterable<BoltItem> | Iterable<BoltItem>, bucket = false): Promise<number> {
  let level: Child[] = [];
  let leaf: (BoltItem & { bucket: boolean })[] = [];
  let size = headerBytes;
  const flush = async (): Promise<void> => {
    level.push({ key: leaf[0]?.key ?? new Uint8Array(0), page: await pages.add(pageFlags.leaf, leaf) });
    leaf = [];
    size = headerBytes;
  };
  for await (const item of items) {
    const more = elementBytes + item.key.length + item.value.length;
    if (leaf.length > 0 && (size + more > pageBytes || leaf.length >= mostElements)) await flush();
    leaf.push({ ...item, bucket });
    size += more;
  }
  if (leaf.length > 0 || level.length === 0) await flush();
  while (level.length > 1) {
    const above: Child[] = [];
    for (let from = 0; from < level.length; ) {
      let to = from;
      let bytes = headerBytes;
      while (to < level.length && (to < from + 2 || bytes + elementBytes + (level[to]?.key.length ?? 0) <= pageBytes)) bytes += elementBytes + (level[to++]?.key.length ?? 0);
      // The last branch must not be left with a single child.
      if (level.length - to === 1) to++;
      const children = level.slice(from, to);
      above.push({ key: children[0]?.key ?? new Uint8Array(0), page: await pages.add(pageFlags.branch, children) });
      from = to;
    }
    level = above;
  }
  return level[0]?.page ?? 0;
}

/** Writes the file and syncs it. */
export async function writeBolt(path: string, buckets: BoltBuckets): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const pages = createPages(file);
    const roots: BoltItem[] = [];
    for (const name of Object.keys(buckets).toSorted()) {
      const value = Buffer.alloc(16);
      value.writeBigUInt64LE(BigInt(await writeTree(pages, buckets[name] ?? [])), 0);
      roots.push({ key: Buffer.from(name), value });
    }
    const root = await writeTree(pages, roots, true);
    const freelist = Buffer.alloc(pageBytes);
    pageHeader(freelist, 2, pageFlags.freelist, 0, 0);
    await file.write(Buffer.concat([metaPage(0, root, pages.next), metaPage(1, root, pages.next), freelist]), 0, 3 * pageBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
