// ReplicationControllers and PodTemplates.
import type { PodTemplate, ReplicationController, ReplicationControllerSpec } from '#api/core/v1.ts';
import { addAll, child, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';
import { checkAlwaysRestarting, checkPodTemplate } from './pod-template.ts';

function checkSpec(spec: ReplicationControllerSpec | undefined, old?: ReplicationControllerSpec): FieldError[] {
  const errors = nonNegative(spec?.minReadySeconds ?? 0, 'spec.minReadySeconds');
  const selector = Object.entries(spec?.selector ?? {});
  if (selector.length === 0) errors.push(required('spec.selector', ''));
  if ((spec?.replicas ?? undefined) === undefined) errors.push(required('spec.replicas', ''));
  else addAll(errors, nonNegative(spec?.replicas ?? 0, 'spec.replicas'));
  const template = spec?.template ?? undefined;
  const path = 'spec.template';
  if (template === undefined) return [...errors, required(path, '')];
  const labels = template.metadata?.labels;
  if (selector.some(([name, value]) => labels?.[name] !== value)) {
    errors.push(invalidValue(child(path, 'metadata', 'labels'), labels ?? null, '`selector` does not match template `labels`'));
  }
  return [...errors, ...checkPodTemplate(template, path, old?.template), ...checkAlwaysRestarting(template, path, 'ReplicationController')];
}

function checkStatus(status: NonNullable<ReplicationController['status']> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const) {
    addAll(errors, nonNegative(status?.[field] ?? 0, child('status', field)));
  }
  for (const field of ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    const count = status?.[field] ?? 0;
    if (count > (status?.replicas ?? 0)) errors.push(invalidValue(child('status', field), count, 'cannot be greater than status.replicas'));
  }
  const available = status?.availableReplicas ?? 0;
  if (available > (status?.readyReplicas ?? 0)) errors.push(invalidValue('status.availableReplicas', available, 'cannot be greater than readyReplicas'));
  return errors;
}

export const replicationController = standard<ReplicationController>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkSpec(object.spec),
  update: (object, old) => checkSpec(object.spec, old.spec),
  status: (object) => checkStatus(object.status),
});

export const podTemplate = standard<PodTemplate>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: (object) => checkPodTemplate(object.template, 'template'),
  update: (object, old) => checkPodTemplate(object.template, 'template', old.template),
});
