// Reads a container's log as `kubectl logs` asks for it: from the last N lines or a time on, with or without
// stamps, one stream or both, up to so many bytes, and on and on while followed. Follows over rotation: when
// the file at the path is another one, the rest of the old file comes first.
import type { Clock } from '#base/clock.ts';
import { sleep } from '#base/clock.ts';
import type { HostFiles, ReadHandle } from '../host.ts';
import { type LogRecord, parseLogLine } from './cri-log.ts';
import { tailOffset } from './log-tail.ts';

export interface LogOptions {
  readonly follow: boolean;
  readonly tailLines: number | undefined;
  readonly sinceMs: number | undefined;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

export interface LogSource {
  readonly files: HostFiles;
  readonly clock: Clock;
  readonly path: string;
  /** Whether the container may still write. */
  readonly running: () => Promise<boolean>;
}

const chunkBytes = 64 * 1024;
const newline = 0x0a;
const followMs = 1_000;
/** A longer line is given in pieces. */
const maxLineBytes = 1024 * 1024;

/** Whether and how a record is shown. `fresh`: it begins a line. */
function render(record: LogRecord, options: LogOptions, fresh: boolean): Uint8Array | undefined {
  if (options.stream !== 'All' && options.stream.toLowerCase() !== record.stream) return undefined;
  if (options.sinceMs !== undefined && Date.parse(record.time) < options.sinceMs) return undefined;
  const parts: Uint8Array[] = [];
  if (options.timestamps && fresh) parts.push(Buffer.from(`${record.time} `));
  parts.push(record.text);
  if (record.full) parts.push(Buffer.from('\n'));
  return Buffer.concat(parts);
}

/** Waits for news of the file; true when there may be some. */
async function waitForMore(source: LogSource, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const directory = source.path.slice(0, source.path.lastIndexOf('/'));
  const both = AbortSignal.any([signal, woken.signal]);
  source.files.watch(directory, both, () => woken.abort(new Error('the file changed')));
  await sleep(source.clock, followMs, both).catch(() => {});
  woken.abort(new Error('waited enough'));
}

/** Bytes for the client, in order; ends at the end of the log, or with `signal` while following. */
export async function* readLog(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let file = await openLog(source, options, signal);
  if (file === undefined) return;
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let position = options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines);
  let pending: Buffer = Buffer.alloc(0);
  const partial = { stdout: false, stderr: false };
  let ended = false;
  try {
    for (;;) {
      const data = await file.read(position, chunkBytes);
      if (data.length > 0) {
        position += data.length;
        pending = Buffer.concat([pending, data]);
        const out: Uint8Array[] = [];
        for (let end = pending.indexOf(newline); end >= 0; end = pending.indexOf(newline)) {
          const record = parseLogLine(pending.subarray(0, end));
          pending = pending.subarray(end + 1);
          if (record === undefined) continue;
          const shown = render(record, options, !partial[record.stream]);
          partial[record.stream] = !record.full;
          if (shown !== undefined) out.push(shown);
        }
        if (pending.length > maxLineBytes) pending = Buffer.alloc(0);
        const bytes = Buffer.concat(out);
        if (bytes.length > 0) yield bytes.subarray(0, Math.min(bytes.length, left));
        left -= bytes.length;
        if (left <= 0) return;
        continue;
      }
      if (!options.follow || signal.aborted) return;
      const now = await source.files.stat(source.path);
      if (now !== undefined && now.inode !== file.inode) {
        await file.close();
        file = undefined;
        file = await openLog(source, options, signal);
        if (file === undefined) return;
        position = 0;
        pending = Buffer.alloc(0);
        continue;
      }
      if (ended) return;
      // What was written between the last read and the end still has to be read.
      ended = !(await source.running());
      if (!ended) await waitForMore(source, signal);
    }
  } finally {
    await file?.close();
  }
}

async function openLog(source: LogSource, options: LogOptions, signal: AbortSignal): Promise<ReadHandle | undefined> {
  for (let tries = 0; ; tries++) {
    const file = await source.files.open(source.path);
    if (file !== undefined) return file;
    if (!options.follow || signal.aborted || tries > 10) return undefined;
    await sleep(source.clock, 200, signal).catch(() => {});
  }
}
