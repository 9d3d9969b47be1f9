// The RBAC authorizer: roles and bindings come from the server's own cache and are compiled into one map from
// subject to rules, rebuilt when any RBAC object changes. Purely additive: it allows or has no opinion.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '#api/rbac/v1.ts';
import type { Attributes, Identity, KubeObject, ObjectReader, Verdict } from '../contract.ts';
import { ruleAllows } from './rule-match.ts';
import { aggregate, rulesOfPolicy, type RuleSource } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
const serviceAccountPrefix = 'system:serviceaccount:';

interface Grant {
  /** '' when the binding is cluster-wide. */
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
  /** For the allow reason: what upstream calls the source. */
  readonly source: string;
  /** The binding's role is not there. */
  readonly problem?: string;
}

export interface RbacAuthorizer extends RuleSource {
  /** All rules a user has in a namespace ('' for cluster-wide ones only), and what could not be resolved: escalation checks. */
  rulesFor(user: Identity, namespace: string): { rules: PolicyRule[]; errors: string[] };
  /** The rules a binding would grant; undefined when the role does not exist. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
}

function subjectKey(subject: Subject, bindingNamespace: string): string {
  if (subject.kind === 'User') return `u:${subject.name}`;
  if (subject.kind === 'Group') return `g:${subject.name}`;
  return `u:${serviceAccountPrefix}${subject.namespace === undefined || subject.namespace === '' ? bindingNamespace : subject.namespace}:${subject.name}`;
}

function subjectText(subject: Subject, bindingNamespace: string): string {
  if (subject.kind === 'ServiceAccount') return `ServiceAccount "${subject.name}/${subject.namespace ?? bindingNamespace}"`;
  return `${subject.kind} "${subject.name}"`;
}

/** The authorizer over the cache. Reads nothing but `reader`. */
export function createRbacAuthorizer(reader: ObjectReader): RbacAuthorizer {
  let builtFrom = '';
  let grants = new Map<string, Grant[]>();

  const objects = <T extends KubeObject>(resource: string): readonly T[] => reader.list(group, resource) as readonly T[];

  const rulesOfRole = (roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined => {
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    const role = reader.get(group, resource, roleRef.kind === 'ClusterRole' ? '' : namespace, roleRef.name);
    return role === undefined ? undefined : ((role as ClusterRole | Role).rules ?? []);
  };

  const addBinding = (binding: (ClusterRoleBinding | RoleBinding) & KubeObject, namespace: string): void => {
    const { roleRef, subjects, metadata } = binding;
    const rules = rulesOfRole(roleRef, namespace);
    const problem = rules === undefined ? { problem: `${roleRef.kind.toLowerCase()}.${group} "${roleRef.name}" not found` } : {};
    const name = namespace === '' ? `ClusterRoleBinding "${metadata?.name}"` : `RoleBinding "${metadata?.name}/${namespace}"`;
    for (const subject of subjects ?? []) {
      const grant: Grant = { namespace, rules: rules ?? [], source: `${name} of ${roleRef.kind} "${roleRef.name}" to ${subjectText(subject, namespace)}`, ...problem };
      const key = subjectKey(subject, namespace);
      const list = grants.get(key);
      if (list === undefined) grants.set(key, [grant]);
      else list.push(grant);
    }
  };

  const refresh = (): void => {
    const state = ['clusterroles', 'roles', 'clusterrolebindings', 'rolebindings'].map((r) => reader.revision(group, r)).join(' ');
    if (state === builtFrom) return;
    grants = new Map();
    for (const binding of objects<ClusterRoleBinding & KubeObject>('clusterrolebindings')) addBinding(binding, '');
    for (const binding of objects<RoleBinding & KubeObject>('rolebindings')) addBinding(binding, binding.metadata?.namespace ?? '');
    builtFrom = state;
  };

  function* grantsOf(user: Identity, namespace: string): Generator<Grant> {
    refresh();
    for (const key of [`u:${user.name}`, ...user.groups.map((g) => `g:${g}`)]) {
      for (const grant of grants.get(key) ?? []) {
        if (grant.namespace === '' || grant.namespace === namespace) yield grant;
      }
    }
  }

  const rulesFor = (user: Identity, namespace: string): { rules: PolicyRule[]; errors: string[] } => {
    const found = [...grantsOf(user, namespace)];
    return { rules: found.flatMap((grant) => grant.rules), errors: found.flatMap((grant) => (grant.problem === undefined ? [] : [grant.problem])) };
  };

  return {
    name: 'RBAC',
    authorize(request: Attributes): Verdict {
      const namespace = request.isResourceRequest ? request.namespace : '';
      let problems: string[] | undefined;
      for (const grant of grantsOf(request.user, namespace)) {
        if (grant.problem !== undefined) (problems ??= []).push(grant.problem);
        for (const rule of grant.rules) {
          if (ruleAllows(rule, request)) return { decision: 'allow', reason: `RBAC: allowed by ${grant.source}` };
        }
      }
      return { decision: 'none', reason: problems === undefined ? '' : `RBAC: ${aggregate(problems)}` };
    },
    knownRules(user, namespace) {
      const { rules, errors } = rulesFor(user, namespace);
      return rulesOfPolicy(rules, aggregate(errors));
    },
    rulesFor,
    rulesOfRole,
  };
}
