// What the workloads of apps/v1 share: numbers or percentages of a rollout, the template under a selector,
// and status counters that must make sense together.
import type { PodTemplateSpec } from '#api/core/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { child, invalidValue, type FieldError } from '../../field-errors.ts';
import { percentErrors } from '../../names.ts';
import { checkAlwaysRestarting, checkPodTemplate, selectorFits } from '../core/pod-template.ts';
import { isEmptySelector } from '../meta/selectors.ts';
import { nonNegative } from '../meta/object-meta.ts';

type IntOrString = number | string | undefined;

export function checkIntOrPercent(value: IntOrString, path: string): FieldError[] {
  if (typeof value === 'string') return percentErrors(value).map((message) => invalidValue(path, value, message));
  return nonNegative(value ?? 0, path);
}

/** The number, or the number before the percent sign. */
export function intOrPercentValue(value: IntOrString): number {
  if (typeof value !== 'string') return value ?? 0;
  return /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : Math.trunc(Number(value)) || 0;
}

export function checkAtMost100Percent(value: IntOrString, path: string): FieldError[] {
  if (typeof value !== 'string' || !/^[0-9]+%$/.test(value) || Number(value.slice(0, -1)) <= 100) return [];
  return [invalidValue(path, value, 'must not be greater than 100%')];
}

/** The template of a ReplicaSet or Deployment. */
export function checkReplicaTemplate(
  template: PodTemplateSpec | undefined, selector: LabelSelector | undefined, path: string, old: PodTemplateSpec | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const selectsAll = selector !== undefined && selector !== null && isEmptySelector(selector);
  if (!selectsAll && selectorFits(selector, template) === false) {
    errors.push(invalidValue(child(path, 'metadata', 'labels'), template?.metadata?.labels ?? null, '`selector` does not match template `labels`'));
  }
  return [...errors, ...checkPodTemplate(template, path, old), ...checkAlwaysRestarting(template, path, 'ReplicaSet')];
}

/** All named counters of a status are at least 0. */
export function checkCounters(status: object, fields: readonly string[]): FieldError[] {
  const values = status as Readonly<Record<string, unknown>>;
  return fields.flatMap((field) => {
    const value = values[field];
    return typeof value === 'number' ? nonNegative(value, child('status', field)) : [];
  });
}

/** The named counters do not exceed the total, nor available ones the ready ones. */
export function checkWithinReplicas(status: object, fields: readonly string[], readyText: string): FieldError[] {
  const values = status as Readonly<Record<string, unknown>>;
  const count = (field: string): number => (typeof values[field] === 'number' ? values[field] : 0);
  const errors: FieldError[] = [];
  for (const field of fields) {
    if (count(field) > count('replicas')) errors.push(invalidValue(child('status', field), count(field), 'cannot be greater than status.replicas'));
  }
  if (count('availableReplicas') > count('readyReplicas')) {
    errors.push(invalidValue('status.availableReplicas', count('availableReplicas'), `cannot be greater than ${readyText}`));
  }
  return errors;
}

/** A collision count only grows. */
export function checkCollisions(count: number | undefined, old: number | undefined): FieldError[] {
  if (old === undefined || old === null || (count ?? 0) >= old) return [];
  return [invalidValue('status.collisionCount', count ?? 0, 'cannot be decremented')];
}
