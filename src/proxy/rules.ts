// From Service ports to nftables rules of one address family. Packets find their Service in a verdict map by
// address, protocol and port; its chain picks an endpoint at random (or the one the client had before); the
// endpoint's chain rewrites the destination. Structure and mark follow upstream's nftables mode.
import { createHash } from 'node:crypto';
import type { NftSet, Ruleset } from './ruleset.ts';
import type { EndpointTarget, Family, ServicePortEntry } from './service-ports.ts';

export const tableName = 'skiff-proxy';

export interface RulesConfig {
  /** Pod network of the cluster; traffic to a ClusterIP from elsewhere is masqueraded. */
  readonly podCidr: string;
  /** Answer NodePorts on 127.0.0.1 as well (needs route_localnet). */
  readonly localhostNodePorts: boolean;
}

/** Upstream's masquerade mark, bit 14. */
const mark = '0x4000';

interface Draft {
  readonly chains: Map<string, string[]>;
  readonly sets: Map<string, NftSet>;
  readonly serviceIps: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly noEndpoints: Map<string, string>;
  readonly noEndpointNodePorts: Map<string, string>;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

/** Readable and unique within nft's bound on names. */
function chainName(kind: string, entry: ServicePortEntry, more = ''): string {
  const readable = entry.id.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 60);
  return `${kind}-${shortHash(`${entry.id} ${entry.protocol} ${entry.clusterIp} ${more}`)}-${readable}`;
}

function address(family: Family, endpoint: EndpointTarget): string {
  return family === 'ip6' ? `[${endpoint.ip}]:${endpoint.port}` : `${endpoint.ip}:${endpoint.port}`;
}

function endpointChain(draft: Draft, entry: ServicePortEntry, endpoint: EndpointTarget): string {
  const name = chainName('endpoint', entry, `${endpoint.ip} ${endpoint.port}`);
  if (draft.chains.has(name)) return name;
  const { family } = entry;
  const lines = [
    // A pod that reaches itself through its Service must see an answer from the Service's address.
    `${family} saddr ${endpoint.ip} jump mark-for-masquerade`,
  ];
  if (entry.affinitySeconds > 0) {
    const set = `affinity-${shortHash(name)}`;
    draft.sets.set(set, { kind: 'set', declaration: `type ${family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'}; flags dynamic,timeout; timeout ${entry.affinitySeconds}s;`, elements: undefined });
    lines.push(`update @${set} { ${family} saddr }`);
  }
  lines.push(`meta l4proto ${entry.protocol} dnat to ${address(family, endpoint)}`);
  draft.chains.set(name, lines);
  return name;
}

/** Rules that hand a packet to one of `endpoints`. */
function choose(draft: Draft, entry: ServicePortEntry, endpoints: readonly EndpointTarget[]): string[] {
  const names = endpoints.map((endpoint) => endpointChain(draft, entry, endpoint));
  const lines = entry.affinitySeconds > 0 ? names.map((name) => `${entry.family} saddr @affinity-${shortHash(name)} goto ${name}`) : [];
  if (names.length === 1) lines.push(`goto ${names[0]}`);
  else if (names.length > 1) lines.push(`numgen random mod ${names.length} vmap { ${names.map((name, i) => `${i} : goto ${name}`).join(', ')} }`);
  return lines;
}

function addEntry(draft: Draft, entry: ServicePortEntry, config: RulesConfig): void {
  const { family, protocol, port } = entry;
  const key = (ip: string): string => `${ip} . ${protocol} . ${port}`;
  const external = [...entry.externalIps, ...entry.loadBalancerIps];
  const reject = 'goto reject-chain';
  if (entry.clusterEndpoints.length > 0) {
    const service = chainName('service', entry);
    draft.chains.set(service, [
      `${family} daddr ${entry.clusterIp} ${protocol} dport ${port} ${family} saddr != ${config.podCidr} jump mark-for-masquerade`,
      ...choose(draft, entry, entry.clusterEndpoints),
    ]);
    draft.serviceIps.set(key(entry.clusterIp), `goto ${service}`);
  } else {
    draft.noEndpoints.set(key(entry.clusterIp), entry.hasAnyEndpoint ? 'drop' : reject);
  }
  if (external.length === 0 && entry.nodePort === 0) return;
  addExternal(draft, entry, config, external);
}

