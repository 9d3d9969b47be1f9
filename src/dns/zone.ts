// The cluster's names as the Kubernetes DNS specification 1.1.0 defines them, answered from what a `ZoneView`
// (the informers) holds at the moment of the question. Pure: a question in, records out.
import type { EndpointSlice, Endpoint } from '#api/discovery/v1.ts';
import type { Service, ServicePort } from '#api/core/v1.ts';

export type RecordType = 'A' | 'AAAA' | 'SRV' | 'PTR' | 'CNAME' | 'TXT' | 'SOA' | 'NS';

export interface DnsRecord {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly data: string | { readonly target: string; readonly port: number; readonly priority: number; readonly weight: number } | SoaData;
}

export interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** What the zone is made of. */
export interface ZoneView {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  hasNamespace(name: string): boolean;
  servicesWithIp(ip: string): readonly Service[];
  slicesWithIp(ip: string): readonly EndpointSlice[];
}

export interface ZoneConfig {
  /** "cluster.local" */
  readonly domain: string;
  readonly ttlSeconds: number;
}

const exists: ZoneAnswer = { rcode: 'NOERROR', answers: [], additionals: [] };
const absent: ZoneAnswer = { rcode: 'NXDOMAIN', answers: [], additionals: [] };
const longestChain = 8;

function isIpv6(address: string): boolean {
  return address.includes(':');
}

function addressType(address: string): 'A' | 'AAAA' {
  return isIpv6(address) ? 'AAAA' : 'A';
}

function dashed(address: string): string {
  return address.replaceAll(/[.:]/g, '-');
}

function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

interface Target {
  readonly address: string;
  /** The endpoint's label below the service's name. */
  readonly label: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

function usable(endpoint: Endpoint, service: Service): boolean {
  return service.spec?.publishNotReadyAddresses === true || endpoint.conditions?.ready !== false;
}

function targets(view: ZoneView, service: Service): Target[] {
  const found = new Map<string, Target>();
  for (const slice of view.slices(service.metadata?.namespace ?? '', service.metadata?.name ?? '')) {
    if (slice.addressType === 'FQDN') continue;
    const ports = (slice.ports ?? []).map((p) => ({ name: p.name ?? '', protocol: (p.protocol ?? 'TCP').toLowerCase(), port: p.port ?? 0 }));
    for (const endpoint of slice.endpoints ?? []) {
      if (!usable(endpoint, service)) continue;
      for (const address of endpoint.addresses) {
        const label = endpoint.hostname === undefined || endpoint.hostname === '' ? dashed(address) : endpoint.hostname;
        const known = found.get(`${address} ${label}`);
        found.set(`${address} ${label}`, { address, label, ports: [...(known?.ports ?? []), ...ports] });
      }
    }
  }
  return [...found.values()];
}

function clusterIps(service: Service): readonly string[] {
  const ips = service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''];
  return ips.filter((ip) => ip !== '' && ip !== 'None');
}

export interface Zone {
  /** True when the name is below the cluster's domain or in a reverse zone that has a cluster answer. */
  answer(name: string, type: string): ZoneAnswer | undefined;
  soa(): DnsRecord;
}

