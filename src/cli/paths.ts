// Where Skiff keeps things on one machine, and the numbers that a cluster is made of. One file, written as
// <state>/cluster.json by the first `up`, is what every program of the cluster reads.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, errorText } from '#base/errors.ts';
import { UserError } from './user-error.ts';

export interface ClusterPaths {
  /** Survives `down`: certificates, the store, containerd's content, pod directories. */
  readonly state: string;
  /** Gone after `down`: sockets, pid files, generated configuration. */
  readonly run: string;
  /** Program logs. Container logs live in /var/log/pods. */
  readonly log: string;
}

export interface ClusterConfig {
  readonly name: string;
  readonly paths: ClusterPaths;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Address that the API server listens on. */
  readonly bindAddress: string;
  readonly apiPort: number;
  readonly kubeletPort: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly nodePortRange: string;
  /** "embedded" or "etcd://host:port,host:port". */
  readonly store: string;
  readonly logLevel: string;
  /** As in kubeadm's ClusterConfiguration: flags that the API server gets besides, a list of name and value or a map. */
  readonly apiServer?: { readonly extraArgs?: readonly { readonly name: string; readonly value: string }[] | Readonly<Record<string, string>> };
  /** Where the embedded store answers etcd's API. Absent: nowhere. */
  readonly etcdListen?: string;
  /** What of the API's requests is recorded: `default`, or the path of a policy. Absent: nothing. */
  readonly audit?: string;
}

export const defaultPaths: ClusterPaths = { state: '/var/lib/skiff', run: '/run/skiff', log: '/var/log/skiff' };

export function clusterFile(paths: ClusterPaths): string {
  return join(paths.state, 'cluster.json');
}

/** The cluster that this machine's state directory describes, if `up` has ever run. */
export function loadCluster(paths: ClusterPaths = defaultPaths, file = clusterFile(paths)): ClusterConfig | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterConfig;
  } catch (error) {
    if (codeOf(error) === 'EACCES') throw new UserError('the cluster of this machine belongs to root', 'run the same command as root: sudo …', error);
    throw new UserError(`${file} cannot be read: ${errorText(error)}`, 'restore it, or begin anew: remove it and run skiff up', error);
  }
}

export function saveCluster(config: ClusterConfig): void {
  for (const dir of [config.paths.state, config.paths.run, config.paths.log]) mkdirSync(dir, { recursive: true, mode: 0o755 });
  writeFileSync(clusterFile(config.paths), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

/** Files of the cluster's PKI by role; `pki.ts` writes them. */
export function pkiFile(paths: ClusterPaths, name: string): string {
  return join(paths.state, 'pki', name);
}

/** A kubeconfig that a program of the cluster uses ("admin", "controllers", "agent"). */
export function kubeconfigFile(paths: ClusterPaths, name: string): string {
  return join(paths.state, 'kubeconfig', `${name}.yaml`);
}
