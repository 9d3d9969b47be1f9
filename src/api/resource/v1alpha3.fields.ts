// Field table of resource/v1alpha3: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
DeviceTaint
  key 1 string ! required
  value 2 string
  effect 3 string ! required enum(NoExecute,NoSchedule,None)
  timeAdded 4 time *

DeviceTaintRule object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1alpha3.DeviceTaintRuleSpec ! required
  status 3 resource.v1alpha3.DeviceTaintRuleStatus !

DeviceTaintRuleSpec
  deviceSelector 1 resource.v1alpha3.DeviceTaintSelector *
  taint 2 resource.v1alpha3.DeviceTaint ! required

DeviceTaintRuleStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)

DeviceTaintSelector
  driver 2 string *
  pool 3 string *
  device 4 string *

PoolStatus
  driver 1 string required
  poolName 2 string required
  generation 9 int64 ! required
  resourceSliceCount 8 int32 *
  totalDevices 4 int32 *
  allocatedDevices 5 int32 *
  availableDevices 6 int32 *
  unavailableDevices 7 int32 *
  nodeName 3 string *
  validationError 10 string *

ResourcePoolStatusRequest object
  metadata 1 meta.v1.ObjectMeta ! required
  spec 2 resource.v1alpha3.ResourcePoolStatusRequestSpec ! required
  status 3 resource.v1alpha3.ResourcePoolStatusRequestStatus *

ResourcePoolStatusRequestSpec
  driver 1 string ! required
  poolName 2 string *
  limit 3 int32 * =100

ResourcePoolStatusRequestStatus
  poolCount 6 int32 * required
  pools 2 list[resource.v1alpha3.PoolStatus] atomic
  conditions 3 list[meta.v1.Condition] keys(type) merge(type)
`;
