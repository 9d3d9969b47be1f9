// Field table of admissionregistration/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ApplyConfiguration
  expression 1 string

JSONPatch
  expression 1 string

MatchCondition
  name 1 string ! required
  expression 2 string ! required

MatchResources atomic
  namespaceSelector 1 meta.v1.LabelSelector *
  objectSelector 2 meta.v1.LabelSelector *
  resourceRules 3 list[admissionregistration.v1alpha1.NamedRuleWithOperations] atomic
  excludeResourceRules 4 list[admissionregistration.v1alpha1.NamedRuleWithOperations] atomic
  matchPolicy 7 string * enum(Equivalent,Exact)

MutatingAdmissionPolicy object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1alpha1.MutatingAdmissionPolicySpec !

MutatingAdmissionPolicyBinding object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec !

MutatingAdmissionPolicyBindingSpec
  policyName 1 string
  paramRef 2 admissionregistration.v1alpha1.ParamRef *
  matchResources 3 admissionregistration.v1alpha1.MatchResources *

MutatingAdmissionPolicySpec
  paramKind 1 admissionregistration.v1alpha1.ParamKind *
  matchConstraints 2 admissionregistration.v1alpha1.MatchResources *
  variables 3 list[admissionregistration.v1alpha1.Variable] atomic
  mutations 4 list[admissionregistration.v1alpha1.Mutation] atomic
  failurePolicy 5 string * enum(Fail,Ignore)
  matchConditions 6 list[admissionregistration.v1alpha1.MatchCondition] keys(name) merge(name)
  reinvocationPolicy 7 string enum(IfNeeded,Never)

Mutation
  patchType 2 string ! required enum(ApplyConfiguration,JSONPatch)
  applyConfiguration 3 admissionregistration.v1alpha1.ApplyConfiguration *
  jsonPatch 4 admissionregistration.v1alpha1.JSONPatch *

NamedRuleWithOperations atomic
  resourceNames 1 list[string] atomic
  operations 2.1 list[string] atomic enum(*,CONNECT,CREATE,DELETE,UPDATE)
  apiGroups 2.2.1 list[string] atomic
  apiVersions 2.2.2 list[string] atomic
  resources 2.2.3 list[string] atomic
  scope 2.2.4 string * enum(*,Cluster,Namespaced)

ParamKind atomic
  apiVersion 1 string
  kind 2 string

ParamRef atomic
  name 1 string
  namespace 2 string
  selector 3 meta.v1.LabelSelector *
  parameterNotFoundAction 4 string * enum(Allow,Deny)

Variable
  name 1 string ! required
  expression 2 string ! required
`;
