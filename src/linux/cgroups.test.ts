// Cgroup layouts from mount tables, and the real tree of this machine (either version) as root.
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { cgroupLayout } from './cgroup-layout.ts';
import { cpuWeight } from './cgroup-limits.ts';
import { openCgroups } from './cgroups.ts';
import { parseMountInfo } from './mounts.ts';
import { waitForExit } from './processes.ts';

describe('layout', () => {
  test('of a v1 machine with an idle v2 tree', () => {
    const layout = cgroupLayout(parseMountInfo([
      '36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
      '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
      '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    ].join('\n')));
    expect(layout.mode).toBe('v1');
    expect(layout.controllers.get('cpuacct')).toBe('/sys/fs/cgroup/cpu,cpuacct');
    expect(layout.controllers.get('name=systemd')).toBe('/sys/fs/cgroup/systemd');
  });

  test('of a v2 machine', () => {
    expect(cgroupLayout(parseMountInfo('30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw'))).toMatchObject({ mode: 'v2', unified: '/sys/fs/cgroup' });
  });

  test('cpu weight converts as the kubelet does', () => {
    expect([2, 102, 1024, 262_144].map(cpuWeight)).toEqual([1, 4, 39, 10_000]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('cgroups of this machine (root only)', () => {
  test('create with limits, join, read, kill and remove', async () => {
    const cgroups = await openCgroups(systemClock);
    const top = `/skiff-test-${process.pid}`;
    const pod = `${top}/burstable/pod1`;
    try {
      await cgroups.create(pod, { cpuShares: 102, cpuQuota: 50_000, cpuPeriod: 100_000, memoryBytes: 64 * 1024 * 1024, pids: 50 });
      expect(await cgroups.exists(pod)).toBe(true);
      expect(await cgroups.children(top)).toEqual(['burstable']);
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      const pid = child.pid ?? 0;
      await cgroups.join(pod, pid);
      expect(await cgroups.processes(top, true)).toContain(pid);
      const stats = await cgroups.stats(pod);
      expect(stats?.pids).toBe(1);
      await cgroups.killAll(top);
      expect(await waitForExit(systemClock, pid, 1000)).toBe(true);
    } finally {
      await cgroups.killAll(top);
      await cgroups.remove(top);
    }
    expect(await cgroups.exists(top)).toBe(false);
    expect(await cgroups.stats(pod)).toBeUndefined();
    await cgroups.remove(top);
  });

  test('a path cannot leave the tree', async () => {
    const cgroups = await openCgroups(systemClock);
    await expect(cgroups.remove('/../../tmp')).rejects.toThrow('not a cgroup path');
    await expect(cgroups.remove('/')).rejects.toThrow('not a cgroup path');
  });
});
