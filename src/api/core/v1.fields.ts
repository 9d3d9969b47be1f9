// Field table of core/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AWSElasticBlockStoreVolumeSource
  volumeID 1 string ! required
  fsType 2 string
  partition 3 int32
  readOnly 4 bool

Affinity
  nodeAffinity 1 core.v1.NodeAffinity *
  podAffinity 2 core.v1.PodAffinity *
  podAntiAffinity 3 core.v1.PodAntiAffinity *

AppArmorProfile union(type:localhostProfile=LocalhostProfile)
  type 1 string ! required enum(Localhost,RuntimeDefault,Unconfined)
  localhostProfile 2 string *

AttachedVolume
  name 1 string ! required
  devicePath 2 string ! required

AvoidPods
  preferAvoidPods 1 list[core.v1.PreferAvoidPodsEntry]

AzureDiskVolumeSource
  diskName 1 string ! required
  diskURI 2 string ! required
  cachingMode 3 string * enum(None,ReadOnly,ReadWrite) ="ReadWrite"
  fsType 4 string * ="ext4"
  readOnly 5 bool * =false
  kind 6 string * enum(Dedicated,Managed,Shared) ="Shared"

AzureFilePersistentVolumeSource
  secretName 1 string ! required
  shareName 2 string ! required
  readOnly 3 bool
  secretNamespace 4 string * !

AzureFileVolumeSource
  secretName 1 string ! required
  shareName 2 string ! required
  readOnly 3 bool

Binding object
  metadata 1 meta.v1.ObjectMeta !
  target 2 core.v1.ObjectReference ! required

CSIPersistentVolumeSource
  driver 1 string ! required
  volumeHandle 2 string ! required
  readOnly 3 bool
  fsType 4 string
  volumeAttributes 5 map[string]
  controllerPublishSecretRef 6 core.v1.SecretReference *
  nodeStageSecretRef 7 core.v1.SecretReference *
  nodePublishSecretRef 8 core.v1.SecretReference *
  controllerExpandSecretRef 9 core.v1.SecretReference *
  nodeExpandSecretRef 10 core.v1.SecretReference *

CSIVolumeSource
  driver 1 string ! required
  readOnly 2 bool *
  fsType 3 string *
  volumeAttributes 4 map[string]
  nodePublishSecretRef 5 core.v1.LocalObjectReference *

Capabilities
  add 1 list[string] atomic
  drop 2 list[string] atomic

CephFSPersistentVolumeSource
  monitors 1 list[string] ! required atomic
  path 2 string
  user 3 string
  secretFile 4 string
  secretRef 5 core.v1.SecretReference *
  readOnly 6 bool

CephFSVolumeSource
  monitors 1 list[string] ! required atomic
  path 2 string
  user 3 string
  secretFile 4 string
  secretRef 5 core.v1.LocalObjectReference *
  readOnly 6 bool

CinderPersistentVolumeSource
  volumeID 1 string ! required
  fsType 2 string
  readOnly 3 bool
  secretRef 4 core.v1.SecretReference *

CinderVolumeSource
  volumeID 1 string ! required
  fsType 2 string
  readOnly 3 bool
  secretRef 4 core.v1.LocalObjectReference *

ClientIPConfig
  timeoutSeconds 1 int32 *

ClusterTrustBundleProjection
  name 1 string *
  signerName 2 string *
  labelSelector 3 meta.v1.LabelSelector *
  optional 5 bool *
  path 4 string ! required

ComponentCondition
  type 1 string ! required
  status 2 string ! required
  message 3 string
  error 4 string

ComponentStatus object
  metadata 1 meta.v1.ObjectMeta !
  conditions 2 list[core.v1.ComponentCondition] keys(type) merge(type)

ComponentStatusList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.ComponentStatus] ! required

ConfigMap object
  metadata 1 meta.v1.ObjectMeta !
  immutable 4 bool *
  data 2 map[string]
  binaryData 3 map[bytes]

ConfigMapEnvSource
  name 1.1 string =""
  optional 2 bool *

ConfigMapKeySelector atomic
  name 1.1 string =""
  key 2 string ! required
  optional 3 bool *

ConfigMapList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.ConfigMap] ! required

ConfigMapNodeConfigSource
  namespace 1 string ! required
  name 2 string ! required
  uid 3 string
  resourceVersion 4 string
  kubeletConfigKey 5 string ! required

ConfigMapProjection
  name 1.1 string =""
  items 2 list[core.v1.KeyToPath] atomic
  optional 4 bool *

ConfigMapVolumeSource
  name 1.1 string =""
  items 2 list[core.v1.KeyToPath] atomic
  defaultMode 3 int32 *
  optional 4 bool *

Container
  name 1 string ! required
  image 2 string
  command 3 list[string] atomic
  args 4 list[string] atomic
  workingDir 5 string
  ports 6 list[core.v1.ContainerPort] keys(containerPort,protocol) merge(containerPort)
  envFrom 19 list[core.v1.EnvFromSource] atomic
  env 7 list[core.v1.EnvVar] keys(name) merge(name)
  resources 8 core.v1.ResourceRequirements !
  resizePolicy 23 list[core.v1.ContainerResizePolicy] atomic
  restartPolicy 24 string *
  restartPolicyRules 25 list[core.v1.ContainerRestartRule] atomic
  volumeMounts 9 list[core.v1.VolumeMount] keys(mountPath) merge(mountPath)
  volumeDevices 21 list[core.v1.VolumeDevice] keys(devicePath) merge(devicePath)
  livenessProbe 10 core.v1.Probe *
  readinessProbe 11 core.v1.Probe *
  startupProbe 22 core.v1.Probe *
  lifecycle 12 core.v1.Lifecycle *
  terminationMessagePath 13 string
  terminationMessagePolicy 20 string enum(FallbackToLogsOnError,File)
  imagePullPolicy 14 string enum(Always,IfNotPresent,Never)
  securityContext 15 core.v1.SecurityContext *
  stdin 16 bool
  stdinOnce 17 bool
  tty 18 bool

ContainerExtendedResourceRequest
  containerName 1 string ! required
  resourceName 2 string ! required
  requestName 3 string ! required

ContainerImage
  names 1 list[string] ! atomic
  sizeBytes 2 int64

ContainerPort
  name 1 string
  hostPort 2 int32
  containerPort 3 int32 ! required
  protocol 4 string enum(SCTP,TCP,UDP) ="TCP"
  hostIP 5 string

ContainerResizePolicy
  resourceName 1 string ! required
  restartPolicy 2 string ! required

ContainerRestartRule
  action 1 string required
  exitCodes 2 core.v1.ContainerRestartRuleOnExitCodes *

ContainerRestartRuleOnExitCodes
  operator 1 string required
  values 2 list[int32] set

ContainerState
  waiting 1 core.v1.ContainerStateWaiting *
  running 2 core.v1.ContainerStateRunning *
  terminated 3 core.v1.ContainerStateTerminated *

