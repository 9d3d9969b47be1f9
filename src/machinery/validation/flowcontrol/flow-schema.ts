// FlowSchemas: who is matched by which rules (KEP-1040). The two mandatory ones keep their fixed spec.
import type { FlowSchema, FlowSchemaSpec, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '#api/flowcontrol/v1.ts';
import { child, duplicate, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsLabel, nameIsSubdomain } from '../../names.ts';
import { sameValue } from '../meta/object-meta.ts';
import { checkMeta, kind } from '../validator.ts';
import { goStruct } from '../go-struct.ts';

const highestPrecedence = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

const groups = (...names: readonly string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const everyPath = { verbs: ['*'], nonResourceURLs: ['*'] };

/** The schemas that the server itself keeps. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [{ subjects: groups('system:masters'), resourceRules: [all], nonResourceRules: [everyPath] }],
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: highestPrecedence,
    distinguisherMethod: { type: 'ByUser' },
    rules: [{ subjects: groups('system:unauthenticated', 'system:authenticated'), resourceRules: [all], nonResourceRules: [everyPath] }],
  },
};

function checkSpec(spec: FlowSchemaSpec, name: string): FieldError[] {
  const errors: FieldError[] = [];
  const precedence = spec.matchingPrecedence ?? 0;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) errors.push(invalidValue(at, precedence, 'must be a positive value'));
  if (precedence > highestPrecedence) errors.push(invalidValue(at, precedence, `must not be greater than ${highestPrecedence}`));
  if (precedence === 1 && name !== 'exempt') errors.push(invalidValue(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = spec.distinguisherMethod ?? undefined;
  if (method !== undefined && method.type !== 'ByUser' && method.type !== 'ByNamespace') {
    errors.push(notSupported('spec.distinguisherMethod.type', goStruct('flowcontrol.v1.FlowDistinguisherMethod', method), ['ByNamespace', 'ByUser']));
  }
  const level = spec.priorityLevelConfiguration?.name ?? '';
  const levelPath = 'spec.priorityLevelConfiguration.name';
  if (level === '') errors.push(required(levelPath, 'must reference a priority level'));
  else for (const message of nameIsSubdomain(level, false)) errors.push(invalidValue(levelPath, level, message));
  for (const [i, rule] of (spec.rules ?? []).entries()) errors.push(...checkRule(rule, index('spec.rules', i)));
  return errors;
}

function checkRule(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const subjects = rule.subjects ?? [];
  if (subjects.length === 0) errors.push(required(child(path, 'subjects'), 'subjects must contain at least one value'));
  for (const [i, subject] of subjects.entries()) errors.push(...checkSubject(subject, index(child(path, 'subjects'), i)));
  const resourceRules = rule.resourceRules ?? [];
  const nonResourceRules = rule.nonResourceRules ?? [];
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  for (const [i, inner] of resourceRules.entries()) errors.push(...checkResourceRule(inner, index(child(path, 'resourceRules'), i)));
  for (const [i, inner] of nonResourceRules.entries()) errors.push(...checkNonResourceRule(inner, index(child(path, 'nonResourceRules'), i)));
  return errors;
}

/** The member that goes with each kind of subject. */
const subjectMembers = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function checkSubject(subject: Subject, path: string): FieldError[] {
  const kinds = Object.keys(subjectMembers);
  const errors: FieldError[] = [];
  const own = subjectMembers[subject.kind as keyof typeof subjectMembers] as (typeof subjectMembers)[keyof typeof subjectMembers] | undefined;
  if (own === undefined) return [notSupported(child(path, 'kind'), subject.kind ?? '', ['Group', 'ServiceAccount', 'User'])];
  const at = child(path, own);
  const member = subject[own];
  if (!member) errors.push(required(at, `${own} is required when subject kind is '${subject.kind}'`));
  else if (own === 'serviceAccount') errors.push(...checkServiceAccount(subject.serviceAccount?.name ?? '', subject.serviceAccount?.namespace ?? '', at));
  else if ((member.name ?? '') === '') errors.push(required(child(at, 'name'), ''));
  for (const kindName of kinds) {
    const other = subjectMembers[kindName as keyof typeof subjectMembers];
    if (other !== own && subject[other]) errors.push(forbiddenField(child(path, other), `${other} is forbidden when subject kind is not '${kindName}'`));
  }
  return errors;
}

function checkServiceAccount(name: string, namespace: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(child(path, 'name'), ''));
  else if (name !== '*') for (const message of nameIsSubdomain(name, false)) errors.push(invalidValue(child(path, 'name'), name, message));
  if (namespace === '') errors.push(required(child(path, 'namespace'), 'must specify namespace for service account'));
  else for (const message of nameIsLabel(namespace, false)) errors.push(invalidValue(child(path, 'namespace'), namespace, message));
  return errors;
}

function checkVerbs(given: readonly string[] | undefined, path: string): FieldError[] {
  const list = given ?? [];
  if (list.length === 0) return [required(path, 'verbs must contain at least one value')];
  if (list.includes('*')) return list.length > 1 ? [invalidValue(path, list, "if '*' is present, must not specify other verbs")] : [];
  return list.every((verb) => verbs.includes(verb)) ? [] : [notSupported(path, list, verbs)];
}

function checkAloneStar(given: readonly string[] | undefined, path: string, one: string, many: string): FieldError[] {
  const list = given ?? [];
  if (list.length === 0) return [required(path, `resource rules must supply at least one ${one}`)];
  return list.length > 1 && list.includes('*') ? [invalidValue(path, list, `if '*' is present, must not specify other ${many}`)] : [];
}

function checkResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const errors = [
    ...checkVerbs(rule.verbs, child(path, 'verbs')),
    ...checkAloneStar(rule.apiGroups, child(path, 'apiGroups'), 'api group', 'api groups'),
    ...checkAloneStar(rule.resources, child(path, 'resources'), 'resource', 'resources'),
  ];
  const namespaces = rule.namespaces ?? [];
  const at = child(path, 'namespaces');
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    errors.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'));
  } else if (namespaces.includes('*')) {
    if (namespaces.length > 1) errors.push(invalidValue(at, namespaces, "if '*' is present, must not specify other namespaces"));
  } else {
    for (const [i, name] of namespaces.entries()) {
      for (const message of nameIsLabel(name, false)) errors.push(invalidValue(index(at, i), name, `each member of this list must be '*' or a DNS-1123 label; ${message}`));
    }
  }
  return errors;
}

