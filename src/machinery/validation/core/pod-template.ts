// Pod templates inside workloads, and how a workload's selector must fit its template.
import type { PodTemplateSpec } from '#api/core/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { child, forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { selectorFromObject } from '../../selectors-label.ts';
import { validateAnnotations, validateLabels } from '../meta/object-meta.ts';
import { isEmptySelector, validateLabelSelector } from '../meta/selectors.ts';
import { checkAnnotationsMatchFields, checkPodAnnotations } from './pod-annotations.ts';
import { checkPodSpec } from './pod-spec.ts';

/** `old` is the stored template, for what updates may keep. */
export function checkPodTemplate(template: PodTemplateSpec | undefined, path: string, old?: PodTemplateSpec): FieldError[] {
  const spec = template?.spec ?? { containers: [] };
  const annotations = template?.metadata?.annotations;
  const errors = [
    ...validateLabels(template?.metadata?.labels, child(path, 'labels')),
    ...validateAnnotations(annotations, child(path, 'annotations')),
    ...checkPodAnnotations(annotations, spec, child(path, 'annotations')),
    ...checkPodSpec(spec, undefined, child(path, 'spec'), old?.spec),
    ...checkAnnotationsMatchFields(annotations, spec, child(path, 'spec')),
  ];
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.push(forbiddenField(child(path, 'spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template'));
  }
  return errors;
}

/** Templates whose pods run forever. `kindName` stands in the message about deadlines. */
export function checkAlwaysRestarting(template: PodTemplateSpec | undefined, path: string, kindName: string): FieldError[] {
  const errors: FieldError[] = [];
  const policy = template?.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(notSupported(child(path, 'spec', 'restartPolicy'), policy, ['Always']));
  if (template?.spec?.activeDeadlineSeconds !== undefined && template.spec.activeDeadlineSeconds !== null) {
    errors.push(forbiddenField(child(path, 'spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kindName} is not Supported`));
  }
  return errors;
}

/** Does the selector pick the template's own pods? Unparsable selectors are told elsewhere. */
export function selectorFits(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): boolean | undefined {
  try {
    return selectorFromObject(selector).matches(template?.metadata?.labels ?? {});
  } catch {
    return undefined;
  }
}

export function checkSelectorFits(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (selectorFits(selector, template) !== false) return [];
  const labels = template?.metadata?.labels ?? null;
  return [invalidValue(child(path, 'metadata', 'labels'), labels, '`selector` does not match template `labels`')];
}

/** A selector that must be given and select something. */
export function checkRequiredSelector(selector: LabelSelector | undefined, path: string, emptyDetail: string): FieldError[] {
  if (selector === undefined || selector === null) return [required(path, '')];
  const errors = validateLabelSelector(selector, path);
  if (isEmptySelector(selector)) errors.push(invalidValue(path, selector, emptyDetail));
  return errors;
}
