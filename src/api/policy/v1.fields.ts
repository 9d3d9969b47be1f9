// Field table of policy/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Eviction object
  metadata 1 meta.v1.ObjectMeta !
  deleteOptions 2 meta.v1.DeleteOptions *

PodDisruptionBudget object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 policy.v1.PodDisruptionBudgetSpec !
  status 3 policy.v1.PodDisruptionBudgetStatus !

PodDisruptionBudgetList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[policy.v1.PodDisruptionBudget] ! required

PodDisruptionBudgetSpec
  minAvailable 1 intOrString *
  selector 2 meta.v1.LabelSelector * replace
  maxUnavailable 3 intOrString *
  unhealthyPodEvictionPolicy 4 string * enum(AlwaysAllow,IfHealthyBudget)

PodDisruptionBudgetStatus
  observedGeneration 1 int64
  disruptedPods 2 map[time]
  disruptionsAllowed 3 int32 !
  currentHealthy 4 int32 !
  desiredHealthy 5 int32 !
  expectedPods 6 int32 !
  conditions 7 list[meta.v1.Condition] keys(type) merge(type)
`;
