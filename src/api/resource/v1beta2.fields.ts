// Field table of resource/v1beta2: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AllocatedDeviceStatus
  driver 1 string ! required
  pool 2 string ! required
  device 3 string ! required
  shareID 7 string *
  conditions 4 list[meta.v1.Condition] ! keys(type)
  data 5 rawExtension *
  networkData 6 resource.v1beta2.NetworkDeviceData *

AllocationResult
  devices 1 resource.v1beta2.DeviceAllocationResult !
  nodeSelector 3 core.v1.NodeSelector *
  allocationTimestamp 5 time *

CELDeviceSelector
  expression 1 string ! required

CapacityRequestPolicy
  default 1 quantity * !
  validValues 3 list[quantity] atomic
  validRange 4 resource.v1beta2.CapacityRequestPolicyRange *

CapacityRequestPolicyRange
  min 1 quantity * required
  max 2 quantity *
  step 3 quantity *

CapacityRequirements
  requests 1 map[quantity]

Counter
  value 1 quantity ! required

CounterSet
  name 1 string ! required
  counters 2 map[resource.v1beta2.Counter] required

Device
  name 1 string ! required
  attributes 2 map[resource.v1beta2.DeviceAttribute]
  capacity 3 map[resource.v1beta2.DeviceCapacity]
  consumesCounters 4 list[resource.v1beta2.DeviceCounterConsumption] atomic
  nodeName 5 string *
  nodeSelector 6 core.v1.NodeSelector *
  allNodes 7 bool *
  taints 8 list[resource.v1beta2.DeviceTaint] atomic
  bindsToNode 9 bool *
  bindingConditions 10 list[string] atomic
  bindingFailureConditions 11 list[string] atomic
  allowMultipleAllocations 12 bool *
  nodeAllocatableResourceMappings 13 map[resource.v1beta2.NodeAllocatableResourceMapping]

DeviceAllocationConfiguration
  source 1 string ! required enum(FromClaim,FromClass)
  requests 2 list[string] atomic
  opaque 3.1 resource.v1beta2.OpaqueDeviceConfiguration *

DeviceAllocationResult
  results 1 list[resource.v1beta2.DeviceRequestAllocationResult] atomic
  config 2 list[resource.v1beta2.DeviceAllocationConfiguration] atomic

DeviceAttribute
  int 2 int64 *
  bool 3 bool *
  string 4 string *
  version 5 string *
  ints 6 list[int64] atomic
  bools 7 list[bool] atomic
  strings 8 list[string] atomic
  versions 9 list[string] atomic

DeviceCapacity
  value 1 quantity ! required
  requestPolicy 2 resource.v1beta2.CapacityRequestPolicy *

DeviceClaim
  requests 1 list[resource.v1beta2.DeviceRequest] ! atomic
  constraints 2 list[resource.v1beta2.DeviceConstraint] atomic
  config 3 list[resource.v1beta2.DeviceClaimConfiguration] atomic

DeviceClaimConfiguration
  requests 1 list[string] atomic
  opaque 2.1 resource.v1beta2.OpaqueDeviceConfiguration *

DeviceClass object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.DeviceClassSpec ! required

DeviceClassConfiguration
  opaque 1.1 resource.v1beta2.OpaqueDeviceConfiguration *

DeviceClassSpec
  selectors 1 list[resource.v1beta2.DeviceSelector] atomic
  config 2 list[resource.v1beta2.DeviceClassConfiguration] atomic
  extendedResourceName 4 string *

DeviceConstraint
  requests 1 list[string] atomic
  matchAttribute 2 string *
  distinctAttribute 3 string *

DeviceCounterConsumption
  counterSet 1 string ! required
  counters 2 map[resource.v1beta2.Counter] required

DeviceRequest
  name 1 string ! required
  exactly 2 resource.v1beta2.ExactDeviceRequest *
  firstAvailable 3 list[resource.v1beta2.DeviceSubRequest] atomic

