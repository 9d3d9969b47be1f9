// Field table of scheduling/v1alpha2: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
BasicSchedulingPolicy

GangSchedulingPolicy
  minCount 1 int32 ! required

PodGroup object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 scheduling.v1alpha2.PodGroupSpec ! required
  status 3 scheduling.v1alpha2.PodGroupStatus !

PodGroupResourceClaim
  name 1 string ! required
  resourceClaimName 2 string *
  resourceClaimTemplateName 3 string *

PodGroupResourceClaimStatus
  name 1 string ! required
  resourceClaimName 2 string *

PodGroupSchedulingConstraints
  topology 1 list[scheduling.v1alpha2.TopologyConstraint] atomic

PodGroupSchedulingPolicy union(:basic=Basic,gang=Gang)
  basic 1 scheduling.v1alpha2.BasicSchedulingPolicy *
  gang 2 scheduling.v1alpha2.GangSchedulingPolicy *

PodGroupSpec
  podGroupTemplateRef 1 scheduling.v1alpha2.PodGroupTemplateReference * !
  schedulingPolicy 2 scheduling.v1alpha2.PodGroupSchedulingPolicy ! required
  schedulingConstraints 3 scheduling.v1alpha2.PodGroupSchedulingConstraints *
  resourceClaims 4 list[scheduling.v1alpha2.PodGroupResourceClaim] keys(name) merge(name) retainKeys
  disruptionMode 5 string * enum(Pod,PodGroup) ="Pod"
  priorityClassName 6 string
  priority 7 int32 *

PodGroupStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)
  resourceClaimStatuses 2 list[scheduling.v1alpha2.PodGroupResourceClaimStatus] keys(name) merge(name) retainKeys

PodGroupTemplate
  name 1 string ! required
  schedulingPolicy 2 scheduling.v1alpha2.PodGroupSchedulingPolicy ! required
  schedulingConstraints 3 scheduling.v1alpha2.PodGroupSchedulingConstraints * !
  resourceClaims 4 list[scheduling.v1alpha2.PodGroupResourceClaim] keys(name) merge(name) retainKeys
  disruptionMode 5 string * enum(Pod,PodGroup)
  priorityClassName 6 string
  priority 7 int32 *

PodGroupTemplateReference union(:workload=Workload)
  workload 1 scheduling.v1alpha2.WorkloadPodGroupTemplateReference * !

TopologyConstraint
  key 1 string ! required

TypedLocalObjectReference
  apiGroup 1 string
  kind 2 string ! required
  name 3 string ! required

Workload object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 scheduling.v1alpha2.WorkloadSpec ! required

WorkloadPodGroupTemplateReference
  workloadName 1 string ! required
  podGroupTemplateName 2 string ! required

WorkloadSpec
  controllerRef 1 scheduling.v1alpha2.TypedLocalObjectReference *
  podGroupTemplates 2 list[scheduling.v1alpha2.PodGroupTemplate] ! required keys(name)
`;
