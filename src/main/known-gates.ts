// The feature gates that kube-apiserver 1.36 knows: stage, default, and whether they may be set at all. Most of them
// stand for behaviour that is as their default says and has no switch here; what a gate does switch is said where its
// value is read. All are accepted, checked and told (--help, metrics) as upstream does.

export type GateStage = 'ALPHA' | 'BETA' | 'GA' | 'DEPRECATED';

export interface Gate {
  readonly stage: GateStage;
  readonly default: boolean;
  /** It may only be set to its default. */
  readonly locked: boolean;
}

/** Stage, default, locked / names. */
const rows: readonly (readonly [GateStage, boolean, boolean, string])[] = [
  [
    'ALPHA', false, false,
    'APIServingWithRoutine AllowUnsafeMalformedObjectDeletion CBORServingAndStorage CPUManagerPolicyAlphaOptions CRIListStreaming CSIVolumeHealth ClientsAllowCBOR ClientsPreferCBOR ' +
    'CloudControllerManagerWatchBasedRoutesReconciliation CloudControllerManagerWebhook ContainerStopSignals CrossNamespaceVolumeDataSource DRAListTypeAttributes ' +
    'DRANodeAllocatableResources DRAResourcePoolStatus DRAWorkloadResourceClaims EventedPLEG GangScheduling GenericWorkload HPAScaleToZero ImageVolumeWithDigest ' +
    'InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory KubeletInUserNamespace LoggingAlphaOptions ManifestBasedAdmissionControlConfig MemoryQoS ' +
    'MutablePVNodeAffinity NativeHistograms PersistentVolumeClaimUnusedSinceTime PodAndContainerStatsFromCRI PodLevelResourceManagers PodLogsQuerySplitStreams PodsAPI QOSReserved ' +
    'ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriApi ShardedListAndWatch StorageCapacityScoring StoragePerformantSecurityPolicy StorageVersionAPI ' +
    'TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling TopologyManagerPolicyAlphaOptions UserNamespacesHostNetworkSupport VolumeLimitScaling WindowsCPUAndMemoryAffinity ' +
    'WorkloadAwarePreemption WorkloadWithJob',
  ],
  [
    'BETA', false, false,
    'ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection DRADeviceTaintRules LocalStorageCapacityIsolationFSQuotaMonitoring ' +
    'MaxUnavailableStatefulSet PodCertificateRequest SELinuxMount SchedulerAsyncAPICalls StorageVersionMigrator',
  ],
  [
    'BETA', true, false,
    'APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth AtomicFIFO AuthorizePodWebsocketUpgradeCreatePermission CPUManagerPolicyBetaOptions ' +
    'CRDObservedGenerationTracking ClearingNominatedNodeNameAfterBinding ClientsAllowCARotation ClientsAllowTLSCacheGC ComponentFlagz ComponentStatusz ConstrainedImpersonation ' +
    'ContainerCheckpoint ContainerRestartRules ContextualLogging DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaints DRAExtendedResource DRAPartitionableDevices ' +
    'DRAResourceClaimDeviceStatus DRAResourceClaimGranularStatusAuthorization DRASchedulerFilterTimeout DeclarativeValidationBeta DeploymentReplicaSetTerminatingReplicas ' +
    'DetectCacheInconsistency EnvFiles ExtendWebSocketsToKubelet GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance HostnameOverride ' +
    'InOrderInformersBatchProcess InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingInitContainers KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages ' +
    'KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions MatchLabelKeysInPodTopologySpread ' +
    'MatchLabelKeysInPodTopologySpreadSelectorMerge MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs NodeDeclaredFeatures NominatedNodeNameForExpectation ' +
    'OpenAPIEnums OpportunisticBatching PLEGOnDemandRelist PodDeletionCost PodLevelResources PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets ' +
    'PreventStaticPodAPIReferences RelaxedServiceNameValidation ReloadKubeletClientCAFile ReloadKubeletServerCertificateFile RemoteRequestHeaderUID ResourceHealthStatus ' +
    'ResourceHealthStatusMessage RestartAllContainersOnContainerExits RotateKubeletServerCertificate SchedulerAsyncPreemption SchedulerPopFromBackoffQ ' +
    'ServiceAccountNodeAudienceRestriction SizeBasedListCostEstimate StaleControllerConsistencyDaemonSet StaleControllerConsistencyJob StaleControllerConsistencyReplicaSet ' +
    'StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison StorageVersionHash StrictIPCIDRValidation StructuredAuthenticationConfigurationEgressSelector ' +
    'StructuredAuthenticationConfigurationJWKSMetrics TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests ' +
    'UnauthenticatedHTTP2DOSMitigation UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO WatchCacheInitializationPostStartHook WatchList WatchListClient ' +
    'WindowsGracefulNodeShutdown',
  ],
  [
    'GA', true, false,
    'AllowServiceExternalIPs CustomCPUCFSQuotaPeriod DRAPrioritizedList InformerResourceVersion MutatingAdmissionPolicy',
  ],
  [
    'GA', true, true,
    'APIServerTracing AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors AuthorizeWithSelectors BtreeWatchCache CPUManagerPolicyOptions ' +
    'CRDValidationRatcheting CSIServiceAccountTokenSecrets ConsistentListFromCache CustomResourceFieldSelectors DRAAdminAccess DeclarativeValidation DisableAllocatorDualWrite ' +
    'DynamicResourceAllocation ExecProbeTimeout ExternalServiceAccountTokenSigner ImageMaximumGCAge ImageVolume InOrderInformers InPlacePodVerticalScaling JobBackoffLimitPerIndex ' +
    'JobManagedBy JobPodReplacementPolicy JobSuccessPolicy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz KubeletPSI KubeletPodResourcesDynamicResources KubeletPodResourcesGet ' +
    'KubeletTracing LogarithmicScaleDown MatchLabelKeysInPodAffinity MultiCIDRServiceAllocator MutableCSINodeAllocatableCount NFTablesProxyMode NodeInclusionPolicyInPodTopologySpread ' +
    'NodeLogQuery NodeSwap OrderedNamespaceDeletion PodLifecycleSleepAction PodLifecycleSleepActionAllowZero PodObservedGenerationTracking PodSchedulingReadiness ' +
    'PreferSameTrafficDistribution ProcMountType RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation ' +
    'ResilientWatchCacheInitialization RetryGenerateName SELinuxChangePolicy SELinuxMountReadWriteOncePod SchedulerQueueingHints SeparateTaintEvictionController ServiceAccountTokenJTI ' +
    'ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation ServiceAccountTokenPodNodeInfo SidecarContainers StreamingCollectionEncodingToJSON ' +
    'StreamingCollectionEncodingToProtobuf StructuredAuthenticationConfiguration SupplementalGroupsPolicy SystemdWatchdog TopologyManagerPolicyOptions UserNamespacesSupport ' +
    'VolumeAttributesClass WinDSR WinOverlay',
  ],
  [
    'DEPRECATED', false, false,
    'AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests ChangeContainerStatusOnKubeletRestart DeclarativeValidationTakeover KMSv1 KubeletRegistrationGetOnExistsOnly ' +
    'WindowsHostNetwork',
  ],
  [
    'DEPRECATED', false, true,
    'AllowOverwriteTerminationGracePeriodSeconds GitRepoVolumeDriver SeparateCacheWatchRPC',
  ],
  [
    'DEPRECATED', true, false,
    'DisableCPUQuotaWithExclusiveCPUs KubeletPodResourcesListUseActivePods ServiceCIDRStatusFieldWiping StorageNamespaceIndex',
  ],
  [
    'DEPRECATED', true, true,
    'AggregatedDiscoveryRemoveBetaType DisableNodeKubeProxyVersion',
  ],
];

