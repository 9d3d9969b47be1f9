// Where groups and versions stand in discovery: upstream's table for built-in ones, low for custom resources, last
// for what the server answers beside them; and the order that follows. Clients choose the preferred version and
// the meaning of a short name by it.

export interface Priority {
  /** groupPriorityMinimum */
  readonly group: number;
  /** versionPriority */
  readonly version: number;
}

const table = `
  - 18000 v1=1
  apps 17800 v1=15
  events.k8s.io 17750 v1=15 v1beta1=5
  authentication.k8s.io 17700 v1=15 v1beta1=9 v1alpha1=1
  authorization.k8s.io 17600 v1=15
  autoscaling 17500 v1=15 v2=30 v2beta1=9 v2beta2=1
  batch 17400 v1=15 v1beta1=9 v2alpha1=9
  certificates.k8s.io 17300 v1=15 v1beta1=9 v1alpha1=1
  networking.k8s.io 17200 v1=15 v1beta1=9
  policy 17100 v1=15 v1beta1=9
  rbac.authorization.k8s.io 17000 v1=15
  storage.k8s.io 16800 v1=15 v1beta1=9 v1alpha1=1
  apiextensions.k8s.io 16700 v1=15
  admissionregistration.k8s.io 16700 v1=15 v1beta1=12 v1alpha1=9
  scheduling.k8s.io 16600 v1=15 v1alpha2=2
  coordination.k8s.io 16500 v1=15 v1beta1=13 v1alpha2=12
  node.k8s.io 16300 v1=15 v1alpha1=1 v1beta1=9
  discovery.k8s.io 16200 v1=15 v1beta1=12
  resource.k8s.io 16200 v1=21 v1beta2=15 v1beta1=9 v1alpha3=1
  flowcontrol.apiserver.k8s.io 16100 v1=21 v1beta3=18 v1beta2=15 v1beta1=12 v1alpha1=9
  internal.apiserver.k8s.io 16000 v1alpha1=9
  storagemigration.k8s.io 15800 v1beta1=9
  metrics.k8s.io 100 v1beta1=100
`;

/** Registers the others, and so stands before them without an APIService of its own. */
export const registrationGroup = 'apiregistration.k8s.io';

/** Custom resources rank below everything built in; versions by their names. */
export const customPriority: Priority = { group: 1000, version: 100 };

const known = new Map<string, Priority>();
for (const line of table.trim().split('\n')) {
  const [name = '', group = '', ...versions] = line.trim().split(/\s+/);
  for (const entry of versions) {
    const [version = '', priority = ''] = entry.split('=');
    known.set(`${name === '-' ? '' : name}/${version}`, { group: Number(group), version: Number(priority) });
  }
}

/** undefined for what is not built in. */
export function builtInPriority(group: string, version: string): Priority | undefined {
  return known.get(`${group}/${version}`);
}

const versionForm = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const stability: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** By stability, then newest first: v2, v1, v1beta2, v1alpha1, then other names by alphabet. */
export function compareVersions(a: string, b: string): number {
  const left = versionForm.exec(a);
  const right = versionForm.exec(b);
  if (left === null || right === null) return left === right ? (a < b ? -1 : a > b ? 1 : 0) : left === null ? 1 : -1;
  const rank = (match: RegExpExecArray): number => stability[match[2] ?? ''] ?? 2;
  return rank(right) - rank(left) || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0);
}

export interface Ranked {
  readonly group: string;
  readonly version: string;
  readonly priority: Priority;
}

/** Groups by their highest member, ties by APIService name; versions in each by priority. The registering group first. */
export function inDiscoveryOrder<T extends Ranked>(entries: readonly T[]): { readonly group: string; readonly versions: T[] }[] {
  const name = (entry: Ranked): string => `${entry.version}.${entry.group}`;
  const sorted = [...entries].sort((a, b) => {
    if ((a.group === registrationGroup) !== (b.group === registrationGroup)) return a.group === registrationGroup ? -1 : 1;
    return b.priority.group - a.priority.group || (name(a) < name(b) ? -1 : 1);
  });
  const groups = new Map<string, T[]>();
  for (const entry of sorted) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups].map(([group, versions]) => ({ group, versions: versions.sort((a, b) => b.priority.version - a.priority.version || compareVersions(a.version, b.version)) }));
}
