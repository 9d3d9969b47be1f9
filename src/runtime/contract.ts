// The container runtime as the kubelet sees it: CRI v1's verbs and shapes (field names as in CRI's JSON),
// less what nobody uses. `cri/` drives containerd through gRPC; testing/ implements the same interface in
// memory for simulated nodes. Times are nanoseconds since the epoch as decimal strings, as CRI's int64.
import type { Duplex } from 'node:stream';

export interface Mount {
  container_path: string;
  host_path: string;
  readonly?: boolean;
  selinux_relabel?: boolean;
  propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL';
  image?: { image: string };
  image_sub_path?: string;
  recursive_read_only?: boolean;
}

export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';

export interface NamespaceOption {
  network: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  target_id?: string;
}

export interface SecurityProfile {
  profile_type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhost_ref?: string;
}

export interface LinuxResources {
  cpu_period?: number;
  cpu_quota?: number;
  cpu_shares?: number;
  memory_limit_in_bytes?: number;
  oom_score_adj?: number;
  cpuset_cpus?: string;
  cpuset_mems?: string;
  hugepage_limits?: { page_size: string; limit: number }[];
  unified?: Record<string, string>;
}

export interface PodSandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  log_directory: string;
  dns_config?: { servers: string[]; searches: string[]; options: string[] };
  port_mappings?: { protocol: 'TCP' | 'UDP' | 'SCTP'; container_port: number; host_port: number; host_ip?: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  linux?: {
    cgroup_parent: string;
    security_context?: {
      namespace_options: NamespaceOption;
      run_as_user?: { value: number };
      run_as_group?: { value: number };
      supplemental_groups?: number[];
      readonly_rootfs?: boolean;
      privileged?: boolean;
      seccomp?: SecurityProfile;
    };
    sysctls?: Record<string, string>;
  };
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  image: { image: string };
  command: string[];
  args: string[];
  working_dir: string;
  envs: { key: string; value: string }[];
  mounts: Mount[];
  devices?: { container_path: string; host_path: string; permissions: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox's log_directory. */
  log_path: string;
  stdin: boolean;
  stdin_once: boolean;
  tty: boolean;
  linux?: {
    resources: LinuxResources;
    security_context: {
      capabilities?: { add_capabilities: string[]; drop_capabilities: string[] };
      privileged?: boolean;
      namespace_options: NamespaceOption;
      run_as_user?: { value: number };
      run_as_group?: { value: number };
      run_as_username?: string;
      readonly_rootfs?: boolean;
      supplemental_groups?: number[];
      no_new_privs?: boolean;
      masked_paths?: string[];
      readonly_paths?: string[];
      seccomp?: SecurityProfile;
    };
  };
}

export interface PodSandbox {
  id: string;
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  created_at: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface PodSandboxStatus extends PodSandbox {
  network: { ip: string; additional_ips: { ip: string }[] };
}

export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

export interface Container {
  id: string;
  pod_sandbox_id: string;
  metadata: { name: string; attempt: number };
  image: { image: string };
  image_ref: string;
  state: ContainerState;
  created_at: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus extends Container {
  started_at: string;
  finished_at: string;
  exit_code: number;
  reason: string;
  message: string;
  log_path: string;
  mounts: Mount[];
}

export interface Image {
  id: string;
  repo_tags: string[];
  repo_digests: string[];
  size: string;
  uid?: { value: string };
  username: string;
  pinned?: boolean;
}

export interface ContainerStats {
  id: string;
  name: string;
  labels: Record<string, string>;
  timestampMs: number;
  /** Cumulative. */
  cpuNanoseconds: number;
  memoryWorkingSetBytes: number;
  memoryUsageBytes: number;
  memoryRssBytes: number;
  writableLayerBytes: number;
  writableLayerInodes: number;
}

export interface RuntimeEvent {
  readonly kind: 'created' | 'started' | 'stopped' | 'deleted' | 'oom';
  /** Sandbox or container id. */
  readonly id: string;
}

export interface ExecResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

/** A running exec or attach. With a tty, `stderr` never yields. */
export interface ContainerStreams {
  readonly stdin: NodeJS.WritableStream | undefined;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  resize(width: number, height: number): void;
  /** The exit code of an exec; for attach resolves 0 when the streams end. */
  readonly exited: Promise<number>;
  close(): void;
}

export interface AuthConfig {
  readonly username: string;
  readonly password: string;
  readonly server: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface RuntimeVersion {
  /** "containerd" */
  readonly name: string;
  readonly version: string;
}

/** Errors carry `code`: 'NOT_FOUND', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', … (gRPC's names). */
export interface Runtime {
  version(signal?: AbortSignal): Promise<RuntimeVersion>;
  /** RuntimeReady and NetworkReady with reason and message when not. */
  status(signal?: AbortSignal): Promise<{ runtimeReady: boolean; networkReady: boolean; message: string }>;
  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string, signal?: AbortSignal): Promise<string>;
  stopPodSandbox(id: string, signal?: AbortSignal): Promise<void>;
  removePodSandbox(id: string, signal?: AbortSignal): Promise<void>;
  podSandboxStatus(id: string, signal?: AbortSignal): Promise<PodSandboxStatus>;
  listPodSandboxes(signal?: AbortSignal): Promise<readonly PodSandbox[]>;
  createContainer(sandboxId: string, config: ContainerConfig, sandboxConfig: PodSandboxConfig, signal?: AbortSignal): Promise<string>;
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>;
  removeContainer(id: string, signal?: AbortSignal): Promise<void>;
  containerStatus(id: string, signal?: AbortSignal): Promise<ContainerStatus>;
  listContainers(signal?: AbortSignal): Promise<readonly Container[]>;
  updateContainerResources(id: string, resources: LinuxResources, signal?: AbortSignal): Promise<void>;
  reopenContainerLog(id: string, signal?: AbortSignal): Promise<void>;
  execSync(id: string, command: readonly string[], timeoutSeconds: number, signal?: AbortSignal): Promise<ExecResult>;
  exec(id: string, command: readonly string[], options: { stdin: boolean; tty: boolean; stdout: boolean; stderr: boolean }): Promise<ContainerStreams>;
  attach(id: string, options: { stdin: boolean; tty: boolean; stdout: boolean; stderr: boolean }): Promise<ContainerStreams>;
  /** A connection to a port inside the pod's network namespace. */
  portForward(sandboxId: string, port: number): Promise<Duplex>;
  listContainerStats(signal?: AbortSignal): Promise<readonly ContainerStats[]>;
  /** Runs until the signal aborts; reconnects by itself, and calls `onGap` when events may have been lost. */
  events(signal: AbortSignal, onEvent: (event: RuntimeEvent) => void, onGap: () => void): void;
  listImages(signal?: AbortSignal): Promise<readonly Image[]>;
  /** undefined when the image is not here. */
  imageStatus(image: string, signal?: AbortSignal): Promise<Image | undefined>;
  /** Returns the image's reference (id). */
  pullImage(image: string, auth: AuthConfig | undefined, sandboxConfig: PodSandboxConfig, signal?: AbortSignal): Promise<string>;
  removeImage(image: string, signal?: AbortSignal): Promise<void>;
  imageFsInfo(signal?: AbortSignal): Promise<{ mountpoint: string; usedBytes: number }>;
  close(): Promise<void>;
}
