// Turns the compact tables of default roles into RBAC objects and keeps the cluster's copies at least as
// permissive as they are (upstream: the rbac/bootstrap-roles post-start hook): missing objects are created,
// missing rules and subjects are added, extra ones stay, and `rbac.authorization.kubernetes.io/autoupdate:
// "false"` opts an object out.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '#api/rbac/v1.ts';
import { clusterRoleBindings, clusterRoles, namespaceRoles, roleBindings } from './default-cluster-roles.ts';
import { controllerRoles } from './default-controller-roles.ts';
import { tablesOf, type RoleFeatures } from './feature-roles.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';
const labelPrefix = 'rbac.authorization.k8s.io/';
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

export interface DefaultPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

function parseRule(line: string): PolicyRule {
  const [verbs = '', groups = '', third = '', names] = line.trim().split(' ');
  if (groups === 'url') return { nonResourceURLs: third.split(','), verbs: verbs.split(',') };
  return {
    apiGroups: groups.split(',').map((group) => (group === '-' ? '' : group)),
    resources: third.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
    verbs: verbs.split(','),
  };
}

interface RoleEntry {
  readonly name: string;
  readonly plus: readonly string[];
  readonly aggregates: readonly string[];
  readonly rules: readonly PolicyRule[];
}

function parseRoles(table: string): RoleEntry[] {
  const entries: (RoleEntry & { rules: PolicyRule[] })[] = [];
  for (const line of rows(table)) {
    if (line.startsWith(' ')) {
      entries.at(-1)?.rules.push(parseRule(line));
      continue;
    }
    const [name = '', ...flags] = line.split(' ');
    const flagged = (mark: string): string[] => flags.filter((f) => f.startsWith(mark)).map((f) => labelPrefix + f.slice(1));
    entries.push({ name, plus: flagged('+'), aggregates: flagged('<'), rules: [] });
  }
  return entries;
}

function clusterRole(entry: RoleEntry): ClusterRole {
  return {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name: entry.name, labels: { ...labels, ...Object.fromEntries(entry.plus.map((l) => [l, 'true'])) }, annotations },
    ...(entry.aggregates.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: entry.aggregates.map((l) => ({ matchLabels: { [l]: 'true' } })) } }),
    rules: [...entry.rules],
  };
}

function split(name: string): [string, string] {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
}

function parseSubject(text: string): Subject {
  const [kind, name = ''] = text.split('=');
  if (kind === 'user') return { kind: 'User', apiGroup, name };
  if (kind === 'group') return { kind: 'Group', apiGroup, name };
  const [namespace, account] = split(name);
  return { kind: 'ServiceAccount', name: account, namespace };
}

function parseBinding(line: string): { name: string; roleRef: RoleRef; subjects: Subject[] } {
  const [name = '', role = '', ...subjects] = line.trim().split(' ');
  const isRole = role.startsWith('role:');
  return {
    name,
    roleRef: { apiGroup, kind: isRole ? 'Role' : 'ClusterRole', name: isRole ? role.slice(5) : role },
    subjects: subjects.map(parseSubject),
  };
}

function rows(table: string): string[] {
  return table.trim() === '' ? [] : table.trim().split('\n');
}

/** The rules of one role of a table. */
export function rulesOfTable(table: string, name: string): readonly PolicyRule[] {
  return parseRoles(table).find((entry) => entry.name === name)?.rules ?? [];
}

/** The roles of several tables; what a later one says of a role that is there already is added to it. */
function mergedRoles(tables: readonly string[]): RoleEntry[] {
  const merged = new Map<string, RoleEntry>();
  for (const entry of tables.flatMap(parseRoles)) {
    const before = merged.get(entry.name);
    merged.set(entry.name, before === undefined ? entry : { ...before, rules: [...before.rules, ...entry.rules] });
  }
  return [...merged.values()];
}

/** All default RBAC objects, in upstream's order. */
export function defaultPolicy(features: RoleFeatures = {}): DefaultPolicy {
  const more = tablesOf(features);
  const controllers = mergedRoles([controllerRoles, ...more.map((tables) => tables.controllerRoles)]);
  return {
    clusterRoles: [...mergedRoles([clusterRoles, ...more.map((tables) => tables.clusterRoles)]), ...controllers].map(clusterRole),
    clusterRoleBindings: [
      ...[clusterRoleBindings, ...more.map(({ bindings }) => bindings)].flatMap(rows).map((line): ClusterRoleBinding => {
        const { name, roleRef, subjects } = parseBinding(line);
        return { apiVersion, kind: 'ClusterRoleBinding', metadata: { name, labels, annotations }, roleRef, subjects };
      }),
      ...controllers.map(
        ({ name }): ClusterRoleBinding => ({
          apiVersion,
          kind: 'ClusterRoleBinding',
          metadata: { name, labels, annotations },
          roleRef: { apiGroup, kind: 'ClusterRole', name },
          subjects: [{ kind: 'ServiceAccount', name: name.slice('system:controller:'.length), namespace: 'kube-system' }],
        }),
      ),
    ],
    roles: parseRoles(namespaceRoles).map((entry): Role => {
      const [namespace, name] = split(entry.name);
      return { apiVersion, kind: 'Role', metadata: { name, namespace, labels, annotations }, rules: [...entry.rules] };
    }),
    roleBindings: rows(roleBindings).map((line): RoleBinding => {
      const { name: full, roleRef, subjects } = parseBinding(line);
      const [namespace, name] = split(full);
      return { apiVersion, kind: 'RoleBinding', metadata: { name, namespace, labels, annotations }, roleRef, subjects };
    }),
  };
}
