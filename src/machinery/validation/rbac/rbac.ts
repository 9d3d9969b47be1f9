// RBAC: rules, bindings and their subjects; a binding never changes its role (pkg/apis/rbac/validation).
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '#api/rbac/v1.ts';
import type { LabelSelector } from '#api/meta/v1.ts';
import { child, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsPathSegment, nameIsSubdomain } from '../../names.ts';
import { selectorFromObject } from '../../selectors-label.ts';
import { goStruct } from '../go-struct.ts';
import { validateObjectMeta, validateObjectMetaUpdate, sameValue } from '../meta/object-meta.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { kind } from '../validator.ts';

const group = 'rbac.authorization.k8s.io';

function checkRule(rule: PolicyRule, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((rule.verbs ?? []).length === 0) errors.push(required(child(path, 'verbs'), 'verbs must contain at least one value'));
  const urls = rule.nonResourceURLs ?? [];
  const at = child(path, 'nonResourceURLs');
  const [groups, resources, names] = [rule.apiGroups ?? [], rule.resources ?? [], rule.resourceNames ?? []];
  if (urls.length > 0) {
    if (namespaced) errors.push(invalidValue(at, urls, 'namespaced rules cannot apply to non-resource URLs'));
    if (groups.length + resources.length + names.length > 0) {
      errors.push(invalidValue(at, urls, 'rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (groups.length === 0) errors.push(required(child(path, 'apiGroups'), 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(child(path, 'resources'), 'resource rules must supply at least one resource'));
  return errors;
}

function checkRole(object: Role): FieldError[] {
  return [
    ...validateObjectMeta(object.metadata, true, nameIsPathSegment),
    ...(object.rules ?? []).flatMap((rule, i) => checkRule(rule, true, index('rules', i))),
  ];
}

function checkClusterRole(object: ClusterRole, old?: ClusterRole): FieldError[] {
  const errors = [
    ...validateObjectMeta(object.metadata, false, nameIsPathSegment),
    ...(object.rules ?? []).flatMap((rule, i) => checkRule(rule, false, index('rules', i))),
  ];
  if (!object.aggregationRule) return errors;
  const path = 'aggregationRule.clusterRoleSelectors';
  const selectors = object.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  const relaxed = (old?.aggregationRule?.clusterRoleSelectors ?? []).some(hasInvalidValues);
  return [...errors, ...selectors.flatMap((selector, i) => checkAggregationSelector(selector, index(path, i), relaxed))];
}

/** A selector that cannot be used is told once more. */
function checkAggregationSelector(selector: LabelSelector, path: string, relaxed: boolean): FieldError[] {
  const errors = validateLabelSelector(selector, path, relaxed);
  try {
    selectorFromObject(selector);
  } catch {
    errors.push(invalidValue(path, null, 'invalid label selector.'));
  }
  return errors;
}

function checkRoleRef(ref: RoleRef | undefined, kinds: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const { apiGroup = '', kind: kindName = '', name = '' } = ref ?? {};
  if (apiGroup !== group) errors.push(notSupported('roleRef.apiGroup', apiGroup, [group]));
  if (!kinds.includes(kindName)) errors.push(notSupported('roleRef.kind', kindName, kinds));
  if (name === '') errors.push(required('roleRef.name', ''));
  else for (const message of nameIsPathSegment(name, false)) errors.push(invalidValue('roleRef.name', name, message));
  return errors;
}

function checkSubject(subject: Subject, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', apiGroup = '', namespace = '' } = subject;
  if (name === '') errors.push(required(child(path, 'name'), ''));
  switch (subject.kind) {
    case 'ServiceAccount':
      if (name !== '') for (const message of nameIsSubdomain(name, false)) errors.push(invalidValue(child(path, 'name'), name, message));
      if (apiGroup !== '') errors.push(notSupported(child(path, 'apiGroup'), apiGroup, ['']));
      if (!namespaced && namespace === '') errors.push(required(child(path, 'namespace'), ''));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== group) errors.push(notSupported(child(path, 'apiGroup'), apiGroup, [group]));
      break;
    default:
      errors.push(notSupported(child(path, 'kind'), subject.kind ?? '', ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

type AnyBinding = RoleBinding & ClusterRoleBinding;

function checkBinding(object: AnyBinding, namespaced: boolean): FieldError[] {
  return [
    ...validateObjectMeta(object.metadata, namespaced, nameIsPathSegment),
    ...checkRoleRef(object.roleRef, namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']),
    ...(object.subjects ?? []).flatMap((subject, i) => checkSubject(subject, namespaced, index('subjects', i))),
  ];
}

function checkBindingUpdate(object: AnyBinding, old: AnyBinding, namespaced: boolean): FieldError[] {
  const errors = [...checkBinding(object, namespaced), ...validateObjectMetaUpdate(object.metadata, old.metadata)];
  if (!sameValue(object.roleRef, old.roleRef)) errors.push(invalidValue('roleRef', goStruct('rbac.v1.RoleRef', object.roleRef), 'cannot change roleRef'));
  return errors;
}

export const role = kind<Role>({
  create: checkRole,
  update: (object, old) => [...checkRole(object), ...validateObjectMetaUpdate(object.metadata, old.metadata)],
});

export const clusterRole = kind<ClusterRole>({
  create: (object) => checkClusterRole(object),
  update: (object, old) => [...checkClusterRole(object, old), ...validateObjectMetaUpdate(object.metadata, old.metadata)],
});

export const roleBinding = kind<RoleBinding>({
  create: (object) => checkBinding(object, true),
  update: (object, old) => checkBindingUpdate(object, old, true),
});

export const clusterRoleBinding = kind<ClusterRoleBinding>({
  create: (object) => checkBinding(object, false),
  update: (object, old) => checkBindingUpdate(object, old, false),
});
