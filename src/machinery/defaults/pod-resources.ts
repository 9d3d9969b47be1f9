// Pod-level resources (KEP-2837): where a pod names resources for the whole of itself, missing requests and
// huge page limits follow from its containers' and its limits.
import type { Container, PodSpec } from '#api/core/v1.ts';
import { copyOf, jsonEqual } from '../patch/json-tree.ts';
import { addQuantity, compareQuantity, formatQuantity, parseQuantity, type Quantity } from '../quantity.ts';

type Amounts = Map<string, Quantity>;
type Which = 'requests' | 'limits';

function amountsOf(container: Container, which: Which): Amounts {
  return new Map(Object.entries(container.resources?.[which] ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function add(to: Amounts, from: Amounts): void {
  for (const [name, amount] of from) {
    const known = to.get(name);
    to.set(name, known === undefined ? amount : addQuantity(known, amount));
  }
}

function raise(to: Amounts, from: Amounts): void {
  for (const [name, amount] of from) {
    const known = to.get(name);
    if (known === undefined || compareQuantity(amount, known) > 0) to.set(name, amount);
  }
}

/** What the containers of a pod need together: the sum of those that run at once, or an init container's peak. */
export function aggregateContainers(spec: PodSpec, which: Which): Map<string, Quantity> {
  const total: Amounts = new Map();
  for (const container of spec.containers ?? []) add(total, amountsOf(container, which));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container, which);
    if (container.restartPolicy === 'Always') {
      add(total, own);
      add(sidecars, own);
      raise(peak, sidecars);
    } else {
      const withSidecars: Amounts = new Map(sidecars);
      add(withSidecars, own);
      raise(peak, withSidecars);
    }
  }
  raise(total, peak);
  return total;
}

function isHugePage(name: string): boolean {
  return name.startsWith('hugepages-');
}

function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePage(name);
}

/** Completes `spec.resources` where the pod has one. */
export function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined || resources === null) return;
  const limits = copyOf(resources.limits ?? {});
  const requests = copyOf(resources.requests ?? {});
  const isSet = Object.keys(limits).length + Object.keys(requests).length > 0;
  if (isSet) {
    for (const [name, amount] of aggregateContainers(spec, 'limits')) {
      if (isHugePage(name) && requests[name] === undefined) limits[name] ??= formatQuantity(amount);
    }
    if (Object.keys(limits).length > 0) set(spec, 'limits', limits);
  }
  if (Object.keys(limits).length === 0) return;
  for (const [name, amount] of aggregateContainers(spec, 'requests')) {
    if (isPodLevel(name) && !isHugePage(name)) requests[name] ??= formatQuantity(amount);
  }
  for (const [name, text] of Object.entries(limits)) {
    if (isPodLevel(name)) requests[name] ??= text;
  }
  if (Object.keys(requests).length > 0) set(spec, 'requests', requests);
}

/** In a copy, and only what is another: pod-level resources may be shared with the object before. */
function set(spec: PodSpec, which: Which, amounts: Record<string, string>): void {
  if (!jsonEqual(spec.resources?.[which], amounts)) spec.resources = { ...spec.resources, [which]: amounts };
}
