// Reads files that bbolt wrote, page by page and in the order of keys: etcd's database and the snapshots that are copies of
// it. Nothing in a file is believed before it was checked: the newer meta page whose checksum fits says where the trees
// begin, a page must say that it is the one asked for, elements must lie within it, keys must ascend, and no page can be
// entered twice, so that a damaged file ends in a BackupError and never in a loop or in memory without bound.
import { open, type FileHandle } from 'node:fs/promises';
import { BackupError } from './backup-file.ts';
import { boltMagic, boltVersion, bucketFlag, elementBytes, fnv1a, headerBytes, metaBytes, pageFlags, type BoltItem } from './bolt-file.ts';

const mostPageBytes = 16 * 1024 * 1024;
/** What one page and its overflow may take: far beyond what etcd accepts in one request. */
const mostRunBytes = 256 * 1024 * 1024;
const mostDepth = 32;

interface Meta {
  readonly pageBytes: number;
  readonly root: number;
  /** Pages from here on do not exist. */
  readonly highest: number;
  readonly transaction: bigint;
}

export interface BoltFile {
  /** What its pages take; a trailer lies behind them. */
  readonly pagesBytes: number;
  /** The items of a top-level bucket in ascending order; nothing when there is no such bucket. */
  items(bucket: string): AsyncGenerator<BoltItem>;
  close(): Promise<void>;
}

function readMeta(page: Buffer): Meta | undefined {
  if (page.length < headerBytes + metaBytes || (page.readUInt16LE(8) & pageFlags.meta) === 0) return undefined;
  const meta = page.subarray(headerBytes, headerBytes + metaBytes);
  if (meta.readUInt32LE(0) !== boltMagic || meta.readUInt32LE(4) !== boltVersion) return undefined;
  if (meta.readBigUInt64LE(metaBytes - 8) !== fnv1a(meta.subarray(0, metaBytes - 8))) return undefined;
  const pageBytes = meta.readUInt32LE(8);
  if (pageBytes < 512 || pageBytes > mostPageBytes || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  return { pageBytes, root: Number(meta.readBigUInt64LE(16)), highest: Number(meta.readBigUInt64LE(40)), transaction: meta.readBigUInt64LE(48) };
}

async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, start);
  return bytes.subarray(0, bytesRead);
}

/** The second meta page begins where the first page ends, which only a meta page tells: without the first, all sizes are tried. */
async function findMeta(file: FileHandle, path: string): Promise<Meta> {
  const first = readMeta(await readAt(file, 0, headerBytes + metaBytes));
  const found = first === undefined ? [] : [first];
  for (let size = first?.pageBytes ?? 1024; size <= mostPageBytes; size *= 2) {
    const second = readMeta(await readAt(file, size, headerBytes + metaBytes));
    if (second?.pageBytes === size) found.push(second);
    if (first !== undefined || second?.pageBytes === size) break;
  }
  const newest = found.toSorted((a, b) => (a.transaction < b.transaction ? 1 : -1))[0];
  if (newest === undefined) throw new BackupError(`${path} is damaged: neither of its first pages has the checksum that it should have`);
  return newest;
}

