// Field table of rbac/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AggregationRule
  clusterRoleSelectors 1 list[meta.v1.LabelSelector] atomic

ClusterRole object
  metadata 1 meta.v1.ObjectMeta !
  rules 2 list[rbac.v1.PolicyRule] ! atomic
  aggregationRule 3 rbac.v1.AggregationRule *

ClusterRoleBinding object
  metadata 1 meta.v1.ObjectMeta !
  subjects 2 list[rbac.v1.Subject] atomic
  roleRef 3 rbac.v1.RoleRef ! required

ClusterRoleBindingList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[rbac.v1.ClusterRoleBinding] ! required

ClusterRoleList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[rbac.v1.ClusterRole] ! required

PolicyRule
  verbs 1 list[string] ! required atomic
  apiGroups 2 list[string] atomic
  resources 3 list[string] atomic
  resourceNames 4 list[string] atomic
  nonResourceURLs 5 list[string] atomic

Role object
  metadata 1 meta.v1.ObjectMeta !
  rules 2 list[rbac.v1.PolicyRule] ! atomic

RoleBinding object
  metadata 1 meta.v1.ObjectMeta !
  subjects 2 list[rbac.v1.Subject] atomic
  roleRef 3 rbac.v1.RoleRef ! required

RoleBindingList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[rbac.v1.RoleBinding] ! required

RoleList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[rbac.v1.Role] ! required

RoleRef atomic
  apiGroup 1 string !
  kind 2 string ! required
  name 3 string ! required

Subject atomic
  kind 1 string ! required
  apiGroup 2 string
  name 3 string ! required
  namespace 4 string
`;
