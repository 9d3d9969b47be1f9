// A process tells of itself what Prometheus' libraries tell.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { readProcessMetrics } from './process-metrics.ts';

test('the process is described', async () => {
  const world = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
  readProcessMetrics(world);
  const values = new Map((await world.metrics.text()).split('\n').filter((line) => line.startsWith('process_')).map((line) => line.split(' ') as [string, string]));
  const value = (name: string): number => Number(values.get(`process_${name}`));
  expect([...values.keys()].sort()).toEqual(['process_cpu_seconds_total', 'process_max_fds', 'process_open_fds', 'process_resident_memory_bytes', 'process_start_time_seconds', 'process_virtual_memory_bytes']);
  expect(Math.abs(value('start_time_seconds') + process.uptime() - systemClock.now() / 1000)).toBeLessThan(60);
  expect(value('cpu_seconds_total')).toBeGreaterThan(0);
  expect(value('resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(value('virtual_memory_bytes')).toBeGreaterThan(value('resident_memory_bytes'));
  expect(value('open_fds')).toBeGreaterThan(2);
  expect(value('max_fds')).toBeGreaterThan(value('open_fds'));
});
