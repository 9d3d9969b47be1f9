// A pod's host name, its domain and its /etc/hosts file: hostname, subdomain, setHostnameAsFQDN,
// hostnameOverride and hostAliases, in upstream's managed form.
import type { Pod } from '#api/core/v1.ts';
import { nameOf, namespaceOf, specOf } from '../pod.ts';

const kernelLimit = 64;

function cut(hostname: string): string {
  return hostname.length <= 63 ? hostname : hostname.slice(0, 63).replace(/[-.]+$/, '');
}

/** Short name and domain ('' without a subdomain). */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const spec = specOf(pod);
  if (spec.hostnameOverride !== undefined) return { hostname: cut(spec.hostnameOverride), domain: '' };
  const hostname = cut(spec.hostname !== undefined && spec.hostname !== '' ? spec.hostname : nameOf(pod));
  const domain = spec.subdomain !== undefined && spec.subdomain !== '' ? `${spec.subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}` : '';
  return { hostname, domain };
}

/** The name for the kernel: the full one with setHostnameAsFQDN. Throws when that does not fit. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = podHostname(pod, clusterDomain);
  if (specOf(pod).setHostnameAsFQDN !== true || domain === '') return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > kernelLimit) {
    throw new Error(`Failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${kernelLimit} characters is the max, ${full.length} characters requested)`);
  }
  return full;
}

function aliases(pod: Pod): string {
  const list = specOf(pod).hostAliases ?? [];
  if (list.length === 0) return '';
  return `\n# Entries added by HostAliases.\n${list.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`).join('')}`;
}

/** The content of the pod's /etc/hosts. `nodeHosts` is the node's own file, used with hostNetwork. */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string, nodeHosts: string): string {
  if (specOf(pod).hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliases(pod)}`;
  const { hostname, domain } = podHostname(pod, clusterDomain);
  const own = podIPs.map((ip) => (domain === '' ? `${ip}\t${hostname}\n` : `${ip}\t${hostname}.${domain}\t${hostname}\n`)).join('');
  return [
    '# Kubernetes-managed hosts file.\n',
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\n',
    'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n',
    'fe00::2\tip6-allrouters\n',
    own,
    aliases(pod),
  ].join('');
}
