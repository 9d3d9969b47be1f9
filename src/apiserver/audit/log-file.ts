// A log file that rotates itself by size, keeps a number of old files for a number of days, and may compress them:
// names and rules are those of upstream's logger (audit-2026-01-02T15-04-05.000.log, .gz). Writes go straight to the
// file, so that a line is with the kernel when the request goes on.
import { closeSync, createReadStream, createWriteStream, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

export interface LogFileOptions {
  /** "-" is the standard output. */
  readonly path: string;
  /** 0: never rotated. */
  readonly maxMegabytes: number;
  /** 0: kept whatever their age. */
  readonly maxAgeDays: number;
  /** 0: all are kept. */
  readonly maxBackups: number;
  readonly compress: boolean;
}

export interface LogFile {
  /** Throws when the text could not be written. */
  write(text: string): void;
  /** Waits for the compression of old files. */
  close(): Promise<void>;
}

const dayMs = 24 * 3_600_000;
const megabyte = 1 << 20;
const mode = 0o600;

/** Throws when the file cannot be opened. */
export function openLogFile(world: World, options: LogFileOptions): LogFile {
  const { path } = options;
  if (path === '-') return { write: (text) => void writeSync(1, text), close: async () => {} };
  const folder = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let file = openSync(path, 'a', mode);
  let { size } = fstatSync(file);
  let tidying: Promise<void> = Promise.resolve();

  const backupTime = (name: string): number => {
    const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
    if (!plain.startsWith(`${stem}-`) || !plain.endsWith(extension)) return Number.NaN;
    const stamp = plain.slice(stem.length + 1, plain.length - extension.length);
    return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(stamp) ? Date.parse(`${stamp.slice(0, 10)}T${stamp.slice(11).replaceAll('-', ':')}Z`) : Number.NaN;
  };

  /** Old files beyond number and age go; the others are compressed. */
  const tidy = async (): Promise<void> => {
    const backups = readdirSync(folder)
      .map((name) => ({ name, at: backupTime(name) }))
      .filter(({ at }) => !Number.isNaN(at))
      .sort((a, b) => b.at - a.at);
    const oldest = options.maxAgeDays > 0 ? world.clock.now() - options.maxAgeDays * dayMs : Number.NEGATIVE_INFINITY;
    for (const [at, backup] of backups.entries()) {
      const full = join(folder, backup.name);
      if ((options.maxBackups > 0 && at >= options.maxBackups) || backup.at < oldest) rmSync(full, { force: true });
      else if (options.compress && !backup.name.endsWith('.gz')) await gzip(full);
    }
  };

  const rotate = (): void => {
    closeSync(file);
    const stamp = new Date(world.clock.now()).toISOString().slice(0, -1).replaceAll(':', '-');
    renameSync(path, join(folder, `${stem}-${stamp}${extension}`));
    file = openSync(path, 'a', mode);
    size = 0;
    tidying = tidying.then(tidy).catch((error: unknown) => world.log.warn('old audit logs could not be tidied', { path, error: errorText(error) }));
  };

  return {
    write(text) {
      const bytes = Buffer.from(text);
      if (options.maxMegabytes > 0 && size > 0 && size + bytes.length > options.maxMegabytes * megabyte) rotate();
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      size += bytes.length;
    },
    async close() {
      await tidying;
      closeSync(file);
    },
  };
}

async function gzip(path: string): Promise<void> {
  const target = `${path}.gz`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(target, { mode }));
    rmSync(path);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}