function addExternal(draft: Draft, entry: ServicePortEntry, config: RulesConfig, external: readonly string[]): void {
  const { family, protocol, port, nodePort } = entry;
  const key = (ip: string): string => `${ip} . ${protocol} . ${port}`;
  if (entry.externalEndpoints.length === 0) {
    const verdict = entry.hasAnyEndpoint ? 'drop' : 'goto reject-chain';
    for (const ip of external) draft.noEndpoints.set(key(ip), verdict);
    if (nodePort !== 0) draft.noEndpointNodePorts.set(`${protocol} . ${nodePort}`, verdict);
    return;
  }
  const name = chainName('external', entry);
  const lines: string[] = [];
  if (!entry.externalLocal) lines.push('jump mark-for-masquerade');
  else if (entry.clusterEndpoints.length > 0 && !entry.internalLocal) {
    // With policy Local, clients inside the cluster still reach every endpoint.
    const service = chainName('service', entry);
    lines.push(`${family} saddr ${config.podCidr} goto ${service}`);
    lines.push('fib saddr type local jump mark-for-masquerade');
    lines.push(`fib saddr type local goto ${service}`);
  }
  lines.push(...choose(draft, entry, entry.externalEndpoints));
  draft.chains.set(name, lines);
  for (const ip of entry.externalIps) draft.serviceIps.set(key(ip), `goto ${name}`);
  if (nodePort !== 0) draft.nodePorts.set(`${protocol} . ${nodePort}`, `goto ${name}`);
  if (entry.loadBalancerSourceRanges.length === 0) {
    for (const ip of entry.loadBalancerIps) draft.serviceIps.set(key(ip), `goto ${name}`);
    return;
  }
  const firewall = chainName('firewall', entry);
  draft.chains.set(firewall, [`${family} saddr { ${entry.loadBalancerSourceRanges.join(', ')} } goto ${name}`, 'drop']);
  for (const ip of entry.loadBalancerIps) draft.serviceIps.set(key(ip), `goto ${firewall}`);
}

function baseChains(family: Family, config: RulesConfig): Map<string, string[]> {
  const loopback = family === 'ip' ? '127.0.0.0/8' : '::1';
  const notLoopback = config.localhostNodePorts && family === 'ip' ? '' : `${family} daddr != ${loopback} `;
  const services = [
    `${family} daddr . meta l4proto . th dport vmap @service-ips`,
    `fib daddr type local ${notLoopback}meta l4proto . th dport vmap @service-nodeports`,
  ];
  const refuse = [
    `${family} daddr . meta l4proto . th dport vmap @no-endpoint-services`,
    `fib daddr type local ${notLoopback}meta l4proto . th dport vmap @no-endpoint-nodeports`,
  ];
  const chains = new Map<string, string[]>([
    ['mark-for-masquerade', [`meta mark set meta mark or ${mark}`]],
    ['reject-chain', ['reject']],
    ['services', services],
    ['refuse', refuse],
    ['nat-prerouting', ['type nat hook prerouting priority dstnat; policy accept;', 'jump services']],
    ['nat-output', ['type nat hook output priority -100; policy accept;', 'jump services']],
    ['nat-postrouting', ['type nat hook postrouting priority srcnat; policy accept;', `meta mark and ${mark} != 0 jump masquerading`, ...(family === 'ip' && config.localhostNodePorts ? ['ip saddr 127.0.0.0/8 oifname != "lo" masquerade'] : [])]],
    ['masquerading', [`meta mark set meta mark xor ${mark}`, 'masquerade fully-random']],
    ['filter-input', ['type filter hook input priority -110; policy accept;', ...guard(family, config), 'ct state new jump refuse']],
    ['filter-forward', ['type filter hook forward priority -110; policy accept;', 'ct state new jump refuse']],
    ['filter-output', ['type filter hook output priority -110; policy accept;', 'ct state new jump refuse']],
  ]);
  return chains;
}

/** route_localnet opens 127.0.0.0/8 to neighbours; from outside only answers to our own connections may use that. */
function guard(family: Family, config: RulesConfig): string[] {
  return family === 'ip' && config.localhostNodePorts ? ['iifname != "lo" ip daddr 127.0.0.0/8 ct direction original drop'] : [];
}

/** The whole ruleset of a family. The same entries give the same text. */
export function buildRuleset(family: Family, entries: readonly ServicePortEntry[], config: RulesConfig): Ruleset {
  const draft: Draft = { chains: baseChains(family, config), sets: new Map(), serviceIps: new Map(), nodePorts: new Map(), noEndpoints: new Map(), noEndpointNodePorts: new Map() };
  for (const entry of entries) if (entry.family === family) addEntry(draft, entry, config);
  const ip = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const map = (type: string, elements: Map<string, string>): NftSet => ({ kind: 'map', declaration: `type ${type} : verdict;`, elements });
  draft.sets.set('service-ips', map(`${ip} . inet_proto . inet_service`, draft.serviceIps));
  draft.sets.set('service-nodeports', map('inet_proto . inet_service', draft.nodePorts));
  draft.sets.set('no-endpoint-services', map(`${ip} . inet_proto . inet_service`, draft.noEndpoints));
  draft.sets.set('no-endpoint-nodeports', map('inet_proto . inet_service', draft.noEndpointNodePorts));
  return { family, table: tableName, chains: draft.chains, sets: draft.sets };
}