ContainerStateRunning
  startedAt 1 time !

ContainerStateTerminated
  exitCode 1 int32 ! required
  signal 2 int32
  reason 3 string
  message 4 string
  startedAt 5 time !
  finishedAt 6 time !
  containerID 7 string

ContainerStateWaiting
  reason 1 string
  message 2 string

ContainerStatus
  name 1 string ! required
  state 2 core.v1.ContainerState !
  lastState 3 core.v1.ContainerState !
  ready 4 bool ! required
  restartCount 5 int32 ! required
  image 6 string ! required
  imageID 7 string ! required
  containerID 8 string
  started 9 bool *
  allocatedResources 10 map[quantity]
  resources 11 core.v1.ResourceRequirements *
  volumeMounts 12 list[core.v1.VolumeMountStatus] keys(mountPath) merge(mountPath)
  user 13 core.v1.ContainerUser *
  allocatedResourcesStatus 14 list[core.v1.ResourceStatus] keys(name) merge(name)
  stopSignal 15 string * enum(SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ)

ContainerUser
  linux 1 core.v1.LinuxContainerUser *

DaemonEndpoint
  Port 1 int32 ! required

DownwardAPIProjection
  items 1 list[core.v1.DownwardAPIVolumeFile] atomic

DownwardAPIVolumeFile
  path 1 string ! required
  fieldRef 2 core.v1.ObjectFieldSelector *
  resourceFieldRef 3 core.v1.ResourceFieldSelector *
  mode 4 int32 *

DownwardAPIVolumeSource
  items 1 list[core.v1.DownwardAPIVolumeFile] atomic
  defaultMode 2 int32 *

EmptyDirVolumeSource
  medium 1 string
  sizeLimit 2 quantity *

EndpointAddress atomic
  ip 1 string ! required
  hostname 3 string
  nodeName 4 string *
  targetRef 2 core.v1.ObjectReference *

EndpointPort atomic
  name 1 string
  port 2 int32 ! required
  protocol 3 string enum(SCTP,TCP,UDP)
  appProtocol 4 string *

EndpointSubset
  addresses 1 list[core.v1.EndpointAddress] atomic
  notReadyAddresses 2 list[core.v1.EndpointAddress] atomic
  ports 3 list[core.v1.EndpointPort] atomic

Endpoints object
  metadata 1 meta.v1.ObjectMeta !
  subsets 2 list[core.v1.EndpointSubset] atomic

EndpointsList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Endpoints] ! required

EnvFromSource
  prefix 1 string
  configMapRef 2 core.v1.ConfigMapEnvSource *
  secretRef 3 core.v1.SecretEnvSource *

EnvVar
  name 1 string ! required
  value 2 string
  valueFrom 3 core.v1.EnvVarSource *

EnvVarSource
  fieldRef 1 core.v1.ObjectFieldSelector *
  resourceFieldRef 2 core.v1.ResourceFieldSelector *
  configMapKeyRef 3 core.v1.ConfigMapKeySelector *
  secretKeyRef 4 core.v1.SecretKeySelector *
  fileKeyRef 5 core.v1.FileKeySelector *

EphemeralContainer
  name 1.1 string ! required
  image 1.2 string
  command 1.3 list[string] atomic
  args 1.4 list[string] atomic
  workingDir 1.5 string
  ports 1.6 list[core.v1.ContainerPort] keys(containerPort,protocol) merge(containerPort)
  envFrom 1.19 list[core.v1.EnvFromSource] atomic
  env 1.7 list[core.v1.EnvVar] keys(name) merge(name)
  resources 1.8 core.v1.ResourceRequirements !
  resizePolicy 1.23 list[core.v1.ContainerResizePolicy] atomic
  restartPolicy 1.24 string *
  restartPolicyRules 1.25 list[core.v1.ContainerRestartRule] atomic
  volumeMounts 1.9 list[core.v1.VolumeMount] keys(mountPath) merge(mountPath)
  volumeDevices 1.21 list[core.v1.VolumeDevice] keys(devicePath) merge(devicePath)
  livenessProbe 1.10 core.v1.Probe *
  readinessProbe 1.11 core.v1.Probe *
  startupProbe 1.22 core.v1.Probe *
  lifecycle 1.12 core.v1.Lifecycle *
  terminationMessagePath 1.13 string
  terminationMessagePolicy 1.20 string enum(FallbackToLogsOnError,File)
  imagePullPolicy 1.14 string enum(Always,IfNotPresent,Never)
  securityContext 1.15 core.v1.SecurityContext *
  stdin 1.16 bool
  stdinOnce 1.17 bool
  tty 1.18 bool
  targetContainerName 2 string

EphemeralContainerCommon
  name 1 string ! required
  image 2 string
  command 3 list[string] atomic
  args 4 list[string] atomic
  workingDir 5 string
  ports 6 list[core.v1.ContainerPort] keys(containerPort,protocol) merge(containerPort)
  envFrom 19 list[core.v1.EnvFromSource] atomic
  env 7 list[core.v1.EnvVar] keys(name) merge(name)
  resources 8 core.v1.ResourceRequirements !
  resizePolicy 23 list[core.v1.ContainerResizePolicy] atomic
  restartPolicy 24 string *
  restartPolicyRules 25 list[core.v1.ContainerRestartRule] atomic
  volumeMounts 9 list[core.v1.VolumeMount] keys(mountPath) merge(mountPath)
  volumeDevices 21 list[core.v1.VolumeDevice] keys(devicePath) merge(devicePath)
  livenessProbe 10 core.v1.Probe *
  readinessProbe 11 core.v1.Probe *
  startupProbe 22 core.v1.Probe *
  lifecycle 12 core.v1.Lifecycle *
  terminationMessagePath 13 string
  terminationMessagePolicy 20 string enum(FallbackToLogsOnError,File)
  imagePullPolicy 14 string enum(Always,IfNotPresent,Never)
  securityContext 15 core.v1.SecurityContext *
  stdin 16 bool
  stdinOnce 17 bool
  tty 18 bool

EphemeralVolumeSource
  volumeClaimTemplate 1 core.v1.PersistentVolumeClaimTemplate *

Event object
  metadata 1 meta.v1.ObjectMeta ! required
  involvedObject 2 core.v1.ObjectReference ! required
  reason 3 string
  message 4 string
  source 5 core.v1.EventSource !
  firstTimestamp 6 time !
  lastTimestamp 7 time !
  count 8 int32
  type 9 string
  eventTime 10 microTime !
  series 11 core.v1.EventSeries *
  action 12 string
  related 13 core.v1.ObjectReference *
  reportingComponent 14 string !
  reportingInstance 15 string !

EventList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Event] ! required

EventSeries
  count 1 int32
  lastObservedTime 2 microTime !

EventSource
  component 1 string
  host 2 string

ExecAction
  command 1 list[string] atomic

FCVolumeSource
  targetWWNs 1 list[string] atomic
  lun 2 int32 *
  fsType 3 string
  readOnly 4 bool
  wwids 5 list[string] atomic

