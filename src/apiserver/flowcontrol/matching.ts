// Which requests a FlowSchema is about: one rule must name both who asks and what for. Verbs, groups, resources and
// namespaces match literally or by a lone "*"; paths may end in "*", and stand for all below them in any case.
import type { FlowSchema, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '#api/flowcontrol/v1.ts';
import type { Identity, RequestInfo } from '../contract.ts';

export function matchesSchema(schema: FlowSchema, user: Identity, info: RequestInfo): boolean {
  return (schema.spec?.rules ?? []).some((rule) => matchesRule(rule, user, info));
}

function matchesRule(rule: PolicyRulesWithSubjects, user: Identity, info: RequestInfo): boolean {
  if (!rule.subjects.some((subject) => matchesSubject(subject, user))) return false;
  if (info.isResourceRequest) return (rule.resourceRules ?? []).some((resources) => matchesResource(resources, info));
  return (rule.nonResourceRules ?? []).some((paths) => matchesPath(paths, info));
}

const accountPrefix = 'system:serviceaccount:';

function matchesSubject(subject: Subject, user: Identity): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name);
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || user.groups.includes(subject.group.name));
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false;
      const { namespace, name } = subject.serviceAccount;
      return name === '*' ? user.name.startsWith(`${accountPrefix}${namespace}:`) : user.name === `${accountPrefix}${namespace}:${name}`;
    }
    default:
      return false;
  }
}

function isNamed(list: readonly string[], value: string): boolean {
  return (list.length === 1 && list[0] === '*') || list.includes(value);
}

function matchesResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  if (!isNamed(rule.verbs, info.verb)) return false;
  if (!isNamed(rule.resources, info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`)) return false;
  if (!isNamed(rule.apiGroups, info.apiGroup)) return false;
  return info.namespace === '' ? rule.clusterScope === true : isNamed(rule.namespaces ?? [], info.namespace);
}

function matchesPath(rule: NonResourcePolicyRule, info: RequestInfo): boolean {
  if (!isNamed(rule.verbs, info.verb)) return false;
  return rule.nonResourceURLs.some((url) => {
    if (url === '*' || url === info.path) return true;
    const stem = url.endsWith('*') ? url.slice(0, -1) : url;
    return info.path.startsWith(stem.endsWith('/') ? stem : `${stem}/`);
  });
}

/** The order in which schemas are asked: by precedence, then by name. */
export function byPrecedence(a: FlowSchema, b: FlowSchema): number {
  const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
  if (difference !== 0) return difference;
  const [nameA, nameB] = [a.metadata?.name ?? '', b.metadata?.name ?? ''];
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}

/** Does any schema tell one namespace from another? */
export function looksAtNamespaces(schemas: readonly FlowSchema[]): boolean {
  return schemas.some((schema) => (schema.spec?.rules ?? []).some((rule) => (rule.resourceRules ?? []).some(({ namespaces = [] }) => namespaces.length > 0 && !(namespaces.length === 1 && namespaces[0] === '*'))));
}
