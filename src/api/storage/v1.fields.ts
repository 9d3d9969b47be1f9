// Field table of storage/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
CSIDriver object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 storage.v1.CSIDriverSpec ! required

CSIDriverList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.CSIDriver] ! required

CSIDriverSpec
  attachRequired 1 bool *
  podInfoOnMount 2 bool *
  volumeLifecycleModes 3 list[string] set
  storageCapacity 4 bool *
  fsGroupPolicy 5 string *
  tokenRequests 6 list[storage.v1.TokenRequest] atomic
  requiresRepublish 7 bool *
  seLinuxMount 8 bool *
  nodeAllocatableUpdatePeriodSeconds 9 int64 *
  serviceAccountTokenInSecrets 10 bool *
  preventPodSchedulingIfMissing 11 bool *

CSINode object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 storage.v1.CSINodeSpec ! required

CSINodeDriver
  name 1 string ! required
  nodeID 2 string ! required
  topologyKeys 3 list[string] ! atomic
  allocatable 4 storage.v1.VolumeNodeResources *

CSINodeList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.CSINode] ! required

CSINodeSpec
  drivers 1 list[storage.v1.CSINodeDriver] ! required keys(name) merge(name)

CSIStorageCapacity object
  metadata 1 meta.v1.ObjectMeta !
  nodeTopology 2 meta.v1.LabelSelector *
  storageClassName 3 string ! required
  capacity 4 quantity *
  maximumVolumeSize 5 quantity *

CSIStorageCapacityList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.CSIStorageCapacity] ! required

StorageClass object
  metadata 1 meta.v1.ObjectMeta !
  provisioner 2 string ! required
  parameters 3 map[string]
  reclaimPolicy 4 string * enum(Delete,Recycle,Retain)
  mountOptions 5 list[string] atomic
  allowVolumeExpansion 6 bool *
  volumeBindingMode 7 string * enum(Immediate,WaitForFirstConsumer)
  allowedTopologies 8 list[core.v1.TopologySelectorTerm] atomic

StorageClassList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.StorageClass] ! required

TokenRequest
  audience 1 string ! required
  expirationSeconds 2 int64 *

VolumeAttachment object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 storage.v1.VolumeAttachmentSpec ! required
  status 3 storage.v1.VolumeAttachmentStatus !

VolumeAttachmentList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.VolumeAttachment] ! required

VolumeAttachmentSource
  persistentVolumeName 1 string *
  inlineVolumeSpec 2 core.v1.PersistentVolumeSpec *

VolumeAttachmentSpec
  attacher 1 string ! required
  source 2 storage.v1.VolumeAttachmentSource ! required
  nodeName 3 string ! required

VolumeAttachmentStatus
  attached 1 bool ! required
  attachmentMetadata 2 map[string]
  attachError 3 storage.v1.VolumeError *
  detachError 4 storage.v1.VolumeError *

VolumeAttributesClass object
  metadata 1 meta.v1.ObjectMeta !
  driverName 2 string ! required
  parameters 3 map[string]

VolumeAttributesClassList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[storage.v1.VolumeAttributesClass] ! required

VolumeError
  time 1 time !
  message 2 string
  errorCode 3 int32 *

VolumeNodeResources
  count 1 int32 *
`;
