// Field table of apps/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ControllerRevision object
  metadata 1 meta.v1.ObjectMeta !
  data 2 rawExtension !
  revision 3 int64 ! required

ControllerRevisionList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apps.v1.ControllerRevision] ! required

DaemonSet object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apps.v1.DaemonSetSpec !
  status 3 apps.v1.DaemonSetStatus !

DaemonSetCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

DaemonSetList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apps.v1.DaemonSet] ! required

DaemonSetSpec
  selector 1 meta.v1.LabelSelector * ! required
  template 2 core.v1.PodTemplateSpec ! required
  updateStrategy 3 apps.v1.DaemonSetUpdateStrategy !
  minReadySeconds 4 int32
  revisionHistoryLimit 6 int32 *

DaemonSetStatus
  currentNumberScheduled 1 int32 ! required
  numberMisscheduled 2 int32 ! required
  desiredNumberScheduled 3 int32 ! required
  numberReady 4 int32 ! required
  observedGeneration 5 int64
  updatedNumberScheduled 6 int32
  numberAvailable 7 int32
  numberUnavailable 8 int32
  collisionCount 9 int32 *
  conditions 10 list[apps.v1.DaemonSetCondition] keys(type) merge(type)

DaemonSetUpdateStrategy
  type 1 string enum(OnDelete,RollingUpdate)
  rollingUpdate 2 apps.v1.RollingUpdateDaemonSet *

Deployment object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apps.v1.DeploymentSpec !
  status 3 apps.v1.DeploymentStatus !

DeploymentCondition
  type 1 string ! required
  status 2 string ! required
  lastUpdateTime 6 time !
  lastTransitionTime 7 time !
  reason 4 string
  message 5 string

DeploymentList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apps.v1.Deployment] ! required

DeploymentSpec
  replicas 1 int32 *
  selector 2 meta.v1.LabelSelector * ! required
  template 3 core.v1.PodTemplateSpec ! required
  strategy 4 apps.v1.DeploymentStrategy ! retainKeys
  minReadySeconds 5 int32
  revisionHistoryLimit 6 int32 *
  paused 7 bool
  progressDeadlineSeconds 9 int32 *

DeploymentStatus
  observedGeneration 1 int64
  replicas 2 int32
  updatedReplicas 3 int32
  readyReplicas 7 int32
  availableReplicas 4 int32
  unavailableReplicas 5 int32
  terminatingReplicas 9 int32 *
  conditions 6 list[apps.v1.DeploymentCondition] keys(type) merge(type)
  collisionCount 8 int32 *

DeploymentStrategy
  type 1 string enum(Recreate,RollingUpdate)
  rollingUpdate 2 apps.v1.RollingUpdateDeployment *

ReplicaSet object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apps.v1.ReplicaSetSpec !
  status 3 apps.v1.ReplicaSetStatus !

ReplicaSetCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

ReplicaSetList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apps.v1.ReplicaSet] ! required

ReplicaSetSpec
  replicas 1 int32 *
  minReadySeconds 4 int32
  selector 2 meta.v1.LabelSelector * ! required
  template 3 core.v1.PodTemplateSpec !

ReplicaSetStatus
  replicas 1 int32 ! required
  fullyLabeledReplicas 2 int32
  readyReplicas 4 int32
  availableReplicas 5 int32
  terminatingReplicas 7 int32 *
  observedGeneration 3 int64
  conditions 6 list[apps.v1.ReplicaSetCondition] keys(type) merge(type)

RollingUpdateDaemonSet
  maxUnavailable 1 intOrString *
  maxSurge 2 intOrString *

RollingUpdateDeployment
  maxUnavailable 1 intOrString *
  maxSurge 2 intOrString *

RollingUpdateStatefulSetStrategy
  partition 1 int32 *
  maxUnavailable 2 intOrString *

StatefulSet object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apps.v1.StatefulSetSpec !
  status 3 apps.v1.StatefulSetStatus !

StatefulSetCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

StatefulSetList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apps.v1.StatefulSet] ! required

StatefulSetOrdinals
  start 1 int32 !

StatefulSetPersistentVolumeClaimRetentionPolicy
  whenDeleted 1 string
  whenScaled 2 string

StatefulSetSpec
  replicas 1 int32 *
  selector 2 meta.v1.LabelSelector * ! required
  template 3 core.v1.PodTemplateSpec ! required
  volumeClaimTemplates 4 list[core.v1.PersistentVolumeClaim] atomic
  serviceName 5 string !
  podManagementPolicy 6 string enum(OrderedReady,Parallel)
  updateStrategy 7 apps.v1.StatefulSetUpdateStrategy !
  revisionHistoryLimit 8 int32 *
  minReadySeconds 9 int32
  persistentVolumeClaimRetentionPolicy 10 apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy *
  ordinals 11 apps.v1.StatefulSetOrdinals *

StatefulSetStatus
  observedGeneration 1 int64
  replicas 2 int32 ! required
  readyReplicas 3 int32
  currentReplicas 4 int32
  updatedReplicas 5 int32
  currentRevision 6 string
  updateRevision 7 string
  collisionCount 9 int32 *
  conditions 10 list[apps.v1.StatefulSetCondition] keys(type) merge(type)
  availableReplicas 11 int32 !

StatefulSetUpdateStrategy
  type 1 string enum(OnDelete,RollingUpdate)
  rollingUpdate 2 apps.v1.RollingUpdateStatefulSetStrategy *
`;
