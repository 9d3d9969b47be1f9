// Brings the cluster's RBAC objects up to the default policy when a server starts (rbac/bootstrap-roles): creates
// what is missing, adds missing rules and subjects, leaves the rest.
import type { ClusterRole, ClusterRoleBinding, Subject } from '#api/rbac/v1.ts';
import { isAlreadyExists, isConflict } from '#machinery';
import type { KubeObject, ObjectWriter, PostStartHook } from '../contract.ts';
import { defaultPolicy } from './default-policy.ts';
import { uncovered } from './rule-match.ts';

const group = 'rbac.authorization.k8s.io';
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}

/** The object to write, or undefined when it already gives all that it should. */
function reconciled(wanted: KubeObject, found: KubeObject): KubeObject | undefined {
  if (found.metadata?.annotations?.[autoUpdate] === 'false') return undefined;
  if ('roleRef' in wanted) {
    const want = (wanted as KubeObject & ClusterRoleBinding).subjects ?? [];
    const have = (found as KubeObject & ClusterRoleBinding).subjects ?? [];
    const missing = want.filter((s) => !have.some((h) => sameSubject(h, s)));
    return missing.length === 0 ? undefined : { ...found, subjects: [...have, ...missing] };
  }
  const want = (wanted as KubeObject & ClusterRole).rules ?? [];
  const have = (found as KubeObject & ClusterRole).rules ?? [];
  // An aggregated role's rules are the aggregation controller's to write.
  const missing = 'aggregationRule' in wanted ? [] : uncovered(have, want);
  const labels = Object.entries(wanted.metadata?.labels ?? {}).filter(([key, value]) => found.metadata?.labels?.[key] !== value);
  if (missing.length === 0 && labels.length === 0) return undefined;
  return { ...found, metadata: { ...found.metadata, labels: { ...found.metadata?.labels, ...Object.fromEntries(labels) } }, ...(missing.length === 0 ? {} : { rules: [...have, ...missing] }) };
}

async function ensure(writer: ObjectWriter, resource: string, object: KubeObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata ?? {};
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await writer.lookup(group, resource, namespace, name);
    try {
      if (found === undefined) await writer.create(group, resource, object);
      else {
        const next = reconciled(object, found);
        if (next !== undefined) await writer.update(group, resource, next);
      }
      return;
    } catch (error) {
      // Another server of the cluster did the same at the same time: look again.
      if (!isAlreadyExists(error) && !isConflict(error)) throw error;
    }
  }
}

export const rbacPolicyHook: PostStartHook = {
  name: 'rbac/bootstrap-roles',
  async run(writer) {
    const policy = defaultPolicy();
    const all: readonly (readonly [string, readonly object[]])[] = [
      ['clusterroles', policy.clusterRoles],
      ['clusterrolebindings', policy.clusterRoleBindings],
      ['roles', policy.roles],
      ['rolebindings', policy.roleBindings],
    ];
    for (const [resource, objects] of all) await Promise.all(objects.map((object) => ensure(writer, resource, object as KubeObject)));
  },
};