FileKeySelector atomic
  volumeName 1 string ! required
  path 2 string ! required
  key 3 string ! required
  optional 4 bool * =false

FlexPersistentVolumeSource
  driver 1 string ! required
  fsType 2 string
  secretRef 3 core.v1.SecretReference *
  readOnly 4 bool
  options 5 map[string]

FlexVolumeSource
  driver 1 string ! required
  fsType 2 string
  secretRef 3 core.v1.LocalObjectReference *
  readOnly 4 bool
  options 5 map[string]

FlockerVolumeSource
  datasetName 1 string
  datasetUUID 2 string

GCEPersistentDiskVolumeSource
  pdName 1 string ! required
  fsType 2 string
  partition 3 int32
  readOnly 4 bool

GRPCAction
  port 1 int32 ! required
  service 2 string * ! =""

GitRepoVolumeSource
  repository 1 string ! required
  revision 2 string
  directory 3 string

GlusterfsPersistentVolumeSource
  endpoints 1 string ! required
  path 2 string ! required
  readOnly 3 bool
  endpointsNamespace 4 string *

GlusterfsVolumeSource
  endpoints 1 string ! required
  path 2 string ! required
  readOnly 3 bool

HTTPGetAction
  path 1 string
  port 2 intOrString ! required
  host 3 string
  scheme 4 string enum(HTTP,HTTPS)
  httpHeaders 5 list[core.v1.HTTPHeader] atomic

HTTPHeader
  name 1 string ! required
  value 2 string ! required

HostAlias
  ip 1 string ! required
  hostnames 2 list[string] atomic

HostIP
  ip 1 string ! required

HostPathVolumeSource
  path 1 string ! required
  type 2 string * enum("",BlockDevice,CharDevice,Directory,DirectoryOrCreate,File,FileOrCreate,Socket)

ISCSIPersistentVolumeSource
  targetPortal 1 string ! required
  iqn 2 string ! required
  lun 3 int32 ! required
  iscsiInterface 4 string ="default"
  fsType 5 string
  readOnly 6 bool
  portals 7 list[string] atomic
  chapAuthDiscovery 8 bool
  chapAuthSession 11 bool
  secretRef 10 core.v1.SecretReference *
  initiatorName 12 string *

ISCSIVolumeSource
  targetPortal 1 string ! required
  iqn 2 string ! required
  lun 3 int32 ! required
  iscsiInterface 4 string ="default"
  fsType 5 string
  readOnly 6 bool
  portals 7 list[string] atomic
  chapAuthDiscovery 8 bool
  chapAuthSession 11 bool
  secretRef 10 core.v1.LocalObjectReference *
  initiatorName 12 string *

ImageVolumeSource
  reference 1 string
  pullPolicy 2 string enum(Always,IfNotPresent,Never)

ImageVolumeStatus
  imageRef 1 string required

KeyToPath
  key 1 string ! required
  path 2 string ! required
  mode 3 int32 *

Lifecycle
  postStart 1 core.v1.LifecycleHandler *
  preStop 2 core.v1.LifecycleHandler *
  stopSignal 3 string * enum(SIGABRT,SIGALRM,SIGBUS,SIGCHLD,SIGCLD,SIGCONT,SIGFPE,SIGHUP,SIGILL,SIGINT,SIGIO,SIGIOT,SIGKILL,SIGPIPE,SIGPOLL,SIGPROF,SIGPWR,SIGQUIT,SIGRTMAX,SIGRTMAX-1,SIGRTMAX-10,SIGRTMAX-11,SIGRTMAX-12,SIGRTMAX-13,SIGRTMAX-14,SIGRTMAX-2,SIGRTMAX-3,SIGRTMAX-4,SIGRTMAX-5,SIGRTMAX-6,SIGRTMAX-7,SIGRTMAX-8,SIGRTMAX-9,SIGRTMIN,SIGRTMIN+1,SIGRTMIN+10,SIGRTMIN+11,SIGRTMIN+12,SIGRTMIN+13,SIGRTMIN+14,SIGRTMIN+15,SIGRTMIN+2,SIGRTMIN+3,SIGRTMIN+4,SIGRTMIN+5,SIGRTMIN+6,SIGRTMIN+7,SIGRTMIN+8,SIGRTMIN+9,SIGSEGV,SIGSTKFLT,SIGSTOP,SIGSYS,SIGTERM,SIGTRAP,SIGTSTP,SIGTTIN,SIGTTOU,SIGURG,SIGUSR1,SIGUSR2,SIGVTALRM,SIGWINCH,SIGXCPU,SIGXFSZ)

LifecycleHandler
  exec 1 core.v1.ExecAction *
  httpGet 2 core.v1.HTTPGetAction *
  tcpSocket 3 core.v1.TCPSocketAction *
  sleep 4 core.v1.SleepAction *

LimitRange object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.LimitRangeSpec !

LimitRangeItem
  type 1 string ! required
  max 2 map[quantity]
  min 3 map[quantity]
  default 4 map[quantity]
  defaultRequest 5 map[quantity]
  maxLimitRequestRatio 6 map[quantity]

LimitRangeList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.LimitRange] ! required

LimitRangeSpec
  limits 1 list[core.v1.LimitRangeItem] ! required atomic

LinuxContainerUser
  uid 1 int64 ! required
  gid 2 int64 ! required
  supplementalGroups 3 list[int64] atomic

LoadBalancerIngress
  ip 1 string
  hostname 2 string
  ipMode 3 string *
  ports 4 list[core.v1.PortStatus] atomic

LoadBalancerStatus
  ingress 1 list[core.v1.LoadBalancerIngress] atomic

LocalObjectReference atomic
  name 1 string =""

LocalVolumeSource
  path 1 string ! required
  fsType 2 string *

ModifyVolumeStatus
  targetVolumeAttributesClassName 1 string
  status 2 string ! required enum(InProgress,Infeasible,Pending)

NFSVolumeSource
  server 1 string ! required
  path 2 string ! required
  readOnly 3 bool

Namespace object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.NamespaceSpec !
  status 3 core.v1.NamespaceStatus !

NamespaceCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 4 time !
  reason 5 string
  message 6 string

NamespaceList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Namespace] ! required

NamespaceSpec
  finalizers 1 list[string] atomic

NamespaceStatus
  phase 1 string enum(Active,Terminating)
  conditions 2 list[core.v1.NamespaceCondition] keys(type) merge(type)

Node object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.NodeSpec !
  status 3 core.v1.NodeStatus !

NodeAddress
  type 1 string ! required
  address 2 string ! required

NodeAffinity
  requiredDuringSchedulingIgnoredDuringExecution 1 core.v1.NodeSelector *
  preferredDuringSchedulingIgnoredDuringExecution 2 list[core.v1.PreferredSchedulingTerm] atomic

NodeAllocatableResourceClaimStatus
  resourceClaimName 1 string ! required
  containers 2 list[string] set
  resources 3 map[quantity] ! required

