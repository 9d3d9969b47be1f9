// containerd's configuration for a node of ours: everything under our own root, state and socket, so that
// another containerd on the machine is not touched and teardown knows what is ours. Plugins that would
// reach outside (/opt/containerd, other snapshotters) are off.
import { join } from 'node:path';
import type { ContainerdVersion } from './version.ts';

export interface ContainerdSettings {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly snapshotter: 'overlayfs' | 'native';
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  readonly sandboxImage: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  /** Set where oom_score_adj cannot be lowered (no CAP_SYS_RESOURCE): runc would fail for every sandbox. */
  readonly restrictOomScoreAdj: boolean;
  /** Holds one directory per registry with a hosts.toml; undefined for none. */
  readonly registriesDir: string | undefined;
  /** Absolute path of runc; undefined to look it up. */
  readonly runcPath: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const quote = (text: string): string => JSON.stringify(text);

const disabledPlugins = [
  'io.containerd.internal.v1.opt', 'io.containerd.snapshotter.v1.aufs', 'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs', 'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.erofs', 'io.containerd.differ.v1.erofs',
  'io.containerd.nri.v1.nri', 'io.containerd.tracing.processor.v1.otlp', 'io.containerd.internal.v1.tracing',
];

function runtimeLines(prefix: string, s: ContainerdSettings): string[] {
  return [
    `[plugins.${prefix}.containerd]`,
    `  snapshotter = ${quote(s.snapshotter)}`,
    '  default_runtime_name = "runc"',
    '  discard_unpacked_layers = false',
    `[plugins.${prefix}.containerd.runtimes.runc]`,
    '  runtime_type = "io.containerd.runc.v2"',
    `[plugins.${prefix}.containerd.runtimes.runc.options]`,
    `  SystemdCgroup = ${s.cgroupDriver === 'systemd'}`,
    `  Root = ${quote(join(s.state, 'runc'))}`,
    ...(s.runcPath === undefined ? [] : [`  BinaryName = ${quote(s.runcPath)}`]),
  ];
}

const criLines = (s: ContainerdSettings): string[] => [
  `  restrict_oom_score_adj = ${s.restrictOomScoreAdj}`,
  '  stream_server_address = "127.0.0.1"',
  '  stream_server_port = "0"',
  '  max_container_log_line_size = 16384',
  '  enable_unprivileged_ports = true',
  '  enable_unprivileged_icmp = true',
  // Namespaces are mounted below our state, not in /run/netns: nothing of ours lies elsewhere.
  '  netns_mounts_under_state_dir = true',
  '  tolerate_missing_hugetlb_controller = true',
  '  disable_hugetlb_controller = true',
];

function criVersion2(s: ContainerdSettings): string[] {
  const cri = '"io.containerd.grpc.v1.cri"';
  return [
    `[plugins.${cri}]`,
    `  sandbox_image = ${quote(s.sandboxImage)}`,
    ...criLines(s),
    ...runtimeLines(cri, s),
    `[plugins.${cri}.cni]`,
    `  bin_dir = ${quote(s.cniBinDir)}`,
    `  conf_dir = ${quote(s.cniConfDir)}`,
    ...(s.registriesDir === undefined ? [] : [`[plugins.${cri}.registry]`, `  config_path = ${quote(s.registriesDir)}`]),
  ];
}

function criVersion3(s: ContainerdSettings): string[] {
  const runtime = '"io.containerd.cri.v1.runtime"';
  const images = '"io.containerd.cri.v1.images"';
  const grpc = '"io.containerd.grpc.v1.cri"';
  const [streamKeys, runtimeKeys] = [criLines(s).filter((line) => line.includes('stream_server')), criLines(s).filter((line) => !line.includes('stream_server'))];
  return [
    `[plugins.${runtime}]`,
    ...runtimeKeys,
    ...runtimeLines(runtime, s).filter((line) => !/snapshotter|discard_unpacked/.test(line)),
    `[plugins.${runtime}.cni]`,
    `  bin_dirs = [${quote(s.cniBinDir)}]`,
    `  conf_dir = ${quote(s.cniConfDir)}`,
    `[plugins.${images}]`,
    `  snapshotter = ${quote(s.snapshotter)}`,
    `[plugins.${images}.pinned_images]`,
    `  sandbox = ${quote(s.sandboxImage)}`,
    ...(s.registriesDir === undefined ? [] : [`[plugins.${images}.registry]`, `  config_path = ${quote(s.registriesDir)}`]),
    `[plugins.${grpc}]`,
    ...streamKeys,
  ];
}

/** The text of config.toml. */
export function containerdConfig(version: ContainerdVersion, s: ContainerdSettings): string {
  const v3 = version.major >= 2;
  return [
    `version = ${v3 ? 3 : 2}`,
    `root = ${quote(s.root)}`,
    `state = ${quote(s.state)}`,
    'oom_score = 0',
    `disabled_plugins = [${disabledPlugins.map(quote).join(', ')}]`,
    '[grpc]',
    `  address = ${quote(s.socket)}`,
    '  max_recv_message_size = 67108864',
    '  max_send_message_size = 67108864',
    '[ttrpc]',
    `  address = ${quote(`${s.socket}.ttrpc`)}`,
    '[debug]',
    `  address = ${quote(`${s.socket}.debug`)}`,
    `  level = ${quote(s.logLevel)}`,
    ...(v3 ? criVersion3(s) : criVersion2(s)),
    '',
  ].join('\n');
}
