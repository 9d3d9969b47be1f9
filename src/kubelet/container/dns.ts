// What a pod's resolv.conf says: dnsPolicy over the cluster's DNS and the node's own resolv.conf, then
// dnsConfig on top, cut to the limits that resolvers have.
import type { Pod } from '#api/core/v1.ts';
import { namespaceOf, podText, specOf } from '../pod.ts';

export interface DnsSettings {
  servers: string[];
  searches: string[];
  options: string[];
}

const maxServers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;
const maxSearchLength = 253;

/** Reads a resolv.conf: nameservers add up, the last search line wins, options replace their namesakes. */
export function parseResolvConf(text: string): DnsSettings {
  const settings: DnsSettings = { servers: [], searches: [], options: [] };
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === 'nameserver' && fields[1] !== undefined) settings.servers.push(fields[1]);
    else if (fields[0] === 'search') settings.searches = fields.slice(1).filter((search) => search !== '.').map((search) => search.replace(/\.$/, ''));
    else if (fields[0] === 'options') for (const option of fields.slice(1)) options.set(option.split(':')[0] ?? option, option);
  }
  settings.options = [...options.values()];
  return settings;
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

function withinLimits(settings: DnsSettings, warn: (reason: string, message: string) => void): DnsSettings {
  let { servers } = settings;
  if (servers.length > maxServers) {
    servers = servers.slice(0, maxServers);
    warn('DNSConfigForming', `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`);
  }
  const searches = settings.searches.slice(0, maxSearches).filter((search) => search.length <= maxSearchLength);
  while (searches.join(' ').length > maxSearchCharacters) searches.pop();
  if (searches.length < settings.searches.length) {
    warn('DNSConfigForming', `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`);
  }
  return { servers, searches, options: settings.options };
}

/** `warn` becomes an event about the pod. */
export function podDns(pod: Pod, node: DnsSettings, cluster: { servers: readonly string[]; domain: string }, warn: (reason: string, message: string) => void): DnsSettings {
  const spec = specOf(pod);
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const wantsCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && spec.hostNetwork !== true);
  let base: DnsSettings = { servers: [...node.servers], searches: [...node.searches], options: [...node.options] };
  if (policy === 'None') base = { servers: [], searches: [], options: [] };
  else if (wantsCluster && cluster.servers.length > 0) {
    const own = cluster.domain === '' ? [] : [`${namespaceOf(pod)}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain];
    base = { servers: [...cluster.servers], searches: unique([...own, ...node.searches]), options: ['ndots:5'] };
  } else if (wantsCluster) {
    warn('MissingClusterDNS', `pod: "${podText(pod)}". kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.`);
  }
  if (spec.dnsConfig !== undefined) {
    const options = new Map(base.options.map((option) => [option.split(':')[0] ?? option, option]));
    for (const { name = '', value } of spec.dnsConfig.options ?? []) options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
    base = {
      servers: unique([...base.servers, ...(spec.dnsConfig.nameservers ?? [])]),
      searches: unique([...base.searches, ...(spec.dnsConfig.searches ?? [])]),
      options: [...options.values()],
    };
  }
  return withinLimits(base, warn);
}
