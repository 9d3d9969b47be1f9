// Field table of admissionregistration/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ApplyConfiguration
  expression 1 string

AuditAnnotation
  key 1 string ! required
  valueExpression 2 string ! required

ExpressionWarning
  fieldRef 2 string ! required
  warning 3 string ! required

JSONPatch
  expression 1 string

MatchCondition
  name 1 string ! required
  expression 2 string ! required

MatchResources atomic
  namespaceSelector 1 meta.v1.LabelSelector *
  objectSelector 2 meta.v1.LabelSelector *
  resourceRules 3 list[admissionregistration.v1.NamedRuleWithOperations] atomic
  excludeResourceRules 4 list[admissionregistration.v1.NamedRuleWithOperations] atomic
  matchPolicy 7 string * enum(Equivalent,Exact)

MutatingAdmissionPolicy object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1.MutatingAdmissionPolicySpec !

MutatingAdmissionPolicyBinding object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1.MutatingAdmissionPolicyBindingSpec !

MutatingAdmissionPolicyBindingList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.MutatingAdmissionPolicyBinding] ! required

MutatingAdmissionPolicyBindingSpec
  policyName 1 string
  paramRef 2 admissionregistration.v1.ParamRef *
  matchResources 3 admissionregistration.v1.MatchResources *

MutatingAdmissionPolicyList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.MutatingAdmissionPolicy] ! required

MutatingAdmissionPolicySpec
  paramKind 1 admissionregistration.v1.ParamKind *
  matchConstraints 2 admissionregistration.v1.MatchResources *
  variables 3 list[admissionregistration.v1.Variable] atomic
  mutations 4 list[admissionregistration.v1.Mutation] atomic
  failurePolicy 5 string * enum(Fail,Ignore)
  matchConditions 6 list[admissionregistration.v1.MatchCondition] keys(name) merge(name)
  reinvocationPolicy 7 string enum(IfNeeded,Never)

MutatingWebhook
  name 1 string ! required
  clientConfig 2 admissionregistration.v1.WebhookClientConfig ! required
  rules 3 list[admissionregistration.v1.RuleWithOperations] atomic
  failurePolicy 4 string * enum(Fail,Ignore)
  matchPolicy 9 string * enum(Equivalent,Exact)
  namespaceSelector 5 meta.v1.LabelSelector *
  objectSelector 11 meta.v1.LabelSelector *
  sideEffects 6 string * ! required enum(None,NoneOnDryRun,Some,Unknown)
  timeoutSeconds 7 int32 *
  admissionReviewVersions 8 list[string] ! required atomic
  reinvocationPolicy 10 string * enum(IfNeeded,Never)
  matchConditions 12 list[admissionregistration.v1.MatchCondition] keys(name) merge(name)

MutatingWebhookConfiguration object
  metadata 1 meta.v1.ObjectMeta !
  webhooks 2 list[admissionregistration.v1.MutatingWebhook] keys(name) merge(name)

MutatingWebhookConfigurationList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.MutatingWebhookConfiguration] ! required

Mutation
  patchType 2 string ! required enum(ApplyConfiguration,JSONPatch)
  applyConfiguration 3 admissionregistration.v1.ApplyConfiguration *
  jsonPatch 4 admissionregistration.v1.JSONPatch *

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
  parameterNotFoundAction 4 string *

Rule
  apiGroups 1 list[string] atomic
  apiVersions 2 list[string] atomic
  resources 3 list[string] atomic
  scope 4 string * enum(*,Cluster,Namespaced)

RuleWithOperations
  operations 1 list[string] atomic enum(*,CONNECT,CREATE,DELETE,UPDATE)
  apiGroups 2.1 list[string] atomic
  apiVersions 2.2 list[string] atomic
  resources 2.3 list[string] atomic
  scope 2.4 string * enum(*,Cluster,Namespaced)

ServiceReference
  namespace 1 string ! required
  name 2 string ! required
  path 3 string *
  port 4 int32 *

TypeChecking
  expressionWarnings 1 list[admissionregistration.v1.ExpressionWarning] atomic

ValidatingAdmissionPolicy object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1.ValidatingAdmissionPolicySpec !
  status 3 admissionregistration.v1.ValidatingAdmissionPolicyStatus !

ValidatingAdmissionPolicyBinding object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec ! required

ValidatingAdmissionPolicyBindingList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.ValidatingAdmissionPolicyBinding] ! required

ValidatingAdmissionPolicyBindingSpec
  policyName 1 string required
  paramRef 2 admissionregistration.v1.ParamRef *
  matchResources 3 admissionregistration.v1.MatchResources *
  validationActions 4 list[string] required set enum(Audit,Deny,Warn)

ValidatingAdmissionPolicyList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.ValidatingAdmissionPolicy] ! required

ValidatingAdmissionPolicySpec
  paramKind 1 admissionregistration.v1.ParamKind *
  matchConstraints 2 admissionregistration.v1.MatchResources *
  validations 3 list[admissionregistration.v1.Validation] atomic
  failurePolicy 4 string * enum(Fail,Ignore)
  auditAnnotations 5 list[admissionregistration.v1.AuditAnnotation] atomic
  matchConditions 6 list[admissionregistration.v1.MatchCondition] keys(name) merge(name)
  variables 7 list[admissionregistration.v1.Variable] keys(name) merge(name)

ValidatingAdmissionPolicyStatus
  observedGeneration 1 int64
  typeChecking 2 admissionregistration.v1.TypeChecking *
  conditions 3 list[meta.v1.Condition] keys(type)

ValidatingWebhook
  name 1 string ! required
  clientConfig 2 admissionregistration.v1.WebhookClientConfig ! required
  rules 3 list[admissionregistration.v1.RuleWithOperations] atomic
  failurePolicy 4 string * enum(Fail,Ignore)
  matchPolicy 9 string * enum(Equivalent,Exact)
  namespaceSelector 5 meta.v1.LabelSelector *
  objectSelector 10 meta.v1.LabelSelector *
  sideEffects 6 string * ! required enum(None,NoneOnDryRun,Some,Unknown)
  timeoutSeconds 7 int32 *
  admissionReviewVersions 8 list[string] ! required atomic
  matchConditions 11 list[admissionregistration.v1.MatchCondition] keys(name) merge(name)

ValidatingWebhookConfiguration object
  metadata 1 meta.v1.ObjectMeta !
  webhooks 2 list[admissionregistration.v1.ValidatingWebhook] keys(name) merge(name)

ValidatingWebhookConfigurationList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[admissionregistration.v1.ValidatingWebhookConfiguration] ! required

Validation
  expression 1 string ! required
  message 2 string
  reason 3 string *
  messageExpression 4 string

Variable atomic
  name 1 string ! required
  expression 2 string ! required

WebhookClientConfig
  url 3 string *
  service 1 admissionregistration.v1.ServiceReference *
  caBundle 2 bytes
`;
