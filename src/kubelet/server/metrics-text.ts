// The metrics endpoints in Prometheus' text form. /metrics/resource carries what `kubectl top` needs under
// upstream's stable names; /metrics/cadvisor the container_* names that dashboards know. Samples carry no
// process-wide registry: they are written from one measurement.
import type { KubeletCore } from '../core.ts';
import { nameOf, namespaceOf } from '../pod.ts';
import type { UsageNow } from './usage.ts';

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly { readonly labels: Labels; readonly value: number; readonly atMs?: number }[];
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function sampleLine(name: string, labels: Labels, value: number, atMs: number | undefined): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`).join(',');
  return `${name}${pairs === '' ? '' : `{${pairs}}`} ${value}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}\n`;
}

export function metricsText(families: readonly Family[]): string {
  return families.filter(({ samples }) => samples.length > 0).map(({ name, help, type, samples }) =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(({ labels, value, atMs }) => sampleLine(name, labels, value, atMs)).join('')}`).join('');
}

const seconds = (nanoseconds: number): number => nanoseconds / 1e9;

/** /metrics/resource */
export function resourceMetrics(usage: UsageNow): string {
  const containers = usage.pods.flatMap(({ pod, containers: list }) => list.map((each) => ({ each, labels: { container: each.name, namespace: namespaceOf(pod), pod: nameOf(pod) } })));
  const pods = usage.pods.filter(({ containers: list }) => list.length > 0).map(({ pod, cgroup, containers: list }) => ({
    labels: { namespace: namespaceOf(pod), pod: nameOf(pod) },
    cpu: cgroup?.cpuNanoseconds ?? list.reduce((sum, { stats }) => sum + stats.cpuNanoseconds, 0),
    memory: cgroup?.memoryWorkingSetBytes ?? list.reduce((sum, { stats }) => sum + stats.memoryWorkingSetBytes, 0),
  }));
  return metricsText([
    { name: 'container_cpu_usage_seconds_total', help: '[STABLE] Cumulative cpu time consumed by the container in core-seconds', type: 'counter', samples: containers.map(({ each, labels }) => ({ labels, value: seconds(each.stats.cpuNanoseconds), atMs: each.stats.timestampMs })) },
    { name: 'container_memory_working_set_bytes', help: '[STABLE] Current working set of the container in bytes', type: 'gauge', samples: containers.map(({ each, labels }) => ({ labels, value: each.stats.memoryWorkingSetBytes, atMs: each.stats.timestampMs })) },
    { name: 'container_start_time_seconds', help: '[STABLE] Start time of the container since unix epoch in seconds', type: 'gauge', samples: containers.map(({ each, labels }) => ({ labels, value: (each.observed?.startedAtMs ?? 0) / 1000 })) },
    { name: 'node_cpu_usage_seconds_total', help: '[STABLE] Cumulative cpu time consumed by the node in core-seconds', type: 'counter', samples: [{ labels: {}, value: seconds(usage.cpuNanoseconds), atMs: usage.atMs }] },
    { name: 'node_memory_working_set_bytes', help: '[STABLE] Current working set of the node in bytes', type: 'gauge', samples: [{ labels: {}, value: usage.memory.workingSetBytes, atMs: usage.atMs }] },
    { name: 'pod_cpu_usage_seconds_total', help: '[STABLE] Cumulative cpu time consumed by the pod in core-seconds', type: 'counter', samples: pods.map(({ labels, cpu }) => ({ labels, value: seconds(cpu), atMs: usage.atMs })) },
    { name: 'pod_memory_working_set_bytes', help: '[STABLE] Current working set of the pod in bytes', type: 'gauge', samples: pods.map(({ labels, memory }) => ({ labels, value: memory, atMs: usage.atMs })) },
    { name: 'resource_scrape_error', help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', type: 'gauge', samples: [{ labels: {}, value: 0 }] },
    { name: 'scrape_error', help: '[ALPHA] (Deprecated since 1.29.0) 1 if there was an error while getting container metrics, 0 otherwise', type: 'gauge', samples: [{ labels: {}, value: 0 }] },
  ]);
}

/** /metrics/cadvisor */
export function cadvisorMetrics(core: KubeletCore, usage: UsageNow): string {
  const root = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' };
  const rows = usage.pods.flatMap(({ pod, cgroup, containers }) => {
    const names = { namespace: namespaceOf(pod), pod: nameOf(pod) };
    const group = core.cgroups.parentOf(pod);
    const own = containers.map(({ name, observed, stats }) => ({
      labels: { container: name, id: `${group}/${stats.id}`, image: observed?.image ?? '', name: stats.id, ...names },
      cpu: stats.cpuNanoseconds, usage: stats.memoryUsageBytes, working: stats.memoryWorkingSetBytes, rss: stats.memoryRssBytes, disk: stats.writableLayerBytes, startedMs: observed?.startedAtMs ?? 0, atMs: stats.timestampMs,
    }));
    if (cgroup === undefined) return own;
    return [...own, { labels: { container: '', id: group, image: '', name: '', ...names }, cpu: cgroup.cpuNanoseconds, usage: cgroup.memoryUsageBytes, working: cgroup.memoryWorkingSetBytes, rss: cgroup.memoryRssBytes, disk: 0, startedMs: 0, atMs: usage.atMs }];
  });
  const node = { labels: root, cpu: usage.cpuNanoseconds, usage: usage.memory.usedBytes, working: usage.memory.workingSetBytes, rss: 0, disk: 0, startedMs: 0, atMs: usage.atMs };
  const all = [node, ...rows];
  const samples = (value: (row: (typeof all)[number]) => number): Family['samples'] => all.map((row) => ({ labels: row.labels, value: value(row), atMs: row.atMs }));
  return metricsText([
    { name: 'container_cpu_usage_seconds_total', help: 'Cumulative cpu time consumed in seconds.', type: 'counter', samples: samples(({ cpu }) => seconds(cpu)) },
    { name: 'container_fs_usage_bytes', help: 'Number of bytes that are consumed by the container on this filesystem.', type: 'gauge', samples: samples(({ disk }) => disk) },
    { name: 'container_memory_rss', help: 'Size of RSS in bytes.', type: 'gauge', samples: samples(({ rss }) => rss) },
    { name: 'container_memory_usage_bytes', help: 'Current memory usage in bytes, including all memory regardless of when it was accessed', type: 'gauge', samples: samples(({ usage: used }) => used) },
    { name: 'container_memory_working_set_bytes', help: 'Current working set in bytes.', type: 'gauge', samples: samples(({ working }) => working) },
    { name: 'container_start_time_seconds', help: 'Start time of the container since unix epoch in seconds.', type: 'gauge', samples: samples(({ startedMs }) => startedMs / 1000) },
    { name: 'machine_cpu_cores', help: 'Number of logical CPU cores.', type: 'gauge', samples: [{ labels: {}, value: Number(core.node.allocatable['cpu'] ?? 0) || 0 }] },
    { name: 'machine_memory_bytes', help: 'Amount of memory installed on the machine.', type: 'gauge', samples: [{ labels: {}, value: core.node.memoryCapacityBytes }] },
  ]);
}

