// Reads what a kubelet says on /metrics/resource (Prometheus text with timestamps) and turns two readings into
// rates. KEP: resource metrics endpoint; the arithmetic is metrics-server's.

export interface Reading {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** When the container started, milliseconds; absent for a node. */
  readonly startedMs?: number;
}

export interface NodeReadings {
  readonly node: Reading | undefined;
  /** By "namespace/pod/container". */
  readonly containers: ReadonlyMap<string, Reading>;
}

export interface Usage {
  readonly atMs: number;
  readonly windowMs: number;
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
}

const line = /^([a-z_]+)(?:\{([^}]*)\})? (\S+)(?: (\d+))?$/;

function labelsOf(text: string | undefined): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const match of (text ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, '$1');
  return labels;
}

type Draft = { -readonly [K in keyof Reading]: Reading[K] };

/** Unknown series and malformed lines are passed over. `nowMs` stands in for a missing timestamp. */
export function parseReadings(text: string, nowMs: number): NodeReadings {
  const containers = new Map<string, Draft>();
  let node: Draft | undefined;
  const fresh = (): Draft => ({ atMs: nowMs, cpuSeconds: 0, memoryBytes: 0 });
  for (const row of text.split('\n')) {
    const match = line.exec(row);
    if (match === null) continue;
    const [, name = '', labelText, valueText = '', stamp] = match;
    const value = Number(valueText);
    if (!Number.isFinite(value)) continue;
    let draft: Draft;
    if (name.startsWith('node_')) draft = node ??= fresh();
    else if (name.startsWith('container_')) {
      const { namespace, pod, container } = labelsOf(labelText);
      const key = `${namespace}/${pod}/${container}`;
      draft = containers.get(key) ?? fresh();
      containers.set(key, draft);
    } else continue;
    if (name.endsWith('_cpu_usage_seconds_total')) {
      draft.cpuSeconds = value;
      if (stamp !== undefined) draft.atMs = Number(stamp);
    } else if (name.endsWith('_memory_working_set_bytes')) draft.memoryBytes = value;
    else if (name === 'container_start_time_seconds') draft.startedMs = value * 1000;
  }
  return { node, containers };
}

/** The use between two readings; with one alone, since the start. undefined when neither tells a rate. */
export function usageBetween(before: Reading | undefined, after: Reading): Usage | undefined {
  const usable = before !== undefined && before.atMs < after.atMs && before.cpuSeconds <= after.cpuSeconds && before.startedMs === after.startedMs;
  const from = usable ? before : after.startedMs === undefined ? undefined : { atMs: after.startedMs, cpuSeconds: 0 };
  if (from === undefined || after.atMs <= from.atMs) return undefined;
  const windowMs = after.atMs - from.atMs;
  return {
    atMs: after.atMs,
    windowMs,
    cpuNanocores: Math.round(((after.cpuSeconds - from.cpuSeconds) / (windowMs / 1000)) * 1e9),
    memoryBytes: after.memoryBytes,
  };
}
