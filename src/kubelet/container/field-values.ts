// Values of the downward API: fields of the pod and resources of its containers, for environment variables
// and volume files. Resource values are divided and rounded up as upstream does.
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from '#api/core/v1.ts';
import { parseQuantity, quantityMilliValue, quantityValue } from '#machinery';
import { findContainer, nameOf, namespaceOf, specOf, uidOf } from '../pod.ts';

export interface FieldContext {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  /** Allocatable of the node: what a container without a limit may use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Sorted `key="value"` lines. */
function mapText(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n');
}

/** Throws with upstream's text when the path is not supported. */
export function fieldValue(selector: ObjectFieldSelector, pod: Pod, context: FieldContext): string {
  const path = selector.fieldPath;
  const subscript = /^(.+)\['(.*)'\]$/s.exec(path);
  if (subscript !== null) {
    const [, base, key = ''] = subscript;
    if (base === 'metadata.annotations') return pod.metadata?.annotations?.[key] ?? '';
    if (base === 'metadata.labels') return pod.metadata?.labels?.[key] ?? '';
    throw new Error(`fieldPath ${JSON.stringify(path)} does not support subscript`);
  }
  switch (path) {
    case 'metadata.name': return nameOf(pod);
    case 'metadata.namespace': return namespaceOf(pod);
    case 'metadata.uid': return uidOf(pod);
    case 'metadata.annotations': return mapText(pod.metadata?.annotations);
    case 'metadata.labels': return mapText(pod.metadata?.labels);
    case 'spec.nodeName': return specOf(pod).nodeName ?? '';
    case 'spec.serviceAccountName': return specOf(pod).serviceAccountName ?? '';
    case 'status.hostIP': return context.hostIPs[0] ?? '';
    case 'status.hostIPs': return context.hostIPs.join(',');
    case 'status.podIP': return context.podIPs[0] ?? '';
    case 'status.podIPs': return context.podIPs.join(',');
    default: throw new Error(`unsupported fieldPath: ${path}`);
  }
}

const limitable = ['cpu', 'memory', 'ephemeral-storage'];

function limitsOf(container: Container, allocatable: Readonly<Record<string, string>>): Record<string, string> {
  const limits = { ...container.resources?.limits };
  for (const name of limitable) {
    const room = allocatable[name];
    if (room !== undefined && (limits[name] === undefined || limits[name] === '0')) limits[name] = room;
  }
  return limits;
}

/** "limits.cpu" of a container as a whole number of divisors. */
export function resourceValue(selector: ResourceFieldSelector, pod: Pod, own: Container | undefined, context: FieldContext): string {
  const named = selector.containerName;
  const container = named === undefined || named === '' ? own : findContainer(pod, named);
  if (container === undefined) throw new Error(`container ${named ?? ''} not found`);
  const [kind, ...rest] = selector.resource.split('.');
  const name = rest.join('.');
  const known = limitable.includes(name) || name.startsWith('hugepages-');
  if (!known || (kind !== 'limits' && kind !== 'requests')) throw new Error(`unsupported container resource : ${selector.resource}`);
  const list = kind === 'limits' ? limitsOf(container, context.allocatable) : (container.resources?.requests ?? {});
  const quantity = parseQuantity(list[name] ?? '0');
  const zero = selector.divisor === undefined || selector.divisor === '0' || selector.divisor === '';
  const divisor = parseQuantity(zero ? '1' : String(selector.divisor));
  if (name === 'cpu') return String(Math.ceil(quantityMilliValue(quantity) / quantityMilliValue(divisor)));
  return String(Math.ceil(quantityValue(quantity) / quantityValue(divisor)));
}
