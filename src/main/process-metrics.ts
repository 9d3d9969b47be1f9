// What Prometheus' client libraries tell about a process under names that dashboards know: since when it runs, its time on
// the processor, memory and open files. Read when somebody asks; what the system does not tell is left out.
import { readdirSync, readFileSync } from 'node:fs';
import type { World } from '#base/world.ts';

const pageBytes = 4096;

export function readProcessMetrics({ clock, metrics }: World): void {
  const tell = (name: string, help: string, type: 'gauge' | 'counter', value: () => number | undefined): void =>
    metrics.read(name, help, type, () => {
      const now = value();
      return now === undefined ? [] : [{ labels: {}, value: now }];
    });
  const startSeconds = clock.now() / 1000 - process.uptime();
  tell('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', 'gauge', () => startSeconds);
  tell('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', 'counter', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  tell('process_resident_memory_bytes', 'Resident memory size in bytes.', 'gauge', () => process.memoryUsage.rss());
  tell('process_virtual_memory_bytes', 'Virtual memory size in bytes.', 'gauge', () => numberIn('/proc/self/statm', /^(\d+)/, pageBytes));
  tell('process_open_fds', 'Number of open file descriptors.', 'gauge', openFiles);
  tell('process_max_fds', 'Maximum number of open file descriptors.', 'gauge', () => numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m));
}

function numberIn(file: string, pattern: RegExp, unit = 1): number | undefined {
  try {
    const found = pattern.exec(readFileSync(file, 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found) * unit;
  } catch {
    return undefined;
  }
}

function openFiles(): number | undefined {
  try {
    // Less the one that looks.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
