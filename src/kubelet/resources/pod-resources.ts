// What a whole pod asks for and may use: containers side by side, init containers one after another with
// the sidecars that run beside them, and overhead. Upstream's component-helpers/resource.
import type { Container, Pod } from '#api/core/v1.ts';
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '#machinery';
import { isSidecar, specOf } from '../pod.ts';

export type ResourceList = Record<string, string>;

export function addLists(a: ResourceList, b: ResourceList | undefined): ResourceList {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b ?? {})) {
    const old = sum[name];
    sum[name] = old === undefined ? value : formatQuantity(addQuantity(parseQuantity(old), parseQuantity(value)));
  }
  return sum;
}

export function maxLists(a: ResourceList, b: ResourceList): ResourceList {
  const max = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const old = max[name];
    if (old === undefined || compareQuantity(parseQuantity(old), parseQuantity(value)) < 0) max[name] = value;
  }
  return max;
}

function total(pod: Pod, of: (container: Container) => ResourceList | undefined): ResourceList {
  const spec = specOf(pod);
  let sum = spec.containers.reduce<ResourceList>((list, container) => addLists(list, of(container)), {});
  let sidecars: ResourceList = {};
  let init: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      sum = addLists(sum, of(container));
      sidecars = addLists(sidecars, of(container));
      init = maxLists(init, sidecars);
    } else {
      init = maxLists(init, addLists(sidecars, of(container)));
    }
  }
  return maxLists(sum, init);
}

/** Requests of the pod, overhead included; pod-level requests replace the sum. */
export function podRequests(pod: Pod): ResourceList {
  const level = specOf(pod).resources?.requests;
  return addLists({ ...total(pod, (container) => container.resources?.requests), ...level }, specOf(pod).overhead);
}

export function podLimits(pod: Pod): ResourceList {
  const level = specOf(pod).resources?.limits;
  const limits = { ...total(pod, (container) => container.resources?.limits), ...level };
  return Object.keys(limits).length === 0 ? limits : addLists(limits, specOf(pod).overhead);
}

/** Whether every container (or the pod as a whole) has a limit for the resource: only then does the pod's cgroup get one. */
export function everyContainerLimited(pod: Pod, resource: string): boolean {
  const spec = specOf(pod);
  if (spec.resources?.limits?.[resource] !== undefined) return true;
  return [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) => resources?.limits?.[resource] !== undefined && resources.limits[resource] !== '0');
}
