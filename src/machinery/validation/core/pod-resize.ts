// The resize subresource: cpu and memory of a running pod's containers, and of the pod, and nothing else (KEP-1287,
// KEP-5419).
import type { Container, Pod, PodSpec, ResourceRequirements } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, type FieldError } from '../../field-errors.ts';
import { cloneJson } from '../../patch/json-tree.ts';
import { sameValue, validateObjectMetaUpdate, validateStandardFinalizers } from '../meta/object-meta.ts';
import { podQos } from './pod-qos.ts';
import { mirrorPodAnnotation } from './pod-spec.ts';
import { checkMetaAndSpec } from './pod.ts';

const noSpec: PodSpec = { containers: [] };
const onlyCompute = 'only cpu and memory resources are mutable';

function hasAmounts(resources: ResourceRequirements | undefined): boolean {
  return Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;
}

/** Pod-level resources: what stays, and what of them is wrong. */
function checkPodLevel(spec: PodSpec, old: PodSpec): { readonly kept: ResourceRequirements | undefined; readonly errors: FieldError[] } {
  if (!hasAmounts(spec.resources) && !hasAmounts(old.resources)) return { kept: spec.resources, errors: [] };
  if (old.resources && !spec.resources) return { kept: undefined, errors: [forbiddenField('spec.resources', 'pod-level resources cannot be removed')] };
  const errors = old.resources ? checkNothingRemoved(spec.resources, old.resources, 'spec.resources', 'pod-level resource') : [];
  const masked = withOldCompute(spec.resources, old.resources);
  const isEmpty = !hasAmounts(masked) && (masked?.claims ?? []).length === 0;
  const kept = !old.resources && isEmpty ? undefined : masked;
  if (!sameValue(kept, old.resources)) errors.push(forbiddenField('spec', `${onlyCompute} at pod-level`));
  return { kept, errors };
}

/** The container as it was but for what may not change; resize may not touch claims either. */
function masked(container: Container, was: Container | undefined): Container {
  const { claims: _claims, ...resources } = withOldCompute(container.resources ?? {}, was?.resources) ?? {};
  return { ...container, resources };
}

function checkContainersResize(spec: PodSpec, old: PodSpec): { readonly spec: PodSpec; readonly errors: FieldError[] } {
  const errors: FieldError[] = [];
  const out: PodSpec = { ...spec };
  for (const field of ['initContainers', 'containers'] as const) {
    const before = old[field] ?? [];
    for (const [i, container] of (spec[field] ?? []).entries()) {
      addAll(errors, checkNothingRemoved(container.resources, before[i]?.resources, child(index(child('spec', field), i), 'resources'), 'resource'));
    }
  }
  for (const field of ['containers', 'initContainers'] as const) {
    const before = old[field] ?? [];
    const list = (spec[field] ?? []).map((container, i) => {
      const same = masked(container, before[i]);
      const at = index('spec.initContainers', i);
      if (!sameValue(same, before[i])) {
        errors.push(field === 'containers' ? forbiddenField('spec', onlyCompute) : forbiddenField(at, 'only cpu and memory resources for init or sidecar containers are mutable'));
      }
      const isPlainInit = field === 'initContainers' && container.restartPolicy !== 'Always' && !sameValue(container, before[i]);
      for (const policy of isPlainInit ? (container.resizePolicy ?? []) : []) {
        if (policy.restartPolicy === 'RestartContainer') errors.push(forbiddenField(at, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'));
      }
      return same;
    });
    if (field === 'containers') out.containers = list;
    else out.initContainers = list;
  }
  return { spec: out, errors };
}

export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations?.[mirrorPodAnnotation] !== undefined) return [forbiddenField('[]', 'static pods cannot be resized')];
  if (old.spec?.os?.name === 'windows') return [forbiddenField('[]', 'windows pods cannot be resized')];
  const errors = [...validateObjectMetaUpdate(pod.metadata, old.metadata), ...validateStandardFinalizers(pod.metadata), ...checkMetaAndSpec(pod, old)];
  const spec = pod.spec ?? noSpec;
  const oldSpec = old.spec ?? noSpec;
  if ((old.status?.qosClass ?? podQos(oldSpec)) !== podQos(spec)) {
    errors.push(invalidValue('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  }
  const running = (old.status?.containerStatuses ?? []).find((status) => status.state?.running);
  if (running !== undefined && !running.resources) errors.push(forbiddenField('spec', 'Pod running on node without support for resize'));
  const podLevel = checkPodLevel(spec, oldSpec);
  addAll(errors, podLevel.errors);
  if ((old.status?.nodeAllocatableResourceClaimStatuses ?? []).length > 0) errors.push(forbiddenField('spec', 'pods with node allocatable resource claims cannot be resized'));
  const order = checkResizeOrder(spec, oldSpec);
  if (order.length > 0) return [...errors, ...order];
  const containers = checkContainersResize(spec, oldSpec);
  addAll(errors, containers.errors);
  const munged = { ...containers.spec, resources: podLevel.kept };
  if (errors.length === 0 && !sameValue(munged, oldSpec)) errors.push(forbiddenField('spec', onlyCompute));
  return errors;
}

function checkResizeOrder(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    const before = old[field] ?? [];
    const list = spec[field] ?? [];
    if (list.length !== before.length) {
      errors.push(forbiddenField(child('spec', field), `${field} may not be added or removed on resize`));
      continue;
    }
    for (const [i, container] of before.entries()) {
      if (list[i]?.name !== container.name) errors.push(forbiddenField(child(index(child('spec', field), i), 'name'), `${field} may not be renamed or reordered on resize`));
    }
  }
  return errors;
}

function checkNothingRemoved(resources: ResourceRequirements | undefined, old: ResourceRequirements | undefined, path: string, what: string): FieldError[] {
  return (['requests', 'limits'] as const).flatMap((kind) => {
    const removed = Object.keys(old?.[kind] ?? {}).some((name) => resources?.[kind]?.[name] === undefined);
    return removed ? [forbiddenField(child(path, kind), `${what} ${kind} cannot be removed`)] : [];
  });
}

/** The requirements with cpu and memory as they were. */
function withOldCompute(resources: ResourceRequirements | undefined, old: ResourceRequirements | undefined): ResourceRequirements | undefined {
  if (resources === undefined) return old === undefined ? undefined : resources;
  const out: ResourceRequirements = cloneJson(resources);
  for (const kind of ['requests', 'limits'] as const) {
    const amounts: Record<string, string> = { ...out[kind] };
    for (const name of ['cpu', 'memory']) {
      const before = old?.[kind]?.[name];
      if (before === undefined) delete amounts[name];
      else amounts[name] = before;
    }
    out[kind] = amounts;
  }
  return out;
}