NodeCondition
  type 1 string ! required
  status 2 string ! required
  lastHeartbeatTime 3 time !
  lastTransitionTime 4 time !
  reason 5 string
  message 6 string

NodeConfigSource
  configMap 2 core.v1.ConfigMapNodeConfigSource *

NodeConfigStatus
  assigned 1 core.v1.NodeConfigSource *
  active 2 core.v1.NodeConfigSource *
  lastKnownGood 3 core.v1.NodeConfigSource *
  error 4 string

NodeDaemonEndpoints
  kubeletEndpoint 1 core.v1.DaemonEndpoint !

NodeFeatures
  supplementalGroupsPolicy 1 bool *

NodeList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Node] ! required

NodeProxyOptions object
  path 1 string

NodeRuntimeHandler
  name 1 string !
  features 2 core.v1.NodeRuntimeHandlerFeatures *

NodeRuntimeHandlerFeatures
  recursiveReadOnlyMounts 1 bool *
  userNamespaces 2 bool *

NodeSelector atomic
  nodeSelectorTerms 1 list[core.v1.NodeSelectorTerm] ! required atomic

NodeSelectorRequirement
  key 1 string ! required
  operator 2 string ! required enum(DoesNotExist,Exists,Gt,In,Lt,NotIn)
  values 3 list[string] atomic

NodeSelectorTerm atomic
  matchExpressions 1 list[core.v1.NodeSelectorRequirement] atomic
  matchFields 2 list[core.v1.NodeSelectorRequirement] atomic

NodeSpec
  podCIDR 1 string
  podCIDRs 7 list[string] set merge
  providerID 3 string
  unschedulable 4 bool
  taints 5 list[core.v1.Taint] atomic
  configSource 6 core.v1.NodeConfigSource *
  externalID 2 string

NodeStatus
  capacity 1 map[quantity]
  allocatable 2 map[quantity]
  phase 3 string enum(Pending,Running,Terminated)
  conditions 4 list[core.v1.NodeCondition] keys(type) merge(type)
  addresses 5 list[core.v1.NodeAddress] keys(type) merge(type)
  daemonEndpoints 6 core.v1.NodeDaemonEndpoints !
  nodeInfo 7 core.v1.NodeSystemInfo !
  images 8 list[core.v1.ContainerImage] atomic
  volumesInUse 9 list[string] atomic
  volumesAttached 10 list[core.v1.AttachedVolume] atomic
  config 11 core.v1.NodeConfigStatus *
  runtimeHandlers 12 list[core.v1.NodeRuntimeHandler] atomic
  features 13 core.v1.NodeFeatures *
  declaredFeatures 14 list[string] atomic

NodeSwapStatus
  capacity 1 int64 *

NodeSystemInfo
  machineID 1 string ! required
  systemUUID 2 string ! required
  bootID 3 string ! required
  kernelVersion 4 string ! required
  osImage 5 string ! required
  containerRuntimeVersion 6 string ! required
  kubeletVersion 7 string ! required
  kubeProxyVersion 8 string ! required
  operatingSystem 9 string ! required
  architecture 10 string ! required
  swap 11 core.v1.NodeSwapStatus *

ObjectFieldSelector atomic
  apiVersion 1 string
  fieldPath 2 string ! required

ObjectReference atomic
  kind 1 string
  namespace 2 string
  name 3 string
  uid 4 string
  apiVersion 5 string
  resourceVersion 6 string
  fieldPath 7 string

PersistentVolume object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.PersistentVolumeSpec !
  status 3 core.v1.PersistentVolumeStatus !

PersistentVolumeClaim object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.PersistentVolumeClaimSpec !
  status 3 core.v1.PersistentVolumeClaimStatus !

PersistentVolumeClaimCondition
  type 1 string ! required
  status 2 string ! required
  lastProbeTime 3 time !
  lastTransitionTime 4 time !
  reason 5 string
  message 6 string

PersistentVolumeClaimList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.PersistentVolumeClaim] ! required

PersistentVolumeClaimSpec
  accessModes 1 list[string] atomic enum(ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod)
  selector 4 meta.v1.LabelSelector *
  resources 2 core.v1.VolumeResourceRequirements !
  volumeName 3 string
  storageClassName 5 string *
  volumeMode 6 string * enum(Block,Filesystem)
  dataSource 7 core.v1.TypedLocalObjectReference *
  dataSourceRef 8 core.v1.TypedObjectReference *
  volumeAttributesClassName 9 string *

PersistentVolumeClaimStatus
  phase 1 string enum(Bound,Lost,Pending)
  accessModes 2 list[string] atomic enum(ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod)
  capacity 3 map[quantity]
  conditions 4 list[core.v1.PersistentVolumeClaimCondition] keys(type) merge(type)
  allocatedResources 5 map[quantity]
  allocatedResourceStatuses 7 map[string] granular enum(ControllerResizeInProgress,ControllerResizeInfeasible,NodeResizeInProgress,NodeResizeInfeasible,NodeResizePending)
  currentVolumeAttributesClassName 8 string *
  modifyVolumeStatus 9 core.v1.ModifyVolumeStatus *

PersistentVolumeClaimTemplate
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.PersistentVolumeClaimSpec ! required

PersistentVolumeClaimVolumeSource
  claimName 1 string ! required
  readOnly 2 bool

PersistentVolumeList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.PersistentVolume] ! required

PersistentVolumeSource
  gcePersistentDisk 1 core.v1.GCEPersistentDiskVolumeSource *
  awsElasticBlockStore 2 core.v1.AWSElasticBlockStoreVolumeSource *
  hostPath 3 core.v1.HostPathVolumeSource *
  glusterfs 4 core.v1.GlusterfsPersistentVolumeSource *
  nfs 5 core.v1.NFSVolumeSource *
  rbd 6 core.v1.RBDPersistentVolumeSource *
  iscsi 7 core.v1.ISCSIPersistentVolumeSource *
  cinder 8 core.v1.CinderPersistentVolumeSource *
  cephfs 9 core.v1.CephFSPersistentVolumeSource *
  fc 10 core.v1.FCVolumeSource *
  flocker 11 core.v1.FlockerVolumeSource *
  flexVolume 12 core.v1.FlexPersistentVolumeSource *
  azureFile 13 core.v1.AzureFilePersistentVolumeSource *
  vsphereVolume 14 core.v1.VsphereVirtualDiskVolumeSource *
  quobyte 15 core.v1.QuobyteVolumeSource *
  azureDisk 16 core.v1.AzureDiskVolumeSource *
  photonPersistentDisk 17 core.v1.PhotonPersistentDiskVolumeSource *
  portworxVolume 18 core.v1.PortworxVolumeSource *
  scaleIO 19 core.v1.ScaleIOPersistentVolumeSource *
  local 20 core.v1.LocalVolumeSource *
  storageos 21 core.v1.StorageOSPersistentVolumeSource *
  csi 22 core.v1.CSIPersistentVolumeSource *

