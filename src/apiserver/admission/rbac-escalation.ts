// Nobody may grant what he does not hold: writing roles needs every permission in them or the verb `escalate`,
// writing bindings needs the role's permissions or the verb `bind`. Upstream does this in the RBAC storage.
import type { ClusterRole, PolicyRule, RoleBinding } from '#api/rbac/v1.ts';
import { forbidden, inSlices, jsonEqual, notFound } from '#machinery';
import { compactRules, ruleText, uncovered, type RbacAuthorizer } from '../authz/index.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, KubeObject } from '../contract.ts';
import { changesOnlyOwnership } from './ownership-only.ts';

const group = 'rbac.authorization.k8s.io';

const everything: readonly PolicyRule[] = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }];

async function mayVerb(authorizer: Authorizer, request: AdmissionRequest, verb: string, resource: string, name: string): Promise<boolean> {
  const verdict = await authorizer.authorize({
    user: request.user, isResourceRequest: true, verb, path: '', apiGroup: group, apiVersion: '*', namespace: request.namespace, resource, subresource: '', name,
  });
  return verdict.decision === 'allow';
}

function refused(request: AdmissionRequest, message: string): Error {
  return forbidden({ group, resource: request.resource.plural }, request.name, message);
}

async function problemOf(rbac: RbacAuthorizer, request: AdmissionRequest, wanted: readonly PolicyRule[]): Promise<string | undefined> {
  const { rules, errors } = rbac.rulesFor(request.user, request.namespace);
  const missing = await inSlices(uncovered(rules, wanted));
  if (missing.length === 0) return undefined;
  const { name, groups } = request.user;
  const list = [...new Set(compactRules(missing).map(ruleText))].sort().join('\n');
  const held = `user ${JSON.stringify(name)} (groups=[${groups.map((g) => JSON.stringify(g)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${list}`;
  return errors.length === 0 ? held : `${held}; resolution errors: [${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}]`;
}

export function rbacEscalation(rbac: RbacAuthorizer, authorizer: Authorizer): AdmissionPlugin {
  const checkRole = async (request: AdmissionRequest): Promise<void> => {
    const role = request.object as (ClusterRole & KubeObject) | undefined;
    const before = request.oldObject as (ClusterRole & KubeObject) | undefined;
    if (request.resource.plural === 'roles' && before !== undefined && jsonEqual(role?.rules ?? [], before.rules ?? [])) return;
    if (await mayVerb(authorizer, request, 'escalate', request.resource.plural, request.operation === 'CREATE' ? '' : request.name)) return;
    const problem = await problemOf(rbac, request, role?.rules ?? []);
    if (problem !== undefined) throw refused(request, problem);
    // An aggregated role may come to hold anything, so its author must hold everything.
    const aggregates = [role, before].some((each) => (each?.aggregationRule?.clusterRoleSelectors ?? []).length > 0);
    if (aggregates && (await problemOf(rbac, request, everything)) !== undefined) throw refused(request, 'must have cluster-admin privileges to use an aggregationRule');
  };
  const checkBinding = async (request: AdmissionRequest): Promise<void> => {
    const roleRef = (request.object as (RoleBinding & KubeObject) | undefined)?.roleRef;
    if (roleRef === undefined) return;
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await mayVerb(authorizer, request, 'bind', resource, roleRef.name)) return;
    const rules = rbac.rulesOfRole(roleRef, request.namespace);
    if (rules === undefined) throw notFound({ group, resource }, roleRef.name);
    const problem = await problemOf(rbac, request, rules);
    if (problem !== undefined) throw refused(request, problem);
  };
  return {
    name: 'RBACEscalation',
    handles: (operation, resource, subresource) => resource.group === group && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
    async validate(request) {
      const { object, oldObject, user } = request;
      if (user.groups.includes('system:masters') || object === undefined || (oldObject !== undefined && changesOnlyOwnership(object, oldObject))) return;
      if (request.resource.plural.endsWith('bindings')) await checkBinding(request);
      else await checkRole(request);
    },
  };
}
