// mountinfo's escapes, the machine's facts, and real tmpfs and bind mounts as root.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directoryUsage, fileSystemUsage } from './disk.ts';
import { machineInfo } from './machine.ts';
import { bindMount, isMountPoint, mountsUnder, mountTmpfs, parseMountInfo, unmount, unmountAll } from './mounts.ts';

test('mountinfo is unescaped', () => {
  expect(parseMountInfo(String.raw`36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/a\011b rw,errors=continue`)).toEqual([
    { mountPoint: '/mnt 2', root: '/mnt1', fsType: 'ext3', source: '/dev/a\tb', options: ['rw', 'noatime'], superOptions: ['rw', 'errors=continue'] },
  ]);
});

test('the machine tells its size', async () => {
  const info = await machineInfo();
  expect(info.cores).toBeGreaterThan(0);
  expect(info.memoryBytes).toBeGreaterThan(1024 ** 2);
  expect(info.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect((await fileSystemUsage('/')).capacityBytes).toBeGreaterThan(0);
});

describe.skipIf(process.getuid?.() !== 0)('mounts (root only)', () => {
  test('tmpfs and bind, and everything below goes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skiff-mounts-'));
    try {
      const [memory, bound] = [join(directory, 'm m'), join(directory, 'bound')];
      await mkdir(memory);
      await mkdir(bound);
      await mountTmpfs(memory, { sizeBytes: 1024 * 1024 });
      await writeFile(join(memory, 'f'), 'x'.repeat(5000));
      await bindMount(memory, bound, { readonly: true });
      expect(await readFile(join(bound, 'f'), 'utf8')).toHaveLength(5000);
      await expect(writeFile(join(bound, 'g'), '')).rejects.toMatchObject({ code: 'EROFS' });
      expect(await directoryUsage(memory)).toEqual({ bytes: 8192, inodes: 2 });
      expect(await mountsUnder(directory)).toEqual([bound, memory]);
      expect(await unmountAll(directory)).toBe(2);
      expect(await isMountPoint(memory)).toBe(false);
      await unmount(memory);
    } finally {
      await unmountAll(directory);
      await rm(directory, { recursive: true, force: true });
    }
  });
});
