// Does an RBAC rule allow a request, and how are rules shown to people whose grant is refused? The first is asked on
// every request.
import type { PolicyRule } from '#api/rbac/v1.ts';
import type { Attributes } from '../contract.ts';

/** True when a list names the value, or all. */
function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value));
}

function resourceMatches(rule: PolicyRule, resource: string, subresource: string): boolean {
  const list = rule.resources;
  if (list === undefined) return false;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  if (list.includes('*') || list.includes(combined)) return true;
  return subresource !== '' && list.includes(`*/${subresource}`);
}

function urlMatches(urls: readonly string[] | undefined, path: string): boolean {
  return urls?.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) === true;
}

/** True when the rule allows the request. */
export function ruleAllows(rule: PolicyRule, request: Attributes): boolean {
  if (!has(rule.verbs, request.verb)) return false;
  if (!request.isResourceRequest) return urlMatches(rule.nonResourceURLs, request.path);
  return (
    has(rule.apiGroups, request.apiGroup) &&
    resourceMatches(rule, request.resource, request.subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(request.name))
  );
}

/** Rules for one resource each, with all their verbs together; others as they are. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact = new Map<string, PolicyRule & { verbs: string[] }>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    if (apiGroups.length !== 1 || resources.length !== 1 || resourceNames.length > 1 || nonResourceURLs.length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = compact.get(key);
    if (known === undefined) compact.set(key, { ...rule, verbs: [...rule.verbs] });
    else known.verbs.push(...rule.verbs);
  }
  return [...others, ...compact.values()];
}

/** A rule in the compact form of upstream's refusals: {APIGroups:[""], Resources:["pods"], Verbs:["get"]}. */
export function ruleText(rule: PolicyRule): string {
  const list = (items: readonly string[]): string => `[${items.map((i) => JSON.stringify(i)).join(' ')}]`;
  const parts: string[] = [];
  if (rule.apiGroups !== undefined && rule.apiGroups.length > 0) parts.push(`APIGroups:${list(rule.apiGroups)}`);
  if (rule.resources !== undefined && rule.resources.length > 0) parts.push(`Resources:${list(rule.resources)}`);
  if (rule.nonResourceURLs !== undefined && rule.nonResourceURLs.length > 0) parts.push(`NonResourceURLs:${list(rule.nonResourceURLs)}`);
  if (rule.resourceNames !== undefined && rule.resourceNames.length > 0) parts.push(`ResourceNames:${list(rule.resourceNames)}`);
  parts.push(`Verbs:${list(rule.verbs)}`);
  return `{${parts.join(', ')}}`;
}
