// The quality-of-service class of a pod, from its requests and limits (pkg/apis/core/helper/qos).
import type { PodSpec, ResourceRequirements } from '#api/core/v1.ts';
import { addQuantity, compareQuantity, isZeroQuantity, type Quantity } from '../../quantity.ts';
import { quantity } from './fields.ts';

const compute = ['cpu', 'memory'];

function amounts(list: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  const out = new Map<string, Quantity>();
  for (const name of compute) {
    const amount = quantity(list?.[name]);
    if (!isZeroQuantity(amount)) out.set(name, amount);
  }
  return out;
}

/** "Guaranteed", "Burstable" or "BestEffort". */
export function podQos(spec: PodSpec): string {
  const podLevel = spec.resources;
  const hasPodLevel = podLevel !== undefined && podLevel !== null;
  const sources: (ResourceRequirements | undefined)[] = hasPodLevel
    ? [podLevel]
    : [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => container.resources);
  const requests = new Map<string, Quantity>();
  const limits = new Map<string, Quantity>();
  let allLimited = true;
  for (const source of sources) {
    for (const [total, list] of [[requests, source?.requests], [limits, source?.limits]] as const) {
      for (const [name, amount] of amounts(list)) {
        const known = total.get(name);
        total.set(name, known === undefined ? amount : addQuantity(known, amount));
      }
    }
    if (amounts(source?.limits).size < compute.length) allLimited = false;
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const equal = [...requests].every(([name, amount]) => {
    const limit = limits.get(name);
    return limit !== undefined && compareQuantity(limit, amount) === 0;
  });
  return allLimited && equal && requests.size === limits.size ? 'Guaranteed' : 'Burstable';
}
