// What a node agent is told about itself and its cluster. Names are those of upstream's
// KubeletConfiguration (kubelet.config.k8s.io/v1beta1) where one exists; durations carry their unit in the
// name. `kubeletConfig` fills in upstream's defaults.

export interface HardEviction {
  /** "100Mi" or "5%". */
  readonly 'memory.available'?: string;
  readonly 'nodefs.available'?: string;
  readonly 'nodefs.inodesFree'?: string;
  readonly 'imagefs.available'?: string;
  readonly 'pid.available'?: string;
}

export interface KubeletConfig {
  readonly nodeName: string;
  /** First address is the node's main one; the machine's default address when empty. */
  readonly nodeIPs: readonly string[];
  /** Labels put on the Node object at registration. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly registerNode: boolean;
  readonly registerWithTaints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** "/var/lib/kubelet" upstream: pod directories and volumes. */
  readonly rootDirectory: string;
  readonly podLogsDir: string;
  /** Symbolic links to every container's log; '' for none. */
  readonly containerLogsDir: string;
  /** Directory of static pod manifests; '' for none. */
  readonly staticPodPath: string;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly resolvConf: string;
  readonly maxPods: number;
  readonly podPidsLimit: number;
  readonly cgroupRoot: string;
  readonly cgroupsPerQOS: boolean;
  readonly cpuCFSQuota: boolean;
  readonly cpuCFSQuotaPeriodMs: number;
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly evictionHard: HardEviction;
  readonly evictionPressureTransitionPeriodMs: number;
  readonly nodeStatusUpdateFrequencyMs: number;
  readonly nodeStatusReportFrequencyMs: number;
  readonly nodeLeaseDurationSeconds: number;
  /** Safety net under the runtime's events. */
  readonly relistPeriodMs: number;
  readonly imageGCHighThresholdPercent: number;
  readonly imageGCLowThresholdPercent: number;
  readonly imageMinimumGCAgeMs: number;
  readonly maxParallelImagePulls: number;
  readonly containerLogMaxSize: string;
  readonly containerLogMaxFiles: number;
  readonly crashLoopBackOffMaxMs: number;
  readonly seccompDefault: boolean;
  readonly allowedUnsafeSysctls: readonly string[];
  /** The serving certificate is asked for through the API, and rotated; its requests wait for somebody's approval. */
  readonly serverTLSBootstrap: boolean;
  /** Where the HTTPS server listens; `port` 0 picks a free one. */
  readonly address: string;
  readonly port: number;
  /** The port that the Node object tells; the port listened on when 0. */
  readonly advertisedPort: number;
  readonly kubeletVersion: string;
  readonly enableDebuggingHandlers: boolean;
}

export type KubeletSettings = Partial<KubeletConfig> & Pick<KubeletConfig, 'nodeName' | 'rootDirectory'>;

const defaults: Omit<KubeletConfig, 'nodeName' | 'rootDirectory'> = {
  nodeIPs: [],
  nodeLabels: {},
  registerNode: true,
  registerWithTaints: [],
  podLogsDir: '/var/log/pods',
  containerLogsDir: '/var/log/containers',
  staticPodPath: '',
  clusterDNS: [],
  clusterDomain: 'cluster.local',
  resolvConf: '/etc/resolv.conf',
  maxPods: 110,
  podPidsLimit: -1,
  cgroupRoot: '',
  cgroupsPerQOS: true,
  cpuCFSQuota: true,
  cpuCFSQuotaPeriodMs: 100,
  systemReserved: {},
  kubeReserved: {},
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%', 'imagefs.available': '15%' },
  evictionPressureTransitionPeriodMs: 300_000,
  nodeStatusUpdateFrequencyMs: 10_000,
  nodeStatusReportFrequencyMs: 300_000,
  nodeLeaseDurationSeconds: 40,
  relistPeriodMs: 10_000,
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  imageMinimumGCAgeMs: 120_000,
  maxParallelImagePulls: 3,
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  crashLoopBackOffMaxMs: 300_000,
  seccompDefault: false,
  allowedUnsafeSysctls: [],
  serverTLSBootstrap: false,
  address: '0.0.0.0',
  port: 10250,
  advertisedPort: 0,
  kubeletVersion: 'v1.36.0',
  enableDebuggingHandlers: true,
};

/** The whole configuration: what is given over upstream's defaults. */
export function kubeletConfig(given: KubeletSettings): KubeletConfig {
  return { ...defaults, ...given };
}