export function createZone(view: ZoneView, config: ZoneConfig, nowMs: () => number): Zone {
  const { domain, ttlSeconds: ttl } = config;

  const addresses = (name: string, ips: readonly string[], type: string): DnsRecord[] =>
    ips.filter((ip) => addressType(ip) === type).map((ip) => ({ name, type: addressType(ip), ttl, data: ip }));

  const srv = (name: string, target: string, port: number): DnsRecord => ({ name, type: 'SRV', ttl, data: { target, port, priority: 0, weight: 100 } });

  const serviceName = (service: Service): string => `${service.metadata?.name}.${service.metadata?.namespace}.svc.${domain}`;

  const srvAnswer = (name: string, service: Service, wanted: (port: { name: string; protocol: string }) => boolean): ZoneAnswer => {
    const base = serviceName(service);
    const answers: DnsRecord[] = [];
    const additionals = new Map<string, DnsRecord>();
    const extra = (target: string, ip: string): void => void additionals.set(`${target} ${ip}`, { name: target, type: addressType(ip), ttl, data: ip });
    if (isHeadless(service)) {
      for (const target of targets(view, service)) {
        for (const port of target.ports.filter(wanted)) {
          answers.push(srv(name, `${target.label}.${base}`, port.port));
          extra(`${target.label}.${base}`, target.address);
        }
      }
    } else {
      const ports = (service.spec?.ports ?? []).map((p: ServicePort) => ({ name: p.name ?? '', protocol: (p.protocol ?? 'TCP').toLowerCase(), port: p.port }));
      for (const port of ports.filter(wanted)) answers.push(srv(name, base, port.port));
      for (const ip of clusterIps(service)) extra(base, ip);
    }
    return answers.length === 0 ? absent : { rcode: 'NOERROR', answers, additionals: [...additionals.values()] };
  };

  const serviceAnswer = (name: string, labels: readonly string[], type: string, depth: number): ZoneAnswer => {
    const [namespace = '', serviceLabel, ...rest] = labels.toReversed();
    if (serviceLabel === undefined) return view.hasNamespace(namespace) ? exists : absent;
    const service = view.service(namespace, serviceLabel);
    if (service === undefined) return absent;
    if (service.spec?.type === 'ExternalName') {
      if (rest.length > 0) return absent;
      const target = (service.spec.externalName ?? '').replace(/\.$/, '');
      const alias: DnsRecord = { name, type: 'CNAME', ttl, data: target };
      const further = type === 'CNAME' || depth >= longestChain ? undefined : answer(target, type, depth + 1);
      return { rcode: 'NOERROR', answers: [alias, ...(further?.answers ?? [])], additionals: [] };
    }
    const [first, second, third] = rest;
    if (first === undefined) {
      if (type === 'SRV') return srvAnswer(name, service, () => true);
      const ips = isHeadless(service) ? targets(view, service).map((t) => t.address) : clusterIps(service);
      const answers = addresses(name, [...new Set(ips)], type);
      // A headless service without any endpoint has no name, as CoreDNS answers.
      return isHeadless(service) && ips.length === 0 ? absent : { ...exists, answers };
    }
    if (third !== undefined) return absent;
    if (second !== undefined) {
      if (!second.startsWith('_') || !first.startsWith('_')) return absent;
      const [portName, protocol] = [second.slice(1), first.slice(1)];
      const found = srvAnswer(name, service, (p) => p.name === portName && p.protocol === protocol);
      return type === 'SRV' ? found : found.rcode === 'NOERROR' ? exists : absent;
    }
    const matching = targets(view, service).filter((t) => t.label === first);
    if (matching.length === 0) return absent;
    return { ...exists, answers: addresses(name, matching.map((t) => t.address), type) };
  };

  const podAnswer = (name: string, labels: readonly string[], type: string): ZoneAnswer => {
    const [namespace = '', label, ...rest] = labels.toReversed();
    if (!view.hasNamespace(namespace) || rest.length > 0) return absent;
    if (label === undefined) return exists;
    const v4 = /^\d{1,3}(-\d{1,3}){3}$/.test(label) ? label.replaceAll('-', '.') : undefined;
    const ip = v4 ?? (/^[0-9a-f-]+$/.test(label) && label.includes('-') ? label.replaceAll('-', ':') : undefined);
    return ip === undefined ? absent : { ...exists, answers: addresses(name, [ip], type) };
  };

  const reverseAnswer = (name: string, type: string): ZoneAnswer | undefined => {
    const ip = addressOfReverse(name);
    if (ip === undefined) return undefined;
    const names = view.servicesWithIp(ip).map(serviceName);
    for (const slice of view.slicesWithIp(ip)) {
      const owner = slice.metadata?.labels?.['kubernetes.io/service-name'];
      const service = owner === undefined ? undefined : view.service(slice.metadata?.namespace ?? '', owner);
      if (service === undefined || !isHeadless(service)) continue;
      for (const target of targets(view, service)) if (target.address === ip) names.push(`${target.label}.${serviceName(service)}`);
    }
    if (names.length === 0) return undefined;
    return { ...exists, answers: type === 'PTR' ? [...new Set(names)].map((data) => ({ name, type: 'PTR', ttl, data })) : [] };
  };

  function answer(asked: string, type: string, depth = 0): ZoneAnswer | undefined {
    const name = asked.toLowerCase().replace(/\.$/, '');
    if (name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')) return reverseAnswer(name, type);
    if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
    const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
    const top = labels.at(-1);
    if (top === undefined) return type === 'SOA' ? { ...exists, answers: [soa()] } : type === 'NS' ? { ...exists, answers: [{ name, type: 'NS', ttl, data: `ns.dns.${domain}` }] } : exists;
    if (top === 'dns-version' && labels.length === 1) return { ...exists, answers: type === 'TXT' ? [{ name, type: 'TXT', ttl, data: '1.1.0' }] : [] };
    if (top === 'svc') return labels.length === 1 ? exists : serviceAnswer(name, labels.slice(0, -1), type, depth);
    if (top === 'pod') return labels.length === 1 ? exists : podAnswer(name, labels.slice(0, -1), type);
    return absent;
  }

  const soa = (): DnsRecord => ({
    name: domain,
    type: 'SOA',
    ttl,
    data: { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: Math.floor(nowMs() / 1000), refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl },
  });

  return { answer, soa };
}

/** "3.0.244.10.in-addr.arpa" → "10.244.0.3"; IPv6 likewise, in the compressed form that the API writes. */
export function addressOfReverse(name: string): string | undefined {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (v4 !== null) return v4.slice(1).reverse().join('.');
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (v6 === null) return undefined;
  const hex = (v6[1] ?? '').replaceAll('.', '').split('').reverse().join('');
  return compressIpv6((hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)));
}

/** RFC 5952: the longest run of zero groups becomes "::". */
function compressIpv6(groups: readonly string[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
