// Brings the cluster's RBAC objects up to the default policy when a server starts (rbac/bootstrap-roles): creates
// what is missing, adds missing rules and subjects, leaves the rest.
import type { ClusterRole, ClusterRoleBinding, Subject } from '#api/rbac/v1.ts';
import { atOnce, isAlreadyExists, isConflict, jsonEqual } from '#machinery';
import type { KubeObject, ObjectWriter, PostStartHook } from '../contract.ts';
import { defaultPolicy } from './default-policy.ts';
import type { RoleFeatures } from './feature-roles.ts';
import { uncovered } from './rule-cover.ts';

const group = 'rbac.authorization.k8s.io';
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
}

type Texts = Readonly<Record<string, string>>;

function withAll(have: Texts | undefined, want: Texts | undefined): Texts | undefined {
  const missing = Object.entries(want ?? {}).filter(([key]) => have?.[key] === undefined);
  return missing.length === 0 ? undefined : { ...have, ...Object.fromEntries(missing) };
}

function metadataOf(wanted: KubeObject, found: KubeObject): Partial<KubeObject> {
  const labels = withAll(found.metadata?.labels, wanted.metadata?.labels);
  const annotations = withAll(found.metadata?.annotations, wanted.metadata?.annotations);
  if (labels === undefined && annotations === undefined) return {};
  return { metadata: { ...found.metadata, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) } };
}

/** What is missing of a binding: other things stay, but its role is what it is. */
function bindingChange(wanted: KubeObject & ClusterRoleBinding, found: KubeObject & ClusterRoleBinding): Partial<KubeObject> {
  const have = found.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((s) => !have.some((h) => sameSubject(h, s)));
  return {
    ...metadataOf(wanted, found), ...(missing.length === 0 ? {} : { subjects: [...have, ...missing] }), ...(jsonEqual(wanted.roleRef, found.roleRef) ? {} : { roleRef: wanted.roleRef }),
  };
}

/** What is missing of a role. An aggregated role's rules are the aggregation controller's to write. */
function roleChange(wanted: KubeObject & ClusterRole, found: KubeObject & ClusterRole): Partial<KubeObject> {
  const selectors = found.aggregationRule?.clusterRoleSelectors ?? [];
  const more = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter((selector) => !selectors.some((own) => jsonEqual(own, selector)));
  const missing = wanted.aggregationRule === undefined ? atOnce(uncovered(found.rules ?? [], wanted.rules ?? [], Infinity)) : [];
  return {
    ...metadataOf(wanted, found),
    ...(missing.length === 0 ? {} : { rules: [...(found.rules ?? []), ...missing] }),
    ...(more.length === 0 ? {} : { aggregationRule: { ...found.aggregationRule, clusterRoleSelectors: [...selectors, ...more] } }),
  };
}

function isBinding(object: KubeObject): object is KubeObject & ClusterRoleBinding {
  return 'roleRef' in object;
}

/** The fields to change, or undefined when the object already gives all that it should. */
function changeOf(wanted: KubeObject, found: KubeObject): Partial<KubeObject> | undefined {
  if (found.metadata?.annotations?.[autoUpdate] === 'false') return undefined;
  const change = isBinding(wanted) && isBinding(found) ? bindingChange(wanted, found) : roleChange(wanted as KubeObject & ClusterRole, found as KubeObject & ClusterRole);
  return Object.keys(change).length === 0 ? undefined : change;
}

async function ensure(writer: ObjectWriter, resource: string, object: KubeObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata ?? {};
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await writer.lookup(group, resource, namespace, name);
    try {
      if (found === undefined) await writer.create(group, resource, object);
      else {
        const change = changeOf(object, found);
        // As the store has it: a binding's role cannot be changed by an update.
        if (change !== undefined) await writer.mutate(group, resource, namespace, name, (stored) => void Object.assign(stored, changeOf(object, stored)), false, '');
      }
      return;
    } catch (error) {
      // Another server of the cluster did the same at the same time: look again.
      if (!isAlreadyExists(error) && !isConflict(error)) throw error;
    }
  }
}

export function rbacPolicyHook(features: RoleFeatures = {}): PostStartHook {
  return {
    name: 'rbac/bootstrap-roles',
    async run(writer) {
      const policy = defaultPolicy(features);
      const all: readonly (readonly [string, readonly object[]])[] = [
        ['clusterroles', policy.clusterRoles],
        ['clusterrolebindings', policy.clusterRoleBindings],
        ['roles', policy.roles],
        ['rolebindings', policy.roleBindings],
      ];
      await Promise.all(all.flatMap(([resource, objects]) => objects.map((object) => ensure(writer, resource, object as KubeObject))));
    },
  };
}
