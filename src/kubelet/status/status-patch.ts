// The smallest strategic merge patch from one pod status to another: only what changed is sent, and only
// conditions that the kubelet owns or shares, so that other writers' conditions are never overwritten.
import type { PodCondition, PodStatus } from '#api/core/v1.ts';
import { ownedByKubelet } from './conditions.ts';

type Json = Record<string, unknown>;

const same = (a: unknown, b: unknown): boolean => (isAbsent(a) && isAbsent(b)) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** The API drops or adds empty values as it stores an object: they count as absent. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).map(([key, field]): [string, unknown] => [key, sorted(field)]);
  return Object.fromEntries(fields.filter(([, field]) => !isAbsent(field)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function conditionsPatch(before: readonly PodCondition[], after: readonly PodCondition[]): Json[] {
  const patch: Json[] = [];
  const shared = (type: string): boolean => ownedByKubelet(type) || type === 'DisruptionTarget';
  for (const condition of after) {
    if (!shared(condition.type)) continue;
    const old = before.find(({ type }) => type === condition.type);
    if (same(old, condition)) continue;
    const cleared = old === undefined ? {} : Object.fromEntries(Object.keys(old).filter((key) => !(key in condition)).map((key) => [key, null]));
    patch.push({ ...cleared, ...condition });
  }
  for (const { type } of before) {
    if (ownedByKubelet(type) && !after.some((condition) => condition.type === type)) patch.push({ $patch: 'delete', type });
  }
  return patch;
}

/** undefined when nothing changed. Fields the kubelet does not own (resourceClaimStatuses, …) are left alone. */
export function statusPatch(before: PodStatus, after: PodStatus): Json | undefined {
  const patch: Json = {};
  const old = before as Json;
  const next = after as Json;
  const foreign = new Set(['conditions', 'resourceClaimStatuses', 'extendedResourceClaimStatus', 'nominatedNodeName', 'nodeAllocatableResourceClaimStatuses', 'resize', 'resources', 'allocatedResources']);
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (foreign.has(key) || same(old[key], next[key])) continue;
    if (next[key] === undefined) patch[key] = null;
    else patch[key] = key === 'podIPs' || key === 'hostIPs' ? [{ $patch: 'replace' }, ...(next[key] as unknown[])] : next[key];
  }
  const conditions = conditionsPatch(before.conditions ?? [], after.conditions ?? []);
  if (conditions.length > 0) patch['conditions'] = conditions;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** Whether two statuses say the same, the order of conditions aside. */
export function sameStatus(a: PodStatus, b: PodStatus): boolean {
  const order = (status: PodStatus): unknown => ({ ...status, conditions: [...(status.conditions ?? [])].sort((x, y) => (x.type < y.type ? -1 : 1)) });
  return same(order(a), order(b));
}