function urlError(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

function checkNonResourceRule(rule: NonResourcePolicyRule, path: string): FieldError[] {
  const errors = checkVerbs(rule.verbs, child(path, 'verbs'));
  const urls = rule.nonResourceURLs ?? [];
  const at = child(path, 'nonResourceURLs');
  if (urls.length === 0) return [...errors, required(at, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*')) {
    if (urls.length > 1) errors.push(invalidValue(at, urls, "if '*' is present, must not specify other non-resource URLs"));
    return errors;
  }
  for (const [i, url] of urls.entries()) {
    const error = urlError(url);
    if (error !== undefined) errors.push(invalidValue(index(at, i), url, error));
  }
  return errors;
}

/** Conditions of flow schemas and priority levels: every type once, none empty. */
export function checkFlowConditions(conditions: readonly { readonly type?: string }[] | undefined): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap(({ type = '' }, i) => {
    const at = child(index('status.conditions', i), 'type');
    const errors = seen.has(type) ? [duplicate(at, type)] : [];
    seen.add(type);
    if (type === '') errors.push(required(at, ''));
    return errors;
  });
}

function checkFlowSchema(object: FlowSchema): FieldError[] {
  const name = object.metadata?.name ?? '';
  const spec = object.spec ?? { priorityLevelConfiguration: { name: '' } };
  const errors = [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkSpec(spec, name)];
  const fixed = Object.hasOwn(mandatoryFlowSchemas, name) ? mandatoryFlowSchemas[name] : undefined;
  if (fixed !== undefined && !sameValue(spec, fixed)) errors.push(invalidValue('spec', goStruct('flowcontrol.v1.FlowSchemaSpec', spec), `spec of '${name}' must equal the fixed value`));
  return [...errors, ...checkFlowConditions(object.status?.conditions)];
}

export const flowSchema = kind<FlowSchema>({
  create: checkFlowSchema,
  update: checkFlowSchema,
  subresources: { status: (object) => checkFlowConditions(object.status?.conditions) },
});
