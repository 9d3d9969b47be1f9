// Where one node keeps its parts, derived from the cluster's paths: containerd's directories, the pod network's
// files, the agent's root. One place, so that bring-up and teardown can never disagree.
import { join } from 'node:path';
import type { ContainerdOptions, PodNetworkOptions } from '#runtime';
import type { ClusterConfig } from './paths.ts';

export const pauseImage = 'skiff.local/pause:1';
/** Shell and tools from the machine's busybox: probes and examples start from it. */
export const busyboxImage = 'skiff.local/busybox:1';
/** Node.js and the shell: the example's base. */
export const nodeImage = 'skiff.local/node:24';

export interface NodeLayout {
  readonly containerd: ContainerdOptions;
  readonly podNetwork: PodNetworkOptions;
  /** Pod directories and volumes; upstream's /var/lib/kubelet. */
  readonly kubeletRoot: string;
  readonly podLogs: string;
  readonly containerLogs: string;
  readonly staticPods: string;
  /** OCI layout of the images built on this machine. */
  readonly imageLayout: string;
  /** Cgroups of pods. */
  readonly cgroups: readonly string[];
}

function firstExisting(paths: readonly string[], exists: (path: string) => boolean): string {
  return paths.find(exists) ?? paths[0] ?? '';
}

/** The node's share of the pod network: the first /24. */
export function nodePodCidr(podCidr: string): string {
  const [address = '', bits] = podCidr.split('/');
  return Number(bits) >= 24 ? podCidr : `${address.split('.').slice(0, 3).join('.')}.0/24`;
}

export function nodeLayout(config: ClusterConfig, exists: (path: string) => boolean): NodeLayout {
  const { state, run, log } = config.paths;
  const binDir = firstExisting(['/usr/lib/cni', '/opt/cni/bin'], exists);
  const confDir = join(state, 'cni', 'net.d');
  return {
    containerd: {
      binaryPath: 'containerd',
      root: join(state, 'containerd'),
      state: join(run, 'containerd'),
      socket: join(run, 'containerd.sock'),
      configPath: join(run, 'containerd.toml'),
      logPath: join(log, 'containerd.log'),
      pidPath: join(run, 'containerd.pid'),
      sandboxImage: pauseImage,
      cniBinDir: binDir,
      cniConfDir: confDir,
      registriesDir: join(state, 'registries'),
    },
    podNetwork: { confDir, binDir, dataDir: join(state, 'cni', 'addresses'), podCidr: nodePodCidr(config.podCidr), clusterCidr: config.podCidr },
    kubeletRoot: join(state, 'kubelet'),
    podLogs: '/var/log/pods',
    containerLogs: '/var/log/containers',
    staticPods: join(state, 'manifests'),
    imageLayout: join(state, 'images'),
    cgroups: ['/kubepods'],
  };
}