PersistentVolumeSpec
  capacity 1 map[quantity]
  gcePersistentDisk 2.1 core.v1.GCEPersistentDiskVolumeSource *
  awsElasticBlockStore 2.2 core.v1.AWSElasticBlockStoreVolumeSource *
  hostPath 2.3 core.v1.HostPathVolumeSource *
  glusterfs 2.4 core.v1.GlusterfsPersistentVolumeSource *
  nfs 2.5 core.v1.NFSVolumeSource *
  rbd 2.6 core.v1.RBDPersistentVolumeSource *
  iscsi 2.7 core.v1.ISCSIPersistentVolumeSource *
  cinder 2.8 core.v1.CinderPersistentVolumeSource *
  cephfs 2.9 core.v1.CephFSPersistentVolumeSource *
  fc 2.10 core.v1.FCVolumeSource *
  flocker 2.11 core.v1.FlockerVolumeSource *
  flexVolume 2.12 core.v1.FlexPersistentVolumeSource *
  azureFile 2.13 core.v1.AzureFilePersistentVolumeSource *
  vsphereVolume 2.14 core.v1.VsphereVirtualDiskVolumeSource *
  quobyte 2.15 core.v1.QuobyteVolumeSource *
  azureDisk 2.16 core.v1.AzureDiskVolumeSource *
  photonPersistentDisk 2.17 core.v1.PhotonPersistentDiskVolumeSource *
  portworxVolume 2.18 core.v1.PortworxVolumeSource *
  scaleIO 2.19 core.v1.ScaleIOPersistentVolumeSource *
  local 2.20 core.v1.LocalVolumeSource *
  storageos 2.21 core.v1.StorageOSPersistentVolumeSource *
  csi 2.22 core.v1.CSIPersistentVolumeSource *
  accessModes 3 list[string] atomic enum(ReadOnlyMany,ReadWriteMany,ReadWriteOnce,ReadWriteOncePod)
  claimRef 4 core.v1.ObjectReference * granular
  persistentVolumeReclaimPolicy 5 string enum(Delete,Recycle,Retain)
  storageClassName 6 string
  mountOptions 7 list[string] atomic
  volumeMode 8 string * enum(Block,Filesystem)
  nodeAffinity 9 core.v1.VolumeNodeAffinity *
  volumeAttributesClassName 10 string *

PersistentVolumeStatus
  phase 1 string enum(Available,Bound,Failed,Pending,Released)
  message 2 string
  reason 3 string
  lastPhaseTransitionTime 4 time *

PhotonPersistentDiskVolumeSource
  pdID 1 string ! required
  fsType 2 string

Pod object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.PodSpec !
  status 3 core.v1.PodStatus !

PodAffinity
  requiredDuringSchedulingIgnoredDuringExecution 1 list[core.v1.PodAffinityTerm] atomic
  preferredDuringSchedulingIgnoredDuringExecution 2 list[core.v1.WeightedPodAffinityTerm] atomic

PodAffinityTerm
  labelSelector 1 meta.v1.LabelSelector *
  namespaces 2 list[string] atomic
  topologyKey 3 string ! required
  namespaceSelector 4 meta.v1.LabelSelector *
  matchLabelKeys 5 list[string] atomic
  mismatchLabelKeys 6 list[string] atomic

PodAntiAffinity
  requiredDuringSchedulingIgnoredDuringExecution 1 list[core.v1.PodAffinityTerm] atomic
  preferredDuringSchedulingIgnoredDuringExecution 2 list[core.v1.WeightedPodAffinityTerm] atomic

PodAttachOptions object
  stdin 1 bool
  stdout 2 bool
  stderr 3 bool
  tty 4 bool
  container 5 string

PodCertificateProjection
  signerName 1 string required
  keyType 2 string required
  maxExpirationSeconds 3 int32 *
  credentialBundlePath 4 string
  keyPath 5 string
  certificateChainPath 6 string
  userAnnotations 7 map[string]

PodCondition
  type 1 string ! required
  observedGeneration 7 int64
  status 2 string ! required
  lastProbeTime 3 time !
  lastTransitionTime 4 time !
  reason 5 string
  message 6 string

PodDNSConfig
  nameservers 1 list[string] atomic
  searches 2 list[string] atomic
  options 3 list[core.v1.PodDNSConfigOption] atomic

PodDNSConfigOption
  name 1 string
  value 2 string *

PodExecOptions object
  stdin 1 bool
  stdout 2 bool
  stderr 3 bool
  tty 4 bool
  container 5 string
  command 6 list[string] ! required atomic

PodExtendedResourceClaimStatus
  requestMappings 1 list[core.v1.ContainerExtendedResourceRequest] ! required atomic
  resourceClaimName 2 string ! required

PodIP
  ip 1 string ! required

PodList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Pod] ! required

PodLogOptions object
  container 1 string
  follow 2 bool
  previous 3 bool
  sinceSeconds 4 int64 *
  sinceTime 5 time *
  timestamps 6 bool
  tailLines 7 int64 *
  limitBytes 8 int64 *
  insecureSkipTLSVerifyBackend 9 bool
  stream 10 string *

PodOS
  name 1 string ! required

PodPortForwardOptions object
  ports 1 list[int32] atomic

PodProxyOptions object
  path 1 string

PodReadinessGate
  conditionType 1 string ! required

PodResourceClaim
  name 1 string ! required
  resourceClaimName 3 string *
  resourceClaimTemplateName 4 string *

PodResourceClaimStatus
  name 1 string ! required
  resourceClaimName 2 string *

PodSchedulingGate
  name 1 string ! required

PodSchedulingGroup union(:podGroupName=PodGroupName)
  podGroupName 1 string *

PodSecurityContext
  seLinuxOptions 1 core.v1.SELinuxOptions *
  windowsOptions 8 core.v1.WindowsSecurityContextOptions *
  runAsUser 2 int64 *
  runAsGroup 6 int64 *
  runAsNonRoot 3 bool *
  supplementalGroups 4 list[int64] atomic
  supplementalGroupsPolicy 12 string * enum(Merge,Strict)
  fsGroup 5 int64 *
  sysctls 7 list[core.v1.Sysctl] atomic
  fsGroupChangePolicy 9 string * enum(Always,OnRootMismatch)
  seccompProfile 10 core.v1.SeccompProfile *
  appArmorProfile 11 core.v1.AppArmorProfile *
  seLinuxChangePolicy 13 string *

PodSignature
  podController 1 meta.v1.OwnerReference *

