// Logs as `kubectl logs` reads them: tail, since, stamps, limits, partial lines, following over rotation.
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { linuxFiles as files } from '../host/linux-files.ts';
import { type LogOptions, readLog } from './log-reader.ts';
import { rotatedLogs } from './log-rotation.ts';
import { readTail } from './log-tail.ts';

let dir = '';
let path = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-logs-'));
  path = join(dir, '0.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const line = (n: number, stream = 'stdout', tag = 'F'): string => `2026-01-01T00:00:0${n}.000000000Z ${stream} ${tag} line ${n}\n`;
const all: LogOptions = { follow: false, tailLines: undefined, sinceMs: undefined, timestamps: false, limitBytes: undefined, stream: 'All' };
const read = async (options: Partial<LogOptions>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const part of readLog({ files, clock: systemClock, path, running: async () => false }, { ...all, ...options }, new AbortController().signal)) parts.push(part);
  return Buffer.concat(parts).toString();
};

test.each<[string, Partial<LogOptions>, string]>([
  ['everything', {}, 'line 1\nline 2\nline 3line 4\n'],
  ['the last two records', { tailLines: 2 }, 'line 3line 4\n'],
  ['nothing', { tailLines: 0 }, ''],
  ['more than there is', { tailLines: 100 }, 'line 1\nline 2\nline 3line 4\n'],
  ['since a time', { sinceMs: Date.parse('2026-01-01T00:00:02Z') }, 'line 2\nline 3line 4\n'],
  ['with stamps', { tailLines: 3, timestamps: true }, '2026-01-01T00:00:02.000000000Z line 2\n2026-01-01T00:00:03.000000000Z line 3line 4\n'],
  ['some bytes', { limitBytes: 9 }, 'line 1\nli'],
  ['one stream', { stream: 'Stderr' }, 'line 2\n'],
])('reads %s', async (_name, options, expected) => {
  await writeFile(path, line(1) + line(2, 'stderr') + line(3, 'stdout', 'P') + line(4));
  expect(await read(options)).toBe(expected);
});

test('the end of a log as text, cut from the front', async () => {
  await writeFile(path, line(1) + line(2) + line(3));
  expect(await readTail(files, path, 2, 100)).toBe('line 2\nline 3\n');
  expect(await readTail(files, path, 2, 8)).toBe('\nline 3\n');
  expect(await readTail(files, join(dir, 'none'), 2, 8)).toBe('');
});

test('follows what is written, over a rotation, until the container ends', async () => {
  await writeFile(path, line(1));
  let running = true;
  const got: string[] = [];
  const wait = async (count: number): Promise<void> => {
    while (got.join('').split('\n').length <= count) await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)));
  };
  const done = (async () => {
    for await (const part of readLog({ files, clock: systemClock, path, running: async () => running }, { ...all, follow: true }, new AbortController().signal)) got.push(Buffer.from(part).toString());
  })();
  await wait(1);
  await appendFile(path, line(2));
  await wait(2);
  await rename(path, `${path}.20260101-000000`);
  await writeFile(path, line(3));
  await wait(3);
  running = false;
  await appendFile(path, line(4));
  await done;
  expect(got.join('')).toBe('line 1\nline 2\nline 3\nline 4\n');
});

test('rotated logs are told from others, oldest first', () => {
  expect(rotatedLogs(['0.log', '0.log.20260102-000000', '0.log.20260101-000000.gz', '1.log.20260101-000000', '0.log.tmp'], '0.log')).toEqual(['0.log.20260101-000000.gz', '0.log.20260102-000000']);
});
