// The backup file: "SKIFFBK1", the format's version, then zstd-compressed frames (facts, files, records, an end with
// the count), then the sha256 of everything before it and an end mark. Reading checks length, mark and hash before
// anything is believed, so a truncated, damaged or too new file is refused by name and never restored by half.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { decodeRecord, encodeRecord, recordSize, type JournalRecord } from '../mvcc/record.ts';
import type { Image, ImageFacts } from './image.ts';

const magic = Buffer.from('SKIFFBK1');
const endMark = Buffer.from('SKIFFEND');
const formatVersion = 1;
const headBytes = magic.length + 4;
const tailBytes = 32 + endMark.length;
const mostFrameBytes = 64 * 1024 * 1024;

const kinds = { facts: 1, file: 2, record: 3, end: 4 } as const;

/** A key or certificate that travels with the backup. */
export interface BackupFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

export interface BackupFacts extends ImageFacts {
  readonly cluster: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** What the store was: "embedded" or "etcd". */
  readonly source: string;
}

export interface Progress {
  (records: number, bytes: number): void;
}

/** Why a file is no backup that can be restored, in words for its owner. */
export class BackupError extends Error {
  override name = 'BackupError';
}

function frame(kind: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(body.length, 0);
  head[4] = kind;
  return Buffer.concat([head, body]);
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function recordFrame(record: JournalRecord): Buffer {
  const body = Buffer.alloc(8 + recordSize(record));
  body.writeDoubleLE(record.position, 0);
  encodeRecord(record, body, 8);
  return frame(kinds.record, body);
}

async function* frames(image: Image, facts: BackupFacts, files: readonly BackupFile[], progress: Progress): AsyncGenerator<Buffer> {
  yield frame(kinds.facts, json(facts));
  for (const { path, mode, bytes } of files) yield frame(kinds.file, json({ path, mode, bytes: bytes.toString('base64') }));
  let records = 0;
  let bytes = 0;
  for await (const batch of image.records()) {
    const parts = batch.map(recordFrame);
    records += parts.length;
    const whole = Buffer.concat(parts);
    bytes += whole.length;
    progress(records, bytes);
    yield whole;
  }
  yield frame(kinds.end, json({ records }));
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes the whole image; the file appears under its name only when it is complete and on the disk. */
export async function writeBackup(path: string, image: Image, about: Omit<BackupFacts, keyof ImageFacts>, files: readonly BackupFile[], progress: Progress, signal?: AbortSignal): Promise<void> {
  const { revision, compacted, swept, leases } = image;
  const partial = `${path}.partial`;
  const hash = createHash('sha256');
  const head = Buffer.alloc(headBytes);
  head.set(magic);
  head.writeUInt32LE(formatVersion, magic.length);
  const sealed = new Transform({
    construct(ready) {
      hash.update(head);
      this.push(head);
      ready();
    },
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(null, Buffer.concat([hash.digest(), endMark]));
    },
  });
  try {
    await pipeline(
      Readable.from(frames(image, { revision, compacted, swept, leases, ...about }, files, progress), { objectMode: true, highWaterMark: 2 }),
      createZstdCompress(), sealed, createWriteStream(partial, { mode: 0o600, flags: 'w' }), ...(signal === undefined ? [] : [{ signal }] as const),
    );
    syncFile(partial);
    renameSync(partial, path);
    syncFile(dirname(path));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    image.close();
  }
}

/** True when the file begins as a backup does. */
export function isBackup(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(magic.length);
    return readSync(file, head, 0, magic.length, 0) === magic.length && head.equals(magic);
  } finally {
    closeSync(file);
  }
}

/** Throws BackupError naming what is wrong with the file. Reads all of it once. */
async function check(path: string): Promise<number> {
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  const tail = Buffer.alloc(tailBytes);
  const head = Buffer.alloc(headBytes);
  try {
    readSync(file, head, 0, headBytes, 0);
    if (!head.subarray(0, magic.length).equals(magic)) throw new BackupError(`${path} is not a backup made by skiff backup, nor a snapshot of etcd`);
    const version = head.readUInt32LE(magic.length);
    if (version > formatVersion) throw new BackupError(`${path} has format ${version}, which is newer than this skiff can read (${formatVersion})`);
    if (size >= headBytes + tailBytes) readSync(file, tail, 0, tailBytes, size - tailBytes);
  } finally {
    closeSync(file);
  }
  if (!tail.subarray(32).equals(endMark)) throw new BackupError(`${path} is truncated: its end is missing`);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { end: size - tailBytes - 1 })) hash.update(chunk as Buffer);
  if (!hash.digest().equals(tail.subarray(0, 32))) throw new BackupError(`${path} is damaged: its checksum does not fit its content`);
  return size;
}

async function* readFrames(path: string, size: number): AsyncGenerator<{ kind: number; body: Buffer }> {
  const source = createReadStream(path, { start: headBytes, end: size - tailBytes - 1 });
  const plain = createZstdDecompress();
  source.once('error', (error) => plain.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source.pipe(plain)) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let at = 0;
    while (rest.length - at >= 5) {
      const length = rest.readUInt32LE(at);
      if (length > mostFrameBytes) throw new BackupError(`${path} is damaged: a part of ${length} bytes`);
      if (rest.length - at < 5 + length) break;
      yield { kind: rest[at + 4] ?? 0, body: rest.subarray(at + 5, at + 5 + length) };
      at += 5 + length;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new BackupError(`${path} is damaged: it ends within a part`);
}

export interface OpenBackup {
  readonly facts: BackupFacts;
  readonly files: readonly BackupFile[];
  readonly sizeBytes: number;
  /** Can be asked for more than once; each reads the file again. */
  image(): Image;
}

/** Checks the file and reads what comes before its records. Throws BackupError. */
export async function openBackup(path: string): Promise<OpenBackup> {
  const size = await check(path);
  let facts: BackupFacts | undefined;
  const files: BackupFile[] = [];
  for await (const { kind, body } of readFrames(path, size)) {
    if (kind === kinds.facts) facts = JSON.parse(body.toString()) as BackupFacts;
    else if (kind === kinds.file) {
      const { path: name, mode, bytes } = JSON.parse(body.toString()) as { path: string; mode: number; bytes: string };
      files.push({ path: name, mode, bytes: Buffer.from(bytes, 'base64') });
    } else break;
  }
  if (facts === undefined) throw new BackupError(`${path} is damaged: it does not say what it holds`);
  const known = facts;
  return { facts, files, sizeBytes: size, image: () => ({ ...known, close: () => {}, records: () => recordsOf(path, size) }) };
}

async function* recordsOf(path: string, size: number): AsyncGenerator<readonly JournalRecord[]> {
  let batch: JournalRecord[] = [];
  let bytes = 0;
  let seen = 0;
  let told: number | undefined;
  for await (const { kind, body } of readFrames(path, size)) {
    if (kind === kinds.end) told = (JSON.parse(body.toString()) as { records: number }).records;
    if (kind !== kinds.record) continue;
    seen++;
    const encoded = body.subarray(8);
    batch.push(decodeRecord(body.readDoubleLE(0), encoded, encoded.length, true));
    bytes += body.length;
    if (batch.length < 1_000 && bytes < 1024 * 1024) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
  if (told !== seen) throw new BackupError(`${path} is damaged: it holds ${seen} records and should hold ${told ?? 'an end'}`);
}
