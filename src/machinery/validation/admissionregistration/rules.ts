// Rules of webhooks and policies: which operations on which resources they are about (upstream's
// admissionregistration/validation). Wildcards must not hide what stands beside them.
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#api/admissionregistration/v1.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsPathSegment } from '../../names.ts';
import { validateLabelSelector } from '../meta/selectors.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
/** There is nothing to mutate in a deletion. */
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
export const matchPolicies = ['Equivalent', 'Exact'];

function onlyWildcard(values: readonly string[], path: string, others: string): FieldError[] {
  return values.length > 1 && values.includes('*') ? [invalidValue(path, values, `if '*' is present, must not specify other ${others}`)] : [];
}

function checkResources(resources: readonly string[], path: string): FieldError[] {
  const errors = resources.length === 0 ? [required(path, '')] : [];
  const wildcardSubresources = new Set<string>();
  const wildcardResources = new Set<string>();
  let hasPlain = false;
  for (const [i, resource] of resources.entries()) {
    const at = index(path, i);
    if (resource === '') {
      errors.push(required(at, ''));
      continue;
    }
    const slash = resource.indexOf('/');
    if (slash < 0) {
      hasPlain = resource !== '*';
      continue;
    }
    const [own, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    if (wildcardSubresources.has(own)) errors.push(invalidValue(at, resource, `if '${own}/*' is present, must not specify ${resource}`));
    if (wildcardResources.has(sub)) errors.push(invalidValue(at, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    if (sub === '*') wildcardSubresources.add(own);
    if (own === '*') wildcardResources.add(sub);
  }
  if (resources.length > 1 && resources.includes('*/*')) errors.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && hasPlain) errors.push(invalidValue(path, resources, "if '*' is present, must not specify other resources without subresources"));
  return errors;
}

export function validateRule(rule: RuleWithOperations, path: string): FieldError[] {
  const { apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  const given = rule.operations ?? [];
  const errors: FieldError[] = [];
  const operationsPath = child(path, 'operations');
  if (given.length === 0) errors.push(required(operationsPath, ''));
  addAll(errors, onlyWildcard(given, operationsPath, 'operations'));
  for (const [i, operation] of given.entries()) {
    if (isEnough(errors)) break;
    if (!operations.includes(operation)) errors.push(notSupported(index(operationsPath, i), operation, operations));
  }
  if (apiGroups.length === 0) errors.push(required(child(path, 'apiGroups'), ''));
  addAll(errors, onlyWildcard(apiGroups, child(path, 'apiGroups'), 'API groups'));
  const versionsPath = child(path, 'apiVersions');
  if (apiVersions.length === 0) errors.push(required(versionsPath, ''));
  addAll(errors, onlyWildcard(apiVersions, versionsPath, 'API versions'));
  for (const [i, version] of apiVersions.entries()) if (version === '') errors.push(required(index(versionsPath, i), ''));
  addAll(errors, checkResources(resources, child(path, 'resources')));
  if (scope !== undefined && !scopes.includes(scope)) errors.push(notSupported(child(path, 'scope'), scope, scopes));
  return errors;
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    const at = index(child(path, 'resourceNames'), i);
    for (const text of nameIsPathSegment(name, false)) errors.push(invalidValue(at, name, text));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  }
  return [...errors, ...validateRule(rule, path)];
}

/** What a policy or binding matches. */
export function validateMatchResources(resources: MatchResources | undefined, path: string): FieldError[] {
  if (resources === undefined) return [];
  const errors: FieldError[] = [];
  const { matchPolicy } = resources;
  if (matchPolicy === undefined) errors.push(required(child(path, 'matchPolicy'), ''));
  else if (!matchPolicies.includes(matchPolicy)) errors.push(notSupported(child(path, 'matchPolicy'), matchPolicy, matchPolicies));
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    if (resources[name] === undefined) errors.push(required(child(path, name), ''));
    else addAll(errors, validateLabelSelector(resources[name], child(path, name)));
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [i, rule] of (resources[name] ?? []).entries()) addAll(errors, validateNamedRule(rule, index(child(path, name), i)));
  }
  return errors;
}

/** What a policy is about: at least one rule. */
export function validateMatchConstraints(resources: MatchResources | undefined, path: string): FieldError[] {
  if (resources === undefined) return [required(path, '')];
  const errors = validateMatchResources(resources, path);
  if ((resources.resourceRules ?? []).length === 0) errors.push(required(child(path, 'resourceRules'), ''));
  return errors;
}

export function validateMutatingOperations(resources: MatchResources | undefined, path: string): FieldError[] {
  return (resources?.resourceRules ?? []).flatMap((rule) => (rule.operations ?? []).flatMap((operation) =>
    mutatingOperations.includes(operation) ? [] : [notSupported(child(path, 'resourceRules', 'operations'), operation, mutatingOperations)]));
}
