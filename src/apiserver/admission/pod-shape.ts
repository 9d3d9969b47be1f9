// What the pod plugins share: is this request about a whole pod being made, and its fields under their types.
import type { Container, Pod, PodSpec } from '#api/core/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { AdmissionRequest, KubeObject } from '../contract.ts';

/** Admission comes before validation: the list may not be there. */
export function containersOf(spec: PodSpec): readonly Container[] {
  return (spec.containers as readonly Container[] | undefined) ?? [];
}

export function isPods(resource: ResourceInfo): boolean {
  return resource.group === '' && resource.plural === 'pods';
}

export type PodObject = Pod & KubeObject & { metadata: NonNullable<Pod['metadata']>; spec: PodSpec };

/** The pod in a request; undefined when the object is missing its spec (validation says so later). */
export function podOf(request: AdmissionRequest): PodObject | undefined {
  const object = request.object as Partial<PodObject> | undefined;
  return object?.metadata !== undefined && object.spec !== undefined ? (object as PodObject) : undefined;
}
