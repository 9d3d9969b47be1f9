// Rates from kubelet readings: two samples, one sample with a start time, restarts and garbage.
import { expect, test } from 'vitest';
import { parseReadings, usageBetween } from './samples.ts';

const text = (cpu: number, at: number): string => `# HELP node_cpu_usage_seconds_total x
node_cpu_usage_seconds_total ${cpu} ${at}
node_memory_working_set_bytes 1048576 ${at}
container_cpu_usage_seconds_total{container="web",namespace="shop",pod="web-1"} ${cpu / 2} ${at}
container_memory_working_set_bytes{container="web",namespace="shop",pod="web-1"} 2048 ${at}
container_start_time_seconds{container="web",namespace="shop",pod="web-1"} 100
scrape_error 0
not a line`;

test('two readings give the rate between them', () => {
  const a = parseReadings(text(10, 200_000), 0);
  const b = parseReadings(text(12, 210_000), 0);
  expect(a.node && b.node && usageBetween(a.node, b.node)).toEqual({ atMs: 210_000, windowMs: 10_000, cpuNanocores: 200_000_000, memoryBytes: 1_048_576 });
  const key = 'shop/web-1/web';
  const [before, after] = [a.containers.get(key), b.containers.get(key)];
  expect(after && usageBetween(before, after)).toEqual({ atMs: 210_000, windowMs: 10_000, cpuNanocores: 100_000_000, memoryBytes: 2048 });
});

test('a container seen once is measured since its start; a node seen once has no rate yet', () => {
  const once = parseReadings(text(10, 200_000), 0);
  const container = once.containers.get('shop/web-1/web');
  expect(container && usageBetween(undefined, container)?.cpuNanocores).toBe(50_000_000);
  expect(once.node && usageBetween(undefined, once.node)).toBeUndefined();
});

test('a counter that went back (restart) is measured since the new start', () => {
  const before = { atMs: 200_000, cpuSeconds: 50, memoryBytes: 1, startedMs: 100_000 };
  const after = { atMs: 210_000, cpuSeconds: 1, memoryBytes: 1, startedMs: 205_000 };
  expect(usageBetween(before, after)).toEqual({ atMs: 210_000, windowMs: 5000, cpuNanocores: 200_000_000, memoryBytes: 1 });
});
