// Field table of flowcontrol/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ExemptPriorityLevelConfiguration
  nominalConcurrencyShares 1 int32 *
  lendablePercent 2 int32 *

FlowDistinguisherMethod
  type 1 string ! required

FlowSchema object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 flowcontrol.v1.FlowSchemaSpec !
  status 3 flowcontrol.v1.FlowSchemaStatus !

FlowSchemaCondition
  type 1 string
  status 2 string
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

FlowSchemaList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[flowcontrol.v1.FlowSchema] ! required

FlowSchemaSpec
  priorityLevelConfiguration 1 flowcontrol.v1.PriorityLevelConfigurationReference ! required
  matchingPrecedence 2 int32 !
  distinguisherMethod 3 flowcontrol.v1.FlowDistinguisherMethod *
  rules 4 list[flowcontrol.v1.PolicyRulesWithSubjects] atomic

FlowSchemaStatus
  conditions 1 list[flowcontrol.v1.FlowSchemaCondition] keys(type) merge(type)

GroupSubject
  name 1 string ! required

LimitResponse union(type:queuing=Queuing)
  type 1 string ! required
  queuing 2 flowcontrol.v1.QueuingConfiguration *

LimitedPriorityLevelConfiguration
  nominalConcurrencyShares 1 int32 * !
  limitResponse 2 flowcontrol.v1.LimitResponse !
  lendablePercent 3 int32 *
  borrowingLimitPercent 4 int32 *

NonResourcePolicyRule
  verbs 1 list[string] ! required set
  nonResourceURLs 6 list[string] ! required set

PolicyRulesWithSubjects
  subjects 1 list[flowcontrol.v1.Subject] ! required atomic
  resourceRules 2 list[flowcontrol.v1.ResourcePolicyRule] atomic
  nonResourceRules 3 list[flowcontrol.v1.NonResourcePolicyRule] atomic

PriorityLevelConfiguration object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 flowcontrol.v1.PriorityLevelConfigurationSpec !
  status 3 flowcontrol.v1.PriorityLevelConfigurationStatus !

PriorityLevelConfigurationCondition
  type 1 string
  status 2 string
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

PriorityLevelConfigurationList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[flowcontrol.v1.PriorityLevelConfiguration] ! required

PriorityLevelConfigurationReference
  name 1 string ! required

PriorityLevelConfigurationSpec union(type:exempt=Exempt,limited=Limited)
  type 1 string ! required
  limited 2 flowcontrol.v1.LimitedPriorityLevelConfiguration *
  exempt 3 flowcontrol.v1.ExemptPriorityLevelConfiguration *

PriorityLevelConfigurationStatus
  conditions 1 list[flowcontrol.v1.PriorityLevelConfigurationCondition] keys(type) merge(type)

QueuingConfiguration
  queues 1 int32 !
  handSize 2 int32 !
  queueLengthLimit 3 int32 !

ResourcePolicyRule
  verbs 1 list[string] ! required set
  apiGroups 2 list[string] ! required set
  resources 3 list[string] ! required set
  clusterScope 4 bool
  namespaces 5 list[string] ! set

ServiceAccountSubject
  namespace 1 string ! required
  name 2 string ! required

Subject union(kind:group=Group,serviceAccount=ServiceAccount,user=User)
  kind 1 string ! required
  user 2 flowcontrol.v1.UserSubject *
  group 3 flowcontrol.v1.GroupSubject *
  serviceAccount 4 flowcontrol.v1.ServiceAccountSubject *

UserSubject
  name 1 string ! required
`;