PodSpec
  volumes 1 list[core.v1.Volume] keys(name) merge(name) retainKeys
  initContainers 20 list[core.v1.Container] keys(name) merge(name)
  containers 2 list[core.v1.Container] ! required keys(name) merge(name)
  ephemeralContainers 34 list[core.v1.EphemeralContainer] keys(name) merge(name)
  restartPolicy 3 string enum(Always,Never,OnFailure)
  terminationGracePeriodSeconds 4 int64 *
  activeDeadlineSeconds 5 int64 *
  dnsPolicy 6 string enum(ClusterFirst,ClusterFirstWithHostNet,Default,None)
  nodeSelector 7 map[string] atomic
  serviceAccountName 8 string
  serviceAccount 9 string
  automountServiceAccountToken 21 bool *
  nodeName 10 string
  hostNetwork 11 bool
  hostPID 12 bool
  hostIPC 13 bool
  shareProcessNamespace 27 bool *
  securityContext 14 core.v1.PodSecurityContext *
  imagePullSecrets 15 list[core.v1.LocalObjectReference] keys(name) merge(name)
  hostname 16 string
  subdomain 17 string
  affinity 18 core.v1.Affinity *
  schedulerName 19 string
  tolerations 22 list[core.v1.Toleration] atomic
  hostAliases 23 list[core.v1.HostAlias] keys(ip) merge(ip)
  priorityClassName 24 string
  priority 25 int32 *
  dnsConfig 26 core.v1.PodDNSConfig *
  readinessGates 28 list[core.v1.PodReadinessGate] atomic
  runtimeClassName 29 string *
  enableServiceLinks 30 bool *
  preemptionPolicy 31 string * enum(Never,PreemptLowerPriority)
  overhead 32 map[quantity]
  topologySpreadConstraints 33 list[core.v1.TopologySpreadConstraint] keys(topologyKey,whenUnsatisfiable) merge(topologyKey)
  setHostnameAsFQDN 35 bool *
  os 36 core.v1.PodOS *
  hostUsers 37 bool *
  schedulingGates 38 list[core.v1.PodSchedulingGate] keys(name) merge(name)
  resourceClaims 39 list[core.v1.PodResourceClaim] keys(name) merge(name) retainKeys
  resources 40 core.v1.ResourceRequirements *
  hostnameOverride 41 string *
  schedulingGroup 43 core.v1.PodSchedulingGroup *

PodStatus
  observedGeneration 17 int64
  phase 1 string enum(Failed,Pending,Running,Succeeded,Unknown)
  conditions 2 list[core.v1.PodCondition] keys(type) merge(type)
  message 3 string
  reason 4 string
  nominatedNodeName 11 string
  hostIP 5 string
  hostIPs 16 list[core.v1.HostIP] atomic merge(ip)
  podIP 6 string
  podIPs 12 list[core.v1.PodIP] keys(ip) merge(ip)
  startTime 7 time *
  initContainerStatuses 10 list[core.v1.ContainerStatus] atomic
  containerStatuses 8 list[core.v1.ContainerStatus] atomic
  qosClass 9 string enum(BestEffort,Burstable,Guaranteed)
  ephemeralContainerStatuses 13 list[core.v1.ContainerStatus] atomic
  resize 14 string
  resourceClaimStatuses 15 list[core.v1.PodResourceClaimStatus] keys(name) merge(name) retainKeys
  extendedResourceClaimStatus 18 core.v1.PodExtendedResourceClaimStatus *
  allocatedResources 19 map[quantity]
  resources 20 core.v1.ResourceRequirements *
  nodeAllocatableResourceClaimStatuses 21 list[core.v1.NodeAllocatableResourceClaimStatus] atomic

PodStatusResult object
  metadata 1 meta.v1.ObjectMeta !
  status 2 core.v1.PodStatus !

PodTemplate object
  metadata 1 meta.v1.ObjectMeta !
  template 2 core.v1.PodTemplateSpec !

PodTemplateList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.PodTemplate] ! required

PodTemplateSpec
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.PodSpec !

PortStatus
  port 1 int32 ! required
  protocol 2 string ! required enum(SCTP,TCP,UDP)
  error 3 string *

PortworxVolumeSource
  volumeID 1 string ! required
  fsType 2 string
  readOnly 3 bool

PreferAvoidPodsEntry
  podSignature 1 core.v1.PodSignature !
  evictionTime 2 time !
  reason 3 string
  message 4 string

PreferredSchedulingTerm
  weight 1 int32 ! required
  preference 2 core.v1.NodeSelectorTerm ! required

Probe
  exec 1.1 core.v1.ExecAction *
  httpGet 1.2 core.v1.HTTPGetAction *
  tcpSocket 1.3 core.v1.TCPSocketAction *
  grpc 1.4 core.v1.GRPCAction *
  initialDelaySeconds 2 int32
  timeoutSeconds 3 int32
  periodSeconds 4 int32
  successThreshold 5 int32
  failureThreshold 6 int32
  terminationGracePeriodSeconds 7 int64 *

ProbeHandler
  exec 1 core.v1.ExecAction *
  httpGet 2 core.v1.HTTPGetAction *
  tcpSocket 3 core.v1.TCPSocketAction *
  grpc 4 core.v1.GRPCAction *

ProjectedVolumeSource
  sources 1 list[core.v1.VolumeProjection] ! atomic
  defaultMode 2 int32 *

QuobyteVolumeSource
  registry 1 string ! required
  volume 2 string ! required
  readOnly 3 bool
  user 4 string
  group 5 string
  tenant 6 string

RBDPersistentVolumeSource
  monitors 1 list[string] ! required atomic
  image 2 string ! required
  fsType 3 string
  pool 4 string ="rbd"
  user 5 string ="admin"
  keyring 6 string ="/etc/ceph/keyring"
  secretRef 7 core.v1.SecretReference *
  readOnly 8 bool

RBDVolumeSource
  monitors 1 list[string] ! required atomic
  image 2 string ! required
  fsType 3 string
  pool 4 string ="rbd"
  user 5 string ="admin"
  keyring 6 string ="/etc/ceph/keyring"
  secretRef 7 core.v1.LocalObjectReference *
  readOnly 8 bool

RangeAllocation object
  metadata 1 meta.v1.ObjectMeta !
  range 2 string ! required
  data 3 bytes ! required

ReplicationController object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.ReplicationControllerSpec !
  status 3 core.v1.ReplicationControllerStatus !

ReplicationControllerCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string

ReplicationControllerList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.ReplicationController] ! required

ReplicationControllerSpec
  replicas 1 int32 * =1
  minReadySeconds 4 int32 =0
  selector 2 map[string] atomic
  template 3 core.v1.PodTemplateSpec *

ReplicationControllerStatus
  replicas 1 int32 ! required
  fullyLabeledReplicas 2 int32
  readyReplicas 4 int32
  availableReplicas 5 int32
  observedGeneration 3 int64
  conditions 6 list[core.v1.ReplicationControllerCondition] keys(type) merge(type)

ResourceClaim
  name 1 string ! required
  request 2 string

ResourceFieldSelector atomic
  containerName 1 string
  resource 2 string ! required
  divisor 3 quantity !

ResourceHealth
  resourceID 1 string ! required
  health 2 string
  message 6 string *

ResourceQuota object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.ResourceQuotaSpec !
  status 3 core.v1.ResourceQuotaStatus !

