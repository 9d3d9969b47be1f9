// Real processes: a supervised program comes back after kill -9, is not started twice, and is gone after stop.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sleep, systemClock } from '#base/clock.ts';
import { executableOf, logTail, programPid, startSupervised, stopSupervised, supervisedPid } from './supervise.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'skiff-supervise-'))));
afterEach(async () => {
  await stopSupervised(paths(), 'prog', 1000);
  rmSync(folder, { recursive: true, force: true });
});
const paths = () => ({ state: join(folder, 'state'), run: join(folder, 'run'), log: join(folder, 'log') });

async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await sleep(systemClock, 10);
  }
}

test('runs, comes back after kill -9, is one process however often it is started, ends on stop', async () => {
  const command = ['/bin/sh', '-c', 'echo began; exec sleep 1000'];
  startSupervised(paths(), 'prog', command);
  const first = await eventually(() => programPid(paths(), 'prog'));
  const supervisor = supervisedPid(paths(), 'prog');
  startSupervised(paths(), 'prog', command);
  expect(supervisedPid(paths(), 'prog')).toBe(supervisor);
  // Killed sooner it may never have said so.
  await eventually(() => (logTail(paths(), 'prog').includes('began') ? true : undefined));
  process.kill(first, 'SIGKILL');
  const second = await eventually(() => { const pid = programPid(paths(), 'prog'); return pid === first ? undefined : pid; });
  expect(second).not.toBe(first);
  await eventually(() => (logTail(paths(), 'prog').split('began').length > 2 ? true : undefined));
  await stopSupervised(paths(), 'prog', 2000);
  expect(supervisedPid(paths(), 'prog')).toBeUndefined();
  expect(executableOf(second)).toBe('');
  expect(readFileSync(join(folder, 'log/prog.log'), 'utf8')).toMatch(/supervise: prog ended with code 137; starting it again in 0 s/);
});

test('a program that ignores SIGTERM is killed after the grace time', async () => {
  startSupervised(paths(), 'prog', ['/bin/sh', '-c', 'trap "" TERM; echo began; while :; do sleep 1; done']);
  const pid = await eventually(() => (logTail(paths(), 'prog').includes('began') ? programPid(paths(), 'prog') : undefined));
  await stopSupervised(paths(), 'prog', 100);
  // A zombie whose first process does not reap has no program any more.
  expect(executableOf(pid)).toBe('');
});
