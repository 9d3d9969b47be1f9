// Nobody may grant what he does not hold: writing roles needs every permission in them or the verb `escalate`,
// writing bindings needs the role's permissions or the verb `bind`. Upstream does this in the RBAC storage.
import type { ClusterRole, PolicyRule, RoleBinding } from '#api/rbac/v1.ts';
import { forbidden, notFound } from '#machinery';
import { ruleText, uncovered, type RbacAuthorizer } from '../authz/index.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, KubeObject } from '../contract.ts';

const group = 'rbac.authorization.k8s.io';

async function mayVerb(authorizer: Authorizer, request: AdmissionRequest, verb: string, resource: string, namespace: string, name: string): Promise<boolean> {
  const verdict = await authorizer.authorize({
    user: request.user, isResourceRequest: true, verb, path: '', apiGroup: group, apiVersion: 'v1', namespace, resource, subresource: '', name,
  });
  return verdict.decision === 'allow';
}

function requireCover(rbac: RbacAuthorizer, request: AdmissionRequest, namespace: string, wanted: readonly PolicyRule[]): void {
  const missing = uncovered(rbac.rulesFor(request.user, namespace), wanted);
  if (missing.length === 0) return;
  const { name, groups } = request.user;
  const list = [...new Set(missing.map(ruleText))].sort().join('\n');
  throw forbidden(
    { group, resource: request.resource.plural },
    request.name,
    `user ${JSON.stringify(name)} (groups=[${groups.map((g) => JSON.stringify(g)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}

export function rbacEscalation(rbac: RbacAuthorizer, authorizer: Authorizer): AdmissionPlugin {
  const checkRole = async (request: AdmissionRequest): Promise<void> => {
    const role = request.object as (ClusterRole & KubeObject) | undefined;
    const before = request.oldObject as (ClusterRole & KubeObject) | undefined;
    if (JSON.stringify([role?.rules, role?.aggregationRule]) === JSON.stringify([before?.rules, before?.aggregationRule])) return;
    if (await mayVerb(authorizer, request, 'escalate', request.resource.plural, request.namespace, role?.metadata?.name ?? '')) return;
    const wanted: PolicyRule[] = [...(role?.rules ?? [])];
    // An aggregated role may come to hold anything, so its author must hold everything.
    if (role?.aggregationRule !== undefined) wanted.push({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] });
    requireCover(rbac, request, request.namespace, wanted);
  };
  const checkBinding = async (request: AdmissionRequest): Promise<void> => {
    const binding = request.object as (RoleBinding & KubeObject) | undefined;
    if (binding?.roleRef === undefined) return;
    const before = request.oldObject as (RoleBinding & KubeObject) | undefined;
    if (before !== undefined && JSON.stringify([binding.roleRef, binding.subjects]) === JSON.stringify([before.roleRef, before.subjects])) return;
    const resource = binding.roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await mayVerb(authorizer, request, 'bind', resource, request.namespace, binding.roleRef.name)) return;
    const rules = rbac.rulesOfRole(binding.roleRef, request.namespace);
    if (rules === undefined) throw notFound({ group, resource }, binding.roleRef.name);
    requireCover(rbac, request, request.namespace, rules);
  };
  return {
    name: 'RBACEscalation',
    handles: (operation, resource, subresource) => resource.group === group && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    async validate(request) {
      if (request.user.groups.includes('system:masters')) return;
      if (request.resource.plural.endsWith('bindings')) await checkBinding(request);
      else await checkRole(request);
    },
  };
}