ResourceQuotaList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.ResourceQuota] ! required

ResourceQuotaSpec
  hard 1 map[quantity]
  scopes 2 list[string] atomic enum(BestEffort,CrossNamespacePodAffinity,NotBestEffort,NotTerminating,PriorityClass,Terminating,VolumeAttributesClass)
  scopeSelector 3 core.v1.ScopeSelector *

ResourceQuotaStatus
  hard 1 map[quantity]
  used 2 map[quantity]

ResourceRequirements
  limits 1 map[quantity]
  requests 2 map[quantity]
  claims 3 list[core.v1.ResourceClaim] keys(name)

ResourceStatus
  name 1 string ! required
  resources 2 list[core.v1.ResourceHealth] keys(resourceID)

SELinuxOptions
  user 1 string
  role 2 string
  type 3 string
  level 4 string

ScaleIOPersistentVolumeSource
  gateway 1 string ! required
  system 2 string ! required
  secretRef 3 core.v1.SecretReference * ! required
  sslEnabled 4 bool
  protectionDomain 5 string
  storagePool 6 string
  storageMode 7 string ="ThinProvisioned"
  volumeName 8 string
  fsType 9 string ="xfs"
  readOnly 10 bool

ScaleIOVolumeSource
  gateway 1 string ! required
  system 2 string ! required
  secretRef 3 core.v1.LocalObjectReference * ! required
  sslEnabled 4 bool
  protectionDomain 5 string
  storagePool 6 string
  storageMode 7 string ="ThinProvisioned"
  volumeName 8 string
  fsType 9 string ="xfs"
  readOnly 10 bool

ScopeSelector atomic
  matchExpressions 1 list[core.v1.ScopedResourceSelectorRequirement] atomic

ScopedResourceSelectorRequirement
  scopeName 1 string ! required enum(BestEffort,CrossNamespacePodAffinity,NotBestEffort,NotTerminating,PriorityClass,Terminating,VolumeAttributesClass)
  operator 2 string ! required enum(DoesNotExist,Exists,In,NotIn)
  values 3 list[string] atomic

SeccompProfile union(type:localhostProfile=LocalhostProfile)
  type 1 string ! required enum(Localhost,RuntimeDefault,Unconfined)
  localhostProfile 2 string *

Secret object
  metadata 1 meta.v1.ObjectMeta !
  immutable 5 bool *
  data 2 map[bytes]
  stringData 4 map[string]
  type 3 string

SecretEnvSource
  name 1.1 string =""
  optional 2 bool *

SecretKeySelector atomic
  name 1.1 string =""
  key 2 string ! required
  optional 3 bool *

SecretList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Secret] ! required

SecretProjection
  name 1.1 string =""
  items 2 list[core.v1.KeyToPath] atomic
  optional 4 bool *

SecretReference atomic
  name 1 string
  namespace 2 string

SecretVolumeSource
  secretName 1 string
  items 2 list[core.v1.KeyToPath] atomic
  defaultMode 3 int32 *
  optional 4 bool *

SecurityContext
  capabilities 1 core.v1.Capabilities *
  privileged 2 bool *
  seLinuxOptions 3 core.v1.SELinuxOptions *
  windowsOptions 10 core.v1.WindowsSecurityContextOptions *
  runAsUser 4 int64 *
  runAsGroup 8 int64 *
  runAsNonRoot 5 bool *
  readOnlyRootFilesystem 6 bool *
  allowPrivilegeEscalation 7 bool *
  procMount 9 string * enum(Default,Unmasked)
  seccompProfile 11 core.v1.SeccompProfile *
  appArmorProfile 12 core.v1.AppArmorProfile *

SerializedReference object
  reference 1 core.v1.ObjectReference !

Service object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 core.v1.ServiceSpec !
  status 3 core.v1.ServiceStatus !

ServiceAccount object
  metadata 1 meta.v1.ObjectMeta !
  secrets 2 list[core.v1.ObjectReference] keys(name) merge(name)
  imagePullSecrets 3 list[core.v1.LocalObjectReference] atomic
  automountServiceAccountToken 4 bool *

ServiceAccountList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.ServiceAccount] ! required

ServiceAccountTokenProjection
  audience 1 string
  expirationSeconds 2 int64 *
  path 3 string ! required

ServiceList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[core.v1.Service] ! required

ServicePort
  name 1 string
  protocol 2 string enum(SCTP,TCP,UDP) ="TCP"
  appProtocol 6 string *
  port 3 int32 ! required
  targetPort 4 intOrString !
  nodePort 5 int32

ServiceProxyOptions object
  path 1 string

ServiceSpec
  ports 1 list[core.v1.ServicePort] keys(port,protocol) merge(port)
  selector 2 map[string] atomic
  clusterIP 3 string
  clusterIPs 18 list[string] atomic
  type 4 string enum(ClusterIP,ExternalName,LoadBalancer,NodePort)
  externalIPs 5 list[string] atomic
  sessionAffinity 7 string enum(ClientIP,None)
  loadBalancerIP 8 string
  loadBalancerSourceRanges 9 list[string] atomic
  externalName 10 string
  externalTrafficPolicy 11 string enum(Cluster,Local)
  healthCheckNodePort 12 int32
  publishNotReadyAddresses 13 bool
  sessionAffinityConfig 14 core.v1.SessionAffinityConfig *
  ipFamilies 19 list[string] atomic enum("",IPv4,IPv6)
  ipFamilyPolicy 17 string * enum(PreferDualStack,RequireDualStack,SingleStack)
  allocateLoadBalancerNodePorts 20 bool *
  loadBalancerClass 21 string *
  internalTrafficPolicy 22 string * enum(Cluster,Local)
  trafficDistribution 23 string *

ServiceStatus
  loadBalancer 1 core.v1.LoadBalancerStatus !
  conditions 2 list[meta.v1.Condition] keys(type) merge(type)

SessionAffinityConfig
  clientIP 1 core.v1.ClientIPConfig *

SleepAction
  seconds 1 int64 ! required

StorageOSPersistentVolumeSource
  volumeName 1 string
  volumeNamespace 2 string
  fsType 3 string
  readOnly 4 bool
  secretRef 5 core.v1.ObjectReference *

StorageOSVolumeSource
  volumeName 1 string
  volumeNamespace 2 string
  fsType 3 string
  readOnly 4 bool
  secretRef 5 core.v1.LocalObjectReference *

Sysctl
  name 1 string ! required
  value 2 string ! required

TCPSocketAction
  port 1 intOrString ! required
  host 2 string

Taint
  key 1 string ! required
  value 2 string
  effect 3 string ! required enum(NoExecute,NoSchedule,PreferNoSchedule)
  timeAdded 4 time *

Toleration
  key 1 string
  operator 2 string enum(Equal,Exists,Gt,Lt)
  value 3 string
  effect 4 string enum(NoExecute,NoSchedule,PreferNoSchedule)
  tolerationSeconds 5 int64 *

