// The end of a container's log: where the last N lines begin, found by reading backwards, and their text.
import type { HostFiles, ReadHandle } from '../host.ts';
import { parseLogLine } from './cri-log.ts';

const block = 64 * 1024;
const newline = 0x0a;

/** The offset at which the last `lines` lines of the file begin. */
export async function tailOffset(file: ReadHandle, lines: number): Promise<number> {
  const size = await file.size();
  if (lines <= 0) return size;
  let left = lines + 1;
  for (let end = size; end > 0; end -= block) {
    const start = Math.max(0, end - block);
    const data = await file.read(start, end - start);
    for (let i = data.length - 1; i >= 0; i--) {
      if (data[i] !== newline) continue;
      if (start + i === size - 1) {
        left--;
        continue;
      }
      left--;
      if (left === 0) return start + i + 1;
    }
    if (start === 0) break;
  }
  return 0;
}

/** The text of the last lines, at most `maxBytes` of it from the end; '' without a log. */
export async function readTail(files: HostFiles, path: string, lines: number, maxBytes: number): Promise<string> {
  const file = await files.open(path);
  if (file === undefined) return '';
  try {
    const from = await tailOffset(file, lines);
    const size = await file.size();
    const data = Buffer.from(await file.read(Math.max(from, size - 1024 * 1024), Math.min(size - from, 1024 * 1024)));
    const parts: Uint8Array[] = [];
    for (let at = 0; at < data.length; ) {
      const end = data.indexOf(newline, at);
      const record = parseLogLine(data.subarray(at, end < 0 ? data.length : end));
      if (record !== undefined) parts.push(record.text, record.full ? Buffer.from('\n') : new Uint8Array());
      at = end < 0 ? data.length : end + 1;
    }
    const all = Buffer.concat(parts);
    return all.subarray(Math.max(0, all.length - maxBytes)).toString('utf8');
  } finally {
    await file.close();
  }
}
