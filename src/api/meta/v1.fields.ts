// Field table of meta/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
GroupVersionKind
  group 1 string ! required
  version 2 string ! required
  kind 3 string ! required

GroupVersionResource
  group 1 string ! required
  version 2 string ! required
  resource 3 string ! required

APIGroup object
  name 1 string ! required
  versions 2 list[meta.v1.GroupVersionForDiscovery] ! required atomic
  preferredVersion 3 meta.v1.GroupVersionForDiscovery !
  serverAddressByClientCIDRs 4 list[meta.v1.ServerAddressByClientCIDR] atomic

APIGroupList object
  groups 1 list[meta.v1.APIGroup] ! required atomic

APIResource
  name 1 string ! required
  singularName 6 string ! required
  namespaced 2 bool ! required
  group 8 string
  version 9 string
  kind 3 string ! required
  verbs 4.1 list[string] ! required
  shortNames 5 list[string] atomic
  categories 7 list[string] atomic
  storageVersionHash 10 string

APIResourceList object
  groupVersion 1 string ! required
  resources 2 list[meta.v1.APIResource] ! required atomic

APIVersions object
  versions 1 list[string] ! required atomic
  serverAddressByClientCIDRs 2 list[meta.v1.ServerAddressByClientCIDR] ! required atomic

ApplyOptions object
  dryRun 1 list[string]
  force 2 bool !
  fieldManager 3 string !

Condition
  type 1 string ! required
  status 2 string ! required
  observedGeneration 3 int64
  lastTransitionTime 4 time ! required
  reason 5 string ! required
  message 6 string ! required

CreateOptions object
  dryRun 1 list[string] atomic
  fieldManager 3 string
  fieldValidation 4 string

DeleteOptions object
  gracePeriodSeconds 1 int64 *
  preconditions 2 meta.v1.Preconditions *
  orphanDependents 3 bool *
  propagationPolicy 4 string *
  dryRun 5 list[string] atomic
  ignoreStoreReadErrorWithClusterBreakingPotential 6 bool *

FieldSelectorRequirement
  key 1 string ! required
  operator 2 string ! required
  values 3 list[string] atomic

GetOptions object
  resourceVersion 1 string

GroupVersionForDiscovery
  groupVersion 1 string ! required
  version 2 string ! required

LabelSelector atomic
  matchLabels 1 map[string]
  matchExpressions 2 list[meta.v1.LabelSelectorRequirement] atomic

LabelSelectorRequirement
  key 1 string ! required
  operator 2 string ! required
  values 3 list[string] atomic

List object
  metadata 1 meta.v1.ListMeta !
  items 2 list[rawExtension] ! required

ListMeta
  selfLink 1 string
  resourceVersion 2 string
  continue 3 string
  remainingItemCount 4 int64 *
  shardInfo 5 meta.v1.ShardInfo *

ListOptions object
  labelSelector 1 string
  fieldSelector 2 string
  watch 3 bool
  allowWatchBookmarks 9 bool
  resourceVersion 4 string
  resourceVersionMatch 10 string
  timeoutSeconds 5 int64 *
  limit 7 int64
  continue 8 string
  sendInitialEvents 11 bool *
  shardSelector 15 string

ManagedFieldsEntry
  manager 1 string
  operation 2 string
  apiVersion 3 string
  time 4 time *
  fieldsType 6 string
  fieldsV1 7 fieldsV1 *
  subresource 8 string

ObjectMeta
  name 1 string
  generateName 2 string
  namespace 3 string
  selfLink 4 string
  uid 5 string
  resourceVersion 6 string
  generation 7 int64
  creationTimestamp 8 time
  deletionTimestamp 9 time *
  deletionGracePeriodSeconds 10 int64 *
  labels 11 map[string]
  annotations 12 map[string]
  ownerReferences 13 list[meta.v1.OwnerReference] keys(uid) merge(uid)
  finalizers 14 list[string] set merge
  managedFields 17 list[meta.v1.ManagedFieldsEntry] atomic

OwnerReference atomic
  apiVersion 5 string ! required
  kind 1 string ! required
  name 3 string ! required
  uid 4 string ! required
  controller 6 bool *
  blockOwnerDeletion 7 bool *

PartialObjectMetadata object
  metadata 1 meta.v1.ObjectMeta !

PartialObjectMetadataList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[meta.v1.PartialObjectMetadata] ! required

Patch

PatchOptions object
  dryRun 1 list[string] atomic
  force 2 bool *
  fieldManager 3 string
  fieldValidation 4 string

Preconditions
  uid 1 string *
  resourceVersion 2 string *

RootPaths
  paths 1 list[string] !

ServerAddressByClientCIDR
  clientCIDR 1 string ! required
  serverAddress 2 string ! required

ShardInfo
  selector 1 string ! required

Status object
  metadata 1 meta.v1.ListMeta !
  status 2 string
  message 3 string
  reason 4 string
  details 5 meta.v1.StatusDetails *
  code 6 int32

StatusCause
  reason 1 string
  message 2 string
  field 3 string

StatusDetails
  name 1 string
  group 2 string
  kind 3 string
  uid 6 string
  causes 4 list[meta.v1.StatusCause] atomic
  retryAfterSeconds 5 int32

Table object
  metadata - meta.v1.ListMeta !
  columnDefinitions - list[meta.v1.TableColumnDefinition] ! required atomic
  rows - list[meta.v1.TableRow] ! required atomic

TableColumnDefinition
  name - string ! required
  type - string ! required
  format - string ! required
  description - string ! required
  priority - int32 ! required

TableOptions object
  includeObject 1 string

TableRow
  cells - list[rawExtension] ! required atomic
  conditions - list[meta.v1.TableRowCondition] atomic
  object - rawExtension !

TableRowCondition
  type - string ! required
  status - string ! required
  reason - string
  message - string

UpdateOptions object
  dryRun 1 list[string] atomic
  fieldManager 2 string
  fieldValidation 3 string

WatchEvent
  type 1 string ! required
  object 2 rawExtension ! required

GroupResource
  group 1 string ! required
  resource 2 string ! required
`;
