// The machine as the node agent uses it: files, mounts, cgroups, measures, and the network for probes. One
// interface, so that a simulated node runs the same agent with a machine in memory
// (host/memory-host.ts); host/linux-host.ts is the real one.
import type { CgroupLimits, CgroupStats, FileSystemUsage, MachineInfo } from '#linux';

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'block' | 'char' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

export interface ReadHandle {
  /** Up to `length` bytes from `position`; empty at the end. */
  read(position: number, length: number): Promise<Uint8Array>;
  size(): Promise<number>;
  readonly inode: number;
  close(): Promise<void>;
}

export interface HostFiles {
  /** With parents. `mode` is set exactly, whatever the umask, on the last directory when it is new. */
  mkdir(path: string, mode?: number): Promise<void>;
  /** Replaces the content; `mode` is set exactly. */
  write(path: string, data: Uint8Array | string, mode?: number): Promise<void>;
  /** undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  open(path: string): Promise<ReadHandle | undefined>;
  /** Follows links; undefined when there is nothing. */
  stat(path: string): Promise<FileStat | undefined>;
  lstat(path: string): Promise<FileStat | undefined>;
  /** Names; empty when there is no such directory. */
  list(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** undefined when it is no link. */
  readlink(path: string): Promise<string | undefined>;
  realpath(path: string): Promise<string | undefined>;
  /** A file, or a directory with all below; nothing there is fine. Never follows links. */
  remove(path: string): Promise<void>;
  /** An empty directory, or a file; fails when the directory holds anything. */
  removeEmpty(path: string): Promise<void>;
  /** -1 leaves a value as it is. Does not follow links. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Compresses a file beside it as `<path>.gz`, and removes it. */
  gzip(path: string): Promise<void>;
  /** Calls `changed` when something in the directory changes, until the signal aborts. */
  watch(directory: string, signal: AbortSignal, changed: () => void): void;
}

export interface HostMounts {
  tmpfs(path: string, sizeBytes: number | undefined): Promise<void>;
  bind(from: string, to: string, options?: { readonly readonly?: boolean }): Promise<void>;
  /** Binds what the already verified path beneath `root` names, with no way out through links. */
  bindBeneath(root: string, relative: string, to: string): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Mount points at or below, deepest first. */
  under(path: string): Promise<string[]>;
}

export interface HostCgroups {
  readonly mode: 'v1' | 'v2';
  exists(path: string): Promise<boolean>;
  create(path: string, limits?: CgroupLimits): Promise<void>;
  setLimits(path: string, limits: CgroupLimits): Promise<void>;
  stats(path: string): Promise<CgroupStats | undefined>;
  children(path: string): Promise<string[]>;
  killAll(path: string, signal?: AbortSignal): Promise<void>;
  remove(path: string, signal?: AbortSignal): Promise<void>;
}

export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** The network as probes and hooks use it. Rejects with the reason when there is no answer. */
export interface HostNetwork {
  http(request: HttpProbe, timeoutMs: number, signal?: AbortSignal): Promise<{ status: number; body: string; location?: string }>;
  tcp(host: string, port: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<string>;
}

export interface HostMeasures {
  memory(): Promise<{ totalBytes: number; availableBytes: number; workingSetBytes: number; usedBytes: number }>;
  cpuNanoseconds(): Promise<number>;
  fileSystem(path: string): Promise<FileSystemUsage>;
  directory(path: string, signal?: AbortSignal): Promise<{ bytes: number; inodes: number }>;
  /** Processes on the machine and how many there may be. */
  pids(): Promise<{ running: number; max: number }>;
  /** Cumulative bytes of the node's main interface. */
  network(): Promise<{ name: string; rxBytes: number; txBytes: number; rxErrors: number; txErrors: number } | undefined>;
}

export interface NodeHost {
  readonly files: HostFiles;
  readonly mounts: HostMounts;
  /** undefined: this node does not manage cgroups. */
  readonly cgroups: HostCgroups | undefined;
  readonly measures: HostMeasures;
  readonly network: HostNetwork;
  machine(): Promise<MachineInfo>;
  /** The address others reach the node at. */
  defaultAddresses(): Promise<readonly string[]>;
}