/** True when the file begins as bbolt's do, or would if its first page were whole. */
export async function isBolt(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    for (const start of [0, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]) {
      const head = await readAt(file, start, headerBytes + 4);
      if (head.length === headerBytes + 4 && head.readUInt32LE(headerBytes) === boltMagic) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}

interface Page {
  readonly bytes: Buffer;
  readonly leaf: boolean;
  readonly count: number;
}

interface Element {
  readonly key: Buffer;
  /** Of a leaf. */
  readonly value: Buffer;
  readonly bucket: boolean;
  /** Of a branch. */
  readonly child: number;
}

/** @param damaged makes the error for what is wrong with this page. */
function element({ bytes, leaf, count }: Page, index: number, damaged: (what: string) => Error): Element {
  const at = headerBytes + index * elementBytes;
  const keyAt = at + bytes.readUInt32LE(leaf ? at + 4 : at);
  const keyEnd = keyAt + bytes.readUInt32LE(leaf ? at + 8 : at + 4);
  const end = keyEnd + (leaf ? bytes.readUInt32LE(at + 12) : 0);
  if (keyAt < headerBytes + count * elementBytes || end > bytes.length) throw damaged('has an element outside of it');
  return {
    key: bytes.subarray(keyAt, keyEnd), value: bytes.subarray(keyEnd, end),
    bucket: leaf && (bytes.readUInt32LE(at) & bucketFlag) !== 0, child: leaf ? 0 : Number(bytes.readBigUInt64LE(at + 8)),
  };
}

function parsePage(bytes: Buffer, damaged: (what: string) => Error): Page {
  const kind = bytes.readUInt16LE(8);
  const count = bytes.readUInt16LE(10);
  const leaf = (kind & pageFlags.leaf) !== 0;
  if (!leaf && (kind & pageFlags.branch) === 0) throw damaged(`is of kind ${kind} where a leaf or a branch belongs`);
  if (!leaf && count === 0) throw damaged('is a branch without children');
  if (headerBytes + count * elementBytes > bytes.length) throw damaged(`says that it has ${count} elements, more than it can hold`);
  return { bytes, leaf, count };
}

/** Throws BackupError. @param size of the file. */
export async function openBolt(path: string, size: number): Promise<BoltFile> {
  const file = await open(path, 'r');
  try {
    const meta = await findMeta(file, path);
    const { pageBytes, highest } = meta;
    if (size < highest * pageBytes) throw new BackupError(`${path} is truncated: it has ${size} bytes of ${highest * pageBytes}`);
    return createReader(file, path, meta);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function createReader(file: FileHandle, path: string, { pageBytes, highest, root }: Meta): BoltFile {
  const damagedPage = (id: number) => (what: string): Error => new BackupError(`${path} is damaged: page ${id} ${what}`);

  const page = async (id: number, entered: Set<number>): Promise<Page> => {
    const damaged = damagedPage(id);
    if (!(id >= 2 && id < highest)) throw damaged('does not exist');
    if (entered.has(id)) throw damaged('is part of the tree twice');
    entered.add(id);
    const head = await readAt(file, id * pageBytes, headerBytes);
    if (head.length < headerBytes || Number(head.readBigUInt64LE(0)) !== id) throw damaged('says that it is another');
    const length = (head.readUInt32LE(12) + 1) * pageBytes;
    if (length > mostRunBytes || id + length / pageBytes > highest) throw damaged('goes on beyond the end of the file');
    const bytes = await readAt(file, id * pageBytes, length);
    if (bytes.length < length) throw damaged('ends before it should');
    return parsePage(bytes, damaged);
  };

  async function* walk(id: number, entered: Set<number>, depth: number): AsyncGenerator<Element> {
    if (depth > mostDepth) throw damagedPage(id)('lies deeper than any tree');
    const { bytes, leaf, count } = await page(id, entered);
    for (let i = 0; i < count; i++) {
      const one = element({ bytes, leaf, count }, i, damagedPage(id));
      if (leaf) yield one;
      else yield* walk(one.child, entered, depth + 1);
    }
  }

  /** A bucket's value is its root page and a sequence; a small one has no page: its only leaf lies behind these, within the value. */
  async function* bucketItems(value: Buffer, name: string): AsyncGenerator<Element> {
    if (value.length < 16) throw new BackupError(`${path} is damaged: bucket ${name} does not say where it begins`);
    const start = Number(value.readBigUInt64LE(0));
    if (start !== 0) return yield* walk(start, new Set(), 0);
    const damaged = (what: string): Error => new BackupError(`${path} is damaged: bucket ${name} ${what}`);
    if (value.length < 16 + headerBytes) throw damaged('ends before it should');
    const inline = parsePage(value.subarray(16), damaged);
    if (!inline.leaf) throw damaged('has no leaf');
    for (let i = 0; i < inline.count; i++) yield element(inline, i, damaged);
  }

  return {
    pagesBytes: highest * pageBytes,
    close: () => file.close(),
    async *items(name) {
      for await (const { key, value, bucket } of walk(root, new Set(), 0)) {
        if (!bucket || key.toString('latin1') !== name) continue;
        let last: Buffer | undefined;
        for await (const item of bucketItems(value, name)) {
          if (last !== undefined && Buffer.compare(last, item.key) >= 0) throw new BackupError(`${path} is damaged: the keys of bucket ${name} are out of order`);
          last = item.key;
          if (!item.bucket) yield { key: item.key, value: item.value };
        }
      }
    },
  };
}