TopologySelectorLabelRequirement
  key 1 string ! required
  values 2 list[string] ! required atomic

TopologySelectorTerm atomic
  matchLabelExpressions 1 list[core.v1.TopologySelectorLabelRequirement] atomic

TopologySpreadConstraint
  maxSkew 1 int32 ! required
  topologyKey 2 string ! required
  whenUnsatisfiable 3 string ! required enum(DoNotSchedule,ScheduleAnyway)
  labelSelector 4 meta.v1.LabelSelector *
  minDomains 5 int32 *
  nodeAffinityPolicy 6 string * enum(Honor,Ignore)
  nodeTaintsPolicy 7 string * enum(Honor,Ignore)
  matchLabelKeys 8 list[string] atomic

TypedLocalObjectReference atomic
  apiGroup 1 string * !
  kind 2 string ! required
  name 3 string ! required

TypedObjectReference
  apiGroup 1 string * !
  kind 2 string ! required
  name 3 string ! required
  namespace 4 string *

Volume
  name 1 string ! required
  hostPath 2.1 core.v1.HostPathVolumeSource *
  emptyDir 2.2 core.v1.EmptyDirVolumeSource *
  gcePersistentDisk 2.3 core.v1.GCEPersistentDiskVolumeSource *
  awsElasticBlockStore 2.4 core.v1.AWSElasticBlockStoreVolumeSource *
  gitRepo 2.5 core.v1.GitRepoVolumeSource *
  secret 2.6 core.v1.SecretVolumeSource *
  nfs 2.7 core.v1.NFSVolumeSource *
  iscsi 2.8 core.v1.ISCSIVolumeSource *
  glusterfs 2.9 core.v1.GlusterfsVolumeSource *
  persistentVolumeClaim 2.10 core.v1.PersistentVolumeClaimVolumeSource *
  rbd 2.11 core.v1.RBDVolumeSource *
  flexVolume 2.12 core.v1.FlexVolumeSource *
  cinder 2.13 core.v1.CinderVolumeSource *
  cephfs 2.14 core.v1.CephFSVolumeSource *
  flocker 2.15 core.v1.FlockerVolumeSource *
  downwardAPI 2.16 core.v1.DownwardAPIVolumeSource *
  fc 2.17 core.v1.FCVolumeSource *
  azureFile 2.18 core.v1.AzureFileVolumeSource *
  configMap 2.19 core.v1.ConfigMapVolumeSource *
  vsphereVolume 2.20 core.v1.VsphereVirtualDiskVolumeSource *
  quobyte 2.21 core.v1.QuobyteVolumeSource *
  azureDisk 2.22 core.v1.AzureDiskVolumeSource *
  photonPersistentDisk 2.23 core.v1.PhotonPersistentDiskVolumeSource *
  projected 2.26 core.v1.ProjectedVolumeSource *
  portworxVolume 2.24 core.v1.PortworxVolumeSource *
  scaleIO 2.25 core.v1.ScaleIOVolumeSource *
  storageos 2.27 core.v1.StorageOSVolumeSource *
  csi 2.28 core.v1.CSIVolumeSource *
  ephemeral 2.29 core.v1.EphemeralVolumeSource *
  image 2.30 core.v1.ImageVolumeSource *

VolumeDevice
  name 1 string ! required
  devicePath 2 string ! required

VolumeMount
  name 1 string ! required
  readOnly 2 bool
  recursiveReadOnly 7 string *
  mountPath 3 string ! required
  subPath 4 string
  mountPropagation 5 string * enum(Bidirectional,HostToContainer,None)
  subPathExpr 6 string

VolumeMountStatus
  name 1 string ! required
  mountPath 2 string ! required
  readOnly 3 bool
  recursiveReadOnly 4 string *
  volumeStatus 5 core.v1.VolumeStatus *

VolumeNodeAffinity
  required 1 core.v1.NodeSelector *

VolumeProjection
  secret 1 core.v1.SecretProjection *
  downwardAPI 2 core.v1.DownwardAPIProjection *
  configMap 3 core.v1.ConfigMapProjection *
  serviceAccountToken 4 core.v1.ServiceAccountTokenProjection *
  clusterTrustBundle 5 core.v1.ClusterTrustBundleProjection *
  podCertificate 6 core.v1.PodCertificateProjection *

VolumeResourceRequirements
  limits 1 map[quantity]
  requests 2 map[quantity]

VolumeSource
  hostPath 1 core.v1.HostPathVolumeSource *
  emptyDir 2 core.v1.EmptyDirVolumeSource *
  gcePersistentDisk 3 core.v1.GCEPersistentDiskVolumeSource *
  awsElasticBlockStore 4 core.v1.AWSElasticBlockStoreVolumeSource *
  gitRepo 5 core.v1.GitRepoVolumeSource *
  secret 6 core.v1.SecretVolumeSource *
  nfs 7 core.v1.NFSVolumeSource *
  iscsi 8 core.v1.ISCSIVolumeSource *
  glusterfs 9 core.v1.GlusterfsVolumeSource *
  persistentVolumeClaim 10 core.v1.PersistentVolumeClaimVolumeSource *
  rbd 11 core.v1.RBDVolumeSource *
  flexVolume 12 core.v1.FlexVolumeSource *
  cinder 13 core.v1.CinderVolumeSource *
  cephfs 14 core.v1.CephFSVolumeSource *
  flocker 15 core.v1.FlockerVolumeSource *
  downwardAPI 16 core.v1.DownwardAPIVolumeSource *
  fc 17 core.v1.FCVolumeSource *
  azureFile 18 core.v1.AzureFileVolumeSource *
  configMap 19 core.v1.ConfigMapVolumeSource *
  vsphereVolume 20 core.v1.VsphereVirtualDiskVolumeSource *
  quobyte 21 core.v1.QuobyteVolumeSource *
  azureDisk 22 core.v1.AzureDiskVolumeSource *
  photonPersistentDisk 23 core.v1.PhotonPersistentDiskVolumeSource *
  projected 26 core.v1.ProjectedVolumeSource *
  portworxVolume 24 core.v1.PortworxVolumeSource *
  scaleIO 25 core.v1.ScaleIOVolumeSource *
  storageos 27 core.v1.StorageOSVolumeSource *
  csi 28 core.v1.CSIVolumeSource *
  ephemeral 29 core.v1.EphemeralVolumeSource *
  image 30 core.v1.ImageVolumeSource *

VolumeStatus
  image 1 core.v1.ImageVolumeStatus *

VsphereVirtualDiskVolumeSource
  volumePath 1 string ! required
  fsType 2 string
  storagePolicyName 3 string
  storagePolicyID 4 string

WeightedPodAffinityTerm
  weight 1 int32 ! required
  podAffinityTerm 2 core.v1.PodAffinityTerm ! required

WindowsSecurityContextOptions
  gmsaCredentialSpecName 1 string *
  gmsaCredentialSpec 2 string *
  runAsUserName 3 string *
  hostProcess 4 bool *
`;
