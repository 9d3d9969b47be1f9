// What an audit policy must fulfil, in upstream's words (apis/audit/validation).
import { child, dns1123SubdomainErrors, index, invalidValue, notSupported, required, type FieldError } from '#machinery';
import type { Policy, PolicyRule } from './policy.ts';

const levels = ['None', 'Metadata', 'Request', 'RequestResponse'];
const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

export function validatePolicy(policy: Policy): FieldError[] {
  return [...stageErrors(policy.omitStages ?? [], 'omitStages'), ...(policy.rules ?? []).flatMap((rule, at) => ruleErrors(rule, index('rules', at)))];
}

function ruleErrors(rule: PolicyRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { level = '' } = rule as { level?: string };
  const levelAt = child(path, 'level');
  if (level === '') errors.push(required(levelAt, ''));
  else if (!levels.includes(level)) errors.push(notSupported(levelAt, level, levels));
  const urls = rule.nonResourceURLs ?? [];
  const urlsAt = child(path, 'nonResourceURLs');
  urls.forEach((url, at) => errors.push(...urlErrors(url, index(urlsAt, at))));
  const resources = rule.resources ?? [];
  const resourcesAt = child(path, 'resources');
  for (const { group = '', resources: names = [], resourceNames = [] } of resources) {
    const problems = group === '' || group === '*' ? [] : dns1123SubdomainErrors(group);
    if (problems.length > 0) errors.push(invalidValue(child(resourcesAt, 'group'), group, problems.join(',')));
    if (resourceNames.length > 0 && names.length === 0) errors.push(invalidValue(child(resourcesAt, 'resourceNames'), resourceNames, 'using resourceNames requires at least one resource'));
  }
  errors.push(...stageErrors(rule.omitStages ?? [], child(path, 'omitStages')));
  if (urls.length > 0 && (resources.length > 0 || (rule.namespaces ?? []).length > 0)) {
    errors.push(invalidValue(urlsAt, urls, 'rules cannot apply to both regular resources and non-resource URLs'));
  }
  return errors;
}

function urlErrors(url: string, path: string): FieldError[] {
  if (url === '*') return [];
  const errors: FieldError[] = [];
  if (!url.startsWith('/')) errors.push(invalidValue(path, url, "non-resource URL rules must begin with a '/' character"));
  if (url.slice(0, -1).includes('*')) errors.push(invalidValue(path, url, "non-resource URL wildcards '*' must be the final character of the rule"));
  return errors;
}

function stageErrors(given: readonly string[], path: string): FieldError[] {
  return given.flatMap((stage, at) => (stages.includes(stage) ? [] : [invalidValue(index(path, at), stage, `allowed stages are ${stages.join(',')}`)]));
}
