// Resources of the pod as a whole (KEP-2837) against those of its containers.
import type { Container, PodSpec } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, key, type FieldError } from '../../field-errors.ts';
import { addQuantity, compareQuantity, formatQuantity, type Quantity } from '../../quantity.ts';
import { quantity } from './fields.ts';
import { checkResourceRequirements, isHugePages } from './resources.ts';

export function checkPodResources(spec: PodSpec, path: string): FieldError[] {
  const resources = spec.resources;
  if (!resources) return [];
  const at = child(path, 'resources');
  if (spec.os?.name === 'windows') return [forbiddenField(at, 'may not be set for a windows pod')];
  const errors: FieldError[] = [];
  if (resources.claims !== undefined && resources.claims !== null) {
    errors.push(forbiddenField(child(at, 'claims'), 'claims may not be set for Resources at pod-level'));
  }
  addAll(errors, checkResourceRequirements(resources, at, undefined, true));
  for (const [name, total] of aggregate(spec, 'requests')) {
    const own = resources.requests?.[name];
    if (own === undefined || compareQuantity(total, quantity(own)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`;
    errors.push(invalidValue(key(child(at, 'requests'), name), formatQuantity(quantity(own)), detail));
  }
  for (const [name, total] of aggregate(spec, 'limits')) {
    const own = resources.limits?.[name];
    if (!isHugePages(name) || own === undefined || compareQuantity(total, quantity(own)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${formatQuantity(total)}`;
    errors.push(invalidValue(key(child(at, 'limits'), name), formatQuantity(quantity(own)), detail));
  }
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = resources.limits?.[name];
      if (own === undefined || compareQuantity(quantity(limit), quantity(own)) <= 0) continue;
      const limitPath = child(key(index(child(at, 'containers'), i), name), 'limits');
      errors.push(invalidValue(limitPath, formatQuantity(quantity(limit)), `must be less than or equal to pod limits of ${formatQuantity(quantity(own))}`));
    }
  }
  return errors;
}

/** What all containers need together: running ones added, init containers one after the other. */
function aggregate(spec: PodSpec, kind: 'requests' | 'limits'): Map<string, Quantity> {
  const amounts = (container: Container): [string, Quantity][] =>
    Object.entries(container.resources?.[kind] ?? {}).map(([name, text]) => [name, quantity(text)]);
  const total = new Map<string, Quantity>();
  const add = (into: Map<string, Quantity>, [name, amount]: [string, Quantity]): void => {
    const known = into.get(name);
    into.set(name, known === undefined ? amount : addQuantity(known, amount));
  };
  for (const container of spec.containers ?? []) for (const entry of amounts(container)) add(total, entry);
  const sidecars = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const entries = amounts(container);
    if (container.restartPolicy === 'Always') {
      for (const entry of entries) {
        add(total, entry);
        add(sidecars, entry);
      }
      continue;
    }
    for (const [name, amount] of entries) {
      const beside = sidecars.get(name);
      const needed = beside === undefined ? amount : addQuantity(amount, beside);
      const known = peak.get(name);
      if (known === undefined || compareQuantity(needed, known) > 0) peak.set(name, needed);
    }
  }
  for (const [name, amount] of peak) {
    const known = total.get(name);
    if (known === undefined || compareQuantity(amount, known) > 0) total.set(name, amount);
  }
  return total;
}
