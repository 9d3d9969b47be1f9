// The RBAC authorizer: roles and bindings come from the server's own cache and are compiled into one map from
// subject to rules, rebuilt when any RBAC object changes. Purely additive: it allows or has no opinion.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '#api/rbac/v1.ts';
import type { Attributes, Authorizer, Identity, KubeObject, ObjectReader, Verdict } from '../contract.ts';
import { ruleAllows } from './rule-match.ts';

const group = 'rbac.authorization.k8s.io';
const serviceAccountPrefix = 'system:serviceaccount:';

interface Grant {
  /** '' when the binding is cluster-wide. */
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
  /** For the allow reason: what upstream calls the source. */
  readonly source: string;
}

export interface RbacAuthorizer extends Authorizer {
  /** All rules a user has in a namespace ('' for cluster-wide ones only): SelfSubjectRulesReview, escalation checks. */
  rulesFor(user: Identity, namespace: string): PolicyRule[];
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

  const add = (subjects: readonly Subject[] | undefined, namespace: string, grant: (subject: Subject) => Grant): void => {
    for (const subject of subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const list = grants.get(key);
      if (list === undefined) grants.set(key, [grant(subject)]);
      else list.push(grant(subject));
    }
  };

  const refresh = (): void => {
    const state = ['clusterroles', 'roles', 'clusterrolebindings', 'rolebindings'].map((r) => reader.revision(group, r)).join(' ');
    if (state === builtFrom) return;
    grants = new Map();
    for (const binding of objects<ClusterRoleBinding & KubeObject>('clusterrolebindings')) {
      const rules = rulesOfRole(binding.roleRef, '');
      if (rules === undefined) continue;
      add(binding.subjects, '', (subject) => ({
        namespace: '',
        rules,
        source: `ClusterRoleBinding "${binding.metadata?.name}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subjectText(subject, '')}`,
      }));
    }
    for (const binding of objects<RoleBinding & KubeObject>('rolebindings')) {
      const namespace = binding.metadata?.namespace ?? '';
      const rules = rulesOfRole(binding.roleRef, namespace);
      if (rules === undefined) continue;
      add(binding.subjects, namespace, (subject) => ({
        namespace,
        rules,
        source: `RoleBinding "${binding.metadata?.name}/${namespace}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subjectText(subject, namespace)}`,
      }));
    }
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

  return {
    name: 'RBAC',
    authorize(request: Attributes): Verdict {
      const namespace = request.isResourceRequest ? request.namespace : '';
      for (const grant of grantsOf(request.user, namespace)) {
        for (const rule of grant.rules) {
          if (ruleAllows(rule, request)) return { decision: 'allow', reason: `RBAC: allowed by ${grant.source}` };
        }
      }
      return { decision: 'none', reason: '' };
    },
    rulesFor: (user, namespace) => [...grantsOf(user, namespace)].flatMap((grant) => grant.rules),
    rulesOfRole,
  };
}
