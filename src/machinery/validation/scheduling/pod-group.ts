// Workloads and PodGroups (KEP-4671): which pods are scheduled together. What they say stays as it was made. Fields of
// features that are off (topology, shared claims, preemption by group) are dropped before this is asked; only the
// disruption mode has a default, and nothing else may be chosen.
import type { PodGroup, PodGroupSchedulingPolicy, PodGroupTemplate, PodGroupTemplateReference, TypedLocalObjectReference, Workload } from '#api/scheduling/v1alpha2.ts';
import { addAll, child, duplicate, forbiddenField, index, invalidValue, required, tooMany, type FieldError } from '../../field-errors.ts';
import { nameIsLabel, nameIsPathSegment, nameIsSubdomain, type NameRule } from '../../names.ts';
import { validateConditions } from '../meta/conditions.ts';
import { sameValue, validateObjectMeta, validateObjectMetaUpdate } from '../meta/object-meta.ts';
import { kind } from '../validator.ts';

const mostTemplates = 8;

function checkName(name: string | undefined, path: string, rule: NameRule): FieldError[] {
  if (name === undefined || name === '') return [required(path, '')];
  return rule(name, false).map((message) => invalidValue(path, name, message));
}

/** Unlike elsewhere the new value is not told. */
function unchanged(value: unknown, old: unknown, path: string): FieldError[] {
  return sameValue(value, old) ? [] : [invalidValue(path, null, 'field is immutable')];
}

function checkPolicy(policy: PodGroupSchedulingPolicy | undefined, path: string): FieldError[] {
  const { basic, gang } = policy ?? {};
  const errors: FieldError[] = [];
  if (basic && gang) errors.push(invalidValue(path, '{basic, gang}', 'must specify exactly one of: `basic`, `gang`'));
  if (!basic && !gang) errors.push(invalidValue(path, '', 'must specify one of: `basic`, `gang`'));
  if (!gang) return errors;
  const at = child(path, 'gang', 'minCount');
  const count = gang.minCount ?? 0;
  if (count === 0) errors.push(required(at, ''));
  else if (count < 1) errors.push(invalidValue(at, count, 'must be greater than or equal to 1'));
  return errors;
}

function checkController({ apiGroup = '', kind: name, name: of }: TypedLocalObjectReference, path: string): FieldError[] {
  return [
    ...(apiGroup === '' ? [] : checkName(apiGroup, child(path, 'apiGroup'), nameIsSubdomain)),
    ...checkName(name, child(path, 'kind'), nameIsPathSegment),
    ...checkName(of, child(path, 'name'), nameIsPathSegment),
  ];
}

function checkTemplates(templates: readonly PodGroupTemplate[], path: string): FieldError[] {
  if (templates.length > mostTemplates) return [tooMany(path, templates.length, mostTemplates)];
  if (templates.length === 0) return [required(path, '')];
  const errors: FieldError[] = [];
  for (const [i, { name, schedulingPolicy }] of templates.entries()) {
    const isTwin = templates.findIndex((other) => other.name === name) < i;
    if (isTwin) errors.push(duplicate(index(path, i), { name, schedulingPolicy, schedulingConstraints: null }));
  }
  for (const [i, { name, schedulingPolicy }] of templates.entries()) {
    const at = index(path, i);
    errors.push(...checkName(name, child(at, 'name'), nameIsLabel), ...checkPolicy(schedulingPolicy, child(at, 'schedulingPolicy')));
  }
  return errors;
}

function checkTemplateRef({ workload }: PodGroupTemplateReference, path: string): FieldError[] {
  if (!workload) return [invalidValue(path, '', 'must specify one of: `workload`')];
  const at = child(path, 'workload');
  return [...checkName(workload.workloadName, child(at, 'workloadName'), nameIsSubdomain), ...checkName(workload.podGroupTemplateName, child(at, 'podGroupTemplateName'), nameIsLabel)];
}

export const workload = kind<Workload>({
  create({ metadata, spec }) {
    const errors = validateObjectMeta(metadata, true, nameIsSubdomain);
    if (spec?.controllerRef) addAll(errors, checkController(spec.controllerRef, 'spec.controllerRef'));
    addAll(errors, checkTemplates(spec?.podGroupTemplates ?? [], 'spec.podGroupTemplates'));
    return errors;
  },
  update(object, old) {
    const templates = object.spec?.podGroupTemplates ?? [];
    const isSame = sameValue(templates, old.spec?.podGroupTemplates);
    return [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...unchanged(object.spec?.controllerRef, old.spec?.controllerRef, 'spec.controllerRef'),
      ...unchanged(templates, old.spec?.podGroupTemplates, 'spec.podGroupTemplates'),
      ...(!isSame && (templates.length > mostTemplates || templates.length === 0) ? checkTemplates(templates, 'spec.podGroupTemplates') : []),
    ];
  },
});

export const podGroup = kind<PodGroup>({
  create({ metadata, spec }) {
    const errors = validateObjectMeta(metadata, true, nameIsSubdomain);
    if (spec?.podGroupTemplateRef) addAll(errors, checkTemplateRef(spec.podGroupTemplateRef, 'spec.podGroupTemplateRef'));
    addAll(errors, checkPolicy(spec?.schedulingPolicy, 'spec.schedulingPolicy'));
    return errors;
  },
  update: (object, old) => [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...unchanged(object.spec?.podGroupTemplateRef, old.spec?.podGroupTemplateRef, 'spec.podGroupTemplateRef'),
    ...unchanged(object.spec?.schedulingPolicy, old.spec?.schedulingPolicy, 'spec.schedulingPolicy'),
    ...((object.spec?.disruptionMode ?? 'Pod') === (old.spec?.disruptionMode ?? 'Pod') ? [] : [forbiddenField('spec.disruptionMode', '')]),
  ],
  subresources: {
    status: (object, old) => [...validateObjectMetaUpdate(object.metadata, old.metadata), ...validateConditions(object.status?.conditions, 'status.conditions')],
  },
});