DeviceRequestAllocationResult
  request 1 string ! required
  driver 2 string ! required
  pool 3 string ! required
  device 4 string ! required
  adminAccess 5 bool *
  tolerations 6 list[resource.v1beta2.DeviceToleration] atomic
  bindingConditions 7 list[string] atomic
  bindingFailureConditions 8 list[string] atomic
  shareID 9 string *
  consumedCapacity 10 map[quantity]

DeviceSelector
  cel 1 resource.v1beta2.CELDeviceSelector *

DeviceSubRequest
  name 1 string ! required
  deviceClassName 2 string ! required
  selectors 3 list[resource.v1beta2.DeviceSelector] atomic
  allocationMode 4 string enum(All,ExactCount)
  count 5 int64
  tolerations 6 list[resource.v1beta2.DeviceToleration] atomic
  capacity 7 resource.v1beta2.CapacityRequirements *

DeviceTaint
  key 1 string ! required
  value 2 string
  effect 3 string ! required enum(NoExecute,NoSchedule,None)
  timeAdded 4 time *

DeviceTaintRule object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.DeviceTaintRuleSpec ! required
  status 3 resource.v1beta2.DeviceTaintRuleStatus !

DeviceTaintRuleSpec
  deviceSelector 1 resource.v1beta2.DeviceTaintSelector *
  taint 2 resource.v1beta2.DeviceTaint ! required

DeviceTaintRuleStatus
  conditions 1 list[meta.v1.Condition] keys(type) merge(type)

DeviceTaintSelector
  driver 2 string *
  pool 3 string *
  device 4 string *

DeviceToleration
  key 1 string
  operator 2 string enum(Equal,Exists) ="Equal"
  value 3 string
  effect 4 string enum(NoExecute,NoSchedule,None)
  tolerationSeconds 5 int64 *

ExactDeviceRequest
  deviceClassName 1 string ! required
  selectors 2 list[resource.v1beta2.DeviceSelector] atomic
  allocationMode 3 string enum(All,ExactCount)
  count 4 int64
  adminAccess 5 bool *
  tolerations 6 list[resource.v1beta2.DeviceToleration] atomic
  capacity 7 resource.v1beta2.CapacityRequirements *

NetworkDeviceData
  interfaceName 1 string
  ips 2 list[string] atomic
  hardwareAddress 3 string

NodeAllocatableResourceMapping
  capacityKey 1 string *
  allocationMultiplier 2 quantity *

OpaqueDeviceConfiguration
  driver 1 string ! required
  parameters 2 rawExtension ! required

ResourceClaim object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.ResourceClaimSpec ! required
  status 3 resource.v1beta2.ResourceClaimStatus !

ResourceClaimConsumerReference
  apiGroup 1 string
  resource 3 string ! required
  name 4 string ! required
  uid 5 string ! required

ResourceClaimSpec
  devices 1 resource.v1beta2.DeviceClaim !

ResourceClaimStatus
  allocation 1 resource.v1beta2.AllocationResult *
  reservedFor 2 list[resource.v1beta2.ResourceClaimConsumerReference] keys(uid) merge(uid)
  devices 4 list[resource.v1beta2.AllocatedDeviceStatus] keys(driver,device,pool,shareID)

ResourceClaimTemplate object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.ResourceClaimTemplateSpec ! required

ResourceClaimTemplateSpec
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.ResourceClaimSpec ! required

ResourcePool
  name 1 string ! required
  generation 2 int64 ! required
  resourceSliceCount 3 int64 ! required

ResourceSlice object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 resource.v1beta2.ResourceSliceSpec ! required

ResourceSliceSpec
  driver 1 string ! required
  pool 2 resource.v1beta2.ResourcePool ! required
  nodeName 3 string *
  nodeSelector 4 core.v1.NodeSelector *
  allNodes 5 bool *
  devices 6 list[resource.v1beta2.Device] atomic
  perDeviceNodeSelection 7 bool *
  sharedCounters 8 list[resource.v1beta2.CounterSet] atomic
`;