/** By name. */
export const knownGates: ReadonlyMap<string, Gate> = new Map(
  rows.flatMap(([stage, value, locked, names]) => names.split(' ').map((name) => [name, { stage, default: value, locked }] as const)),
);

/** A gate that is on needs others: "gate: others". */
const needs =
  'AuthorizeNodeWithSelectors:AuthorizeWithSelectors ClusterTrustBundleProjection:ClusterTrustBundle DRAAdminAccess:DynamicResourceAllocation ' +
  'DRAConsumableCapacity:DynamicResourceAllocation DRADeviceBindingConditions:DRAResourceClaimDeviceStatus,DynamicResourceAllocation DRADeviceTaintRules:DRADeviceTaints ' +
  'DRADeviceTaints:DynamicResourceAllocation DRAExtendedResource:DynamicResourceAllocation DRAListTypeAttributes:DynamicResourceAllocation ' +
  'DRANodeAllocatableResources:DynamicResourceAllocation DRAPartitionableDevices:DynamicResourceAllocation DRAPrioritizedList:DynamicResourceAllocation ' +
  'DRAResourceClaimGranularStatusAuthorization:DRAResourceClaimDeviceStatus,DynamicResourceAllocation DRAResourcePoolStatus:DynamicResourceAllocation ' +
  'DRASchedulerFilterTimeout:DynamicResourceAllocation DRAWorkloadResourceClaims:DynamicResourceAllocation,GenericWorkload DeclarativeValidationBeta:DeclarativeValidation ' +
  'DeclarativeValidationTakeover:DeclarativeValidation DisableAllocatorDualWrite:MultiCIDRServiceAllocator ExtendWebSocketsToKubelet:NodeDeclaredFeatures ' +
  'GangScheduling:GenericWorkload GracefulNodeShutdownBasedOnPodPriority:GracefulNodeShutdown ImageVolumeWithDigest:ImageVolume ' +
  'InPlacePodLevelResourcesVerticalScaling:InPlacePodVerticalScaling,NodeDeclaredFeatures,PodLevelResources InPlacePodVerticalScalingExclusiveCPUs:InPlacePodVerticalScaling ' +
  'InPlacePodVerticalScalingExclusiveMemory:InPlacePodVerticalScaling InPlacePodVerticalScalingInitContainers:InPlacePodVerticalScaling,NodeDeclaredFeatures ' +
  'MatchLabelKeysInPodTopologySpreadSelectorMerge:MatchLabelKeysInPodTopologySpread PodCertificateRequest:AuthorizeNodeWithSelectors PodLevelResourceManagers:PodLevelResources ' +
  'PodLifecycleSleepActionAllowZero:PodLifecycleSleepAction ProcMountType:UserNamespacesSupport ResourceHealthStatus:DynamicResourceAllocation ' +
  'ResourceHealthStatusMessage:ResourceHealthStatus RestartAllContainersOnContainerExits:ContainerRestartRules,NodeDeclaredFeatures ' +
  'ServiceAccountTokenNodeBinding:ServiceAccountTokenNodeBindingValidation StaleControllerConsistencyDaemonSet:AtomicFIFO StaleControllerConsistencyJob:AtomicFIFO ' +
  'StaleControllerConsistencyReplicaSet:AtomicFIFO StaleControllerConsistencyStatefulSet:AtomicFIFO StorageVersionAPI:APIServerIdentity ' +
  'StructuredAuthenticationConfigurationEgressSelector:StructuredAuthenticationConfiguration StructuredAuthenticationConfigurationJWKSMetrics:StructuredAuthenticationConfiguration ' +
  'TopologyAwareWorkloadScheduling:GenericWorkload UnknownVersionInteroperabilityProxy:APIServerIdentity UserNamespacesHostNetworkSupport:NodeDeclaredFeatures,UserNamespacesSupport ' +
  'WindowsGracefulNodeShutdown:GracefulNodeShutdown WorkloadAwarePreemption:GangScheduling WorkloadWithJob:GenericWorkload';

export const gateNeeds: readonly (readonly [string, readonly string[]])[] = needs.split(' ').map((row) => {
  const [gate = '', others = ''] = row.split(':');
  return [gate, others.split(',')] as const;
});
