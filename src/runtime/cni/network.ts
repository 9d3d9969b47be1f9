// The pod network of one node: a CNI network on the stock plugins (bridge skiff0 with a host-local address
// from the node's pod CIDR, portmap for host ports), plus what they leave to the host: forwarding, letting
// bridged packets pass netfilter (Services between pods of one node need it), and one masquerade rule.
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteLink, getSysctl, listLinks, nftApply, nftDeleteTable, run, setSysctl } from '#linux';
import { removeEmptyNatTables, removePortmapRules } from './portmap-rules.ts';

export interface PodNetworkOptions {
  /** Where containerd looks for network configurations: ours alone. */
  readonly confDir: string;
  readonly binDir: string;
  /** Address reservations of host-local; one file per address. */
  readonly dataDir: string;
  /** The node's share: "10.244.0.0/24". */
  readonly podCidr: string;
  /** All nodes' pods: traffic to it keeps its source address. */
  readonly clusterCidr: string;
  /** Default "skiff". Names the CNI network and its nft table. */
  readonly name?: string;
  /** Default "skiff0". At most 15 characters. */
  readonly bridge?: string;
  /** Bytes; the plugins' choice when not given. */
  readonly mtu?: number;
}

export const networkName = (options: PodNetworkOptions): string => options.name ?? 'skiff';
const bridgeName = (options: PodNetworkOptions): string => options.bridge ?? 'skiff0';
const tableName = (options: PodNetworkOptions): string => `${networkName(options).replaceAll(/[^A-Za-z0-9_]/g, '_')}_pods`;

/** The conflist as CNI reads it. */
export function podNetworkConfig(options: PodNetworkOptions, kind: 'bridge' | 'ptp'): object {
  const ipam = {
    type: 'host-local',
    dataDir: options.dataDir,
    ranges: [[{ subnet: options.podCidr }]],
    // The bridge plugin adds the default route itself.
    ...(kind === 'ptp' ? { routes: [{ dst: '0.0.0.0/0' }] } : {}),
  };
  const mtu = options.mtu === undefined ? {} : { mtu: options.mtu };
  const first = kind === 'bridge'
    ? { type: 'bridge', bridge: bridgeName(options), isGateway: true, isDefaultGateway: true, forceAddress: true, ipMasq: false, hairpinMode: true, ...mtu, ipam }
    : { type: 'ptp', ipMasq: false, ...mtu, ipam };
  return {
    cniVersion: '0.4.0',
    name: networkName(options),
    plugins: [first, { type: 'portmap', capabilities: { portMappings: true }, snat: true }],
  };
}

function hostRules(options: PodNetworkOptions): string {
  const table = tableName(options);
  return [
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat + 10; policy accept;',
    `    ip saddr ${options.podCidr} ip daddr != ${options.clusterCidr} ip daddr != 224.0.0.0/4 masquerade comment "pods leave with the node's address"`,
    '  }',
    '}',
    '',
  ].join('\n');
}

const forwardComment = 'skiff: traffic of pods';

function forwardRules(options: PodNetworkOptions): string[][] {
  const tail = ['-m', 'comment', '--comment', forwardComment, '-j', 'ACCEPT'];
  return [['-s', options.podCidr, ...tail], ['-d', options.podCidr, ...tail]];
}

/** Docker and firewalls leave FORWARD dropping by default: pods' traffic is let through there. */
async function openForward(options: PodNetworkOptions, signal: AbortSignal | undefined): Promise<void> {
  const listed = await run('iptables', ['-w', '5', '-S', 'FORWARD'], { signal }).catch(() => undefined);
  if (listed === undefined || listed.code !== 0 || !listed.stdout.includes('-P FORWARD DROP')) return;
  for (const rule of forwardRules(options)) {
    const there = await run('iptables', ['-w', '5', '-C', 'FORWARD', ...rule], { signal });
    if (there.code !== 0) await run('iptables', ['-w', '5', '-I', 'FORWARD', '1', ...rule], { signal });
  }
}

/** Whether bridged packets can be made to pass netfilter: loads br_netfilter where it is a module. */
async function bridgeNetfilter(signal: AbortSignal | undefined): Promise<boolean> {
  const key = 'net.bridge.bridge-nf-call-iptables';
  if ((await getSysctl(key)) === undefined) await run('modprobe', ['br_netfilter'], { signal }).catch(() => undefined);
  if ((await getSysctl(key)) === undefined) return false;
  await setSysctl(key, 1);
  return true;
}

/**
 * Writes the CNI configuration and sets the host up; idempotent. Where the kernel has no br_netfilter each
 * pod gets a point-to-point link with a host route instead of a bridge port. Rejects when a plugin is missing.
 */
export async function setUpPodNetwork(options: PodNetworkOptions, signal?: AbortSignal): Promise<{ kind: 'bridge' | 'ptp' }> {
  const kind = (await bridgeNetfilter(signal)) ? 'bridge' : 'ptp';
  const present = new Set(await readdir(options.binDir).catch(() => []));
  const missing = [kind, 'host-local', 'portmap', 'loopback'].filter((plugin) => !present.has(plugin));
  if (missing.length > 0) throw new Error(`CNI plugins not found in ${options.binDir}: ${missing.join(', ')}; on Debian: apt-get install containernetworking-plugins`);
  await setSysctl('net.ipv4.ip_forward', 1);
  await nftApply(hostRules(options), signal);
  await openForward(options, signal);
  await mkdir(options.confDir, { recursive: true });
  await mkdir(options.dataDir, { recursive: true });
  const file = join(options.confDir, '10-skiff.conflist');
  // Renamed into place: containerd reads the directory whenever it changes.
  await writeFile(`${file}.new`, `${JSON.stringify(podNetworkConfig(options, kind), null, 2)}\n`);
  await rename(`${file}.new`, file);
  return { kind };
}

/** Removes the bridge, leftover host ends, rules, reservations and the configuration. Pods must be gone. */
export async function tearDownPodNetwork(options: PodNetworkOptions, signal?: AbortSignal): Promise<void> {
  await rm(join(options.confDir, '10-skiff.conflist'), { force: true });
  const links = await listLinks(signal);
  for (const link of links) {
    if (link.kind === 'veth' && link.master === bridgeName(options)) await deleteLink(link.name, signal);
  }
  await deleteLink(bridgeName(options), signal);
  await nftDeleteTable('ip', tableName(options), signal);
  for (const rule of forwardRules(options)) {
    const there = await run('iptables', ['-w', '5', '-C', 'FORWARD', ...rule], { signal }).catch(() => undefined);
    if (there?.code === 0) await run('iptables', ['-w', '5', '-D', 'FORWARD', ...rule], { signal });
  }
  await removePortmapRules(networkName(options), signal);
  await removeEmptyNatTables(signal);
  await rm(join(options.dataDir, networkName(options)), { recursive: true, force: true });
  // libcni keeps the result of each ADD here, whatever the configuration says; ours carry our network's name.
  const results = '/var/lib/cni/results';
  for (const name of await readdir(results).catch(() => [])) {
    if (name.startsWith(`${networkName(options)}-`)) await rm(join(results, name), { force: true });
  }
  // rmdir takes empty directories only.
  for (const directory of [results, '/var/lib/cni']) await rmdir(directory).catch(() => {});
}
