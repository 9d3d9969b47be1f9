// Ownership of `replicas` on its way through the scale subresource: a Scale object has its own field path,
// so entries are translated to it before an apply or update of the scale and back into the parent after.
import type { ManagedFieldsEntry } from '#api/meta/v1.ts';
import { difference, hasPath, isEmptySet, singlePath } from './field-set.ts';
import { decodeManagers, encodeManagers, managerKey, type Manager } from './managed-fields.ts';

const scaleVersion = 'autoscaling/v1';
const scalePath = ['f:spec', 'f:replicas'];

/** The path of replicas in each API version of the parent: `{"apps/v1": "spec.replicas"}`; null where there is none. */
export type ReplicasPaths = Readonly<Record<string, string | null>>;

function pathOf(paths: ReplicasPaths, apiVersion: string): string[] | null | undefined {
  const path = Object.hasOwn(paths, apiVersion) ? paths[apiVersion] : undefined;
  return path === undefined || path === null ? path : path.replace(/^\./, '').split('.').map((field) => `f:${field}`);
}

/** The parent's entries that own replicas, as entries of its Scale. */
export function scaleEntries(parent: readonly ManagedFieldsEntry[] | undefined, paths: ReplicasPaths): ManagedFieldsEntry[] | undefined {
  const scale = new Map<string, Manager>();
  for (const [key, manager] of decodeManagers(parent)) {
    const path = pathOf(paths, manager.apiVersion);
    if (path === undefined || path === null || !hasPath(manager.fields, path)) continue;
    scale.set(key, { ...manager, apiVersion: scaleVersion, fields: singlePath(scalePath) });
  }
  return encodeManagers(scale);
}

/**
 * The parent's entries after its Scale was written with `scale` as entries; `apiVersion` is the parent's. Upstream looks the
 * time of what is new up in the parent, where only an applier, whose version does not count, can have one.
 */
export function parentEntries(
  parent: readonly ManagedFieldsEntry[] | undefined, scale: readonly ManagedFieldsEntry[] | undefined, apiVersion: string, paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scaleManagers = new Set([...decodeManagers(scale).values()].filter((manager) => hasPath(manager.fields, scalePath)));
  // Whatever their version.
  const byManager = Map.groupBy(scaleManagers, (manager) => managerKey({ ...manager, apiVersion: '' }));
  const out = new Map<string, Manager>();
  const before = decodeManagers(parent);
  for (const [key, manager] of before) {
    const path = pathOf(paths, manager.apiVersion);
    if (path === undefined) continue;
    if (path === null || !hasPath(manager.fields, path)) {
      out.set(key, manager);
      continue;
    }
    const candidates = byManager.get(managerKey({ ...manager, apiVersion: '' }));
    const found = candidates?.shift();
    if (found !== undefined) {
      scaleManagers.delete(found);
      out.set(key, manager);
      continue;
    }
    const fields = difference(manager.fields, singlePath(path));
    if (!isEmptySet(fields)) out.set(key, { ...manager, fields });
  }
  const target = pathOf(paths, apiVersion);
  if (target !== undefined && target !== null) {
    for (const manager of scaleManagers) {
      const entry: Manager = { ...manager, time: before.get(managerKey(manager))?.time, apiVersion, fields: singlePath(target) };
      out.set(managerKey(entry), entry);
    }
  }
  return encodeManagers(out);
}
