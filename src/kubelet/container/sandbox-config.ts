// The pod sandbox as the runtime is asked for it: names, host name, DNS, port mappings, cgroup parent,
// namespaces and sysctls.
import type { Pod } from '#api/core/v1.ts';
import type { PodSandboxConfig } from '#runtime';
import { type KubeletCore, podLogDirectory } from '../core.ts';
import { podLabels } from '../observed.ts';
import { nameOf, namespaceOf, specOf, uidOf } from '../pod.ts';
import { podDns } from './dns.ts';
import { kernelHostname } from './hostname.ts';
import { namespaceOptions } from './security.ts';

function portMappings(pod: Pod): NonNullable<PodSandboxConfig['port_mappings']> {
  const mappings: NonNullable<PodSandboxConfig['port_mappings']> = [];
  const seen = new Set<string>();
  const spec = specOf(pod);
  if (spec.hostNetwork === true) return mappings;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const port of container.ports ?? []) {
      const protocol = port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP';
      const key = `${protocol}/${port.hostIP ?? ''}/${port.hostPort ?? 0}/${port.containerPort}`;
      if (seen.has(key)) continue;
      seen.add(key);
      mappings.push({ protocol, container_port: port.containerPort, host_port: port.hostPort ?? 0, ...(port.hostIP !== undefined ? { host_ip: port.hostIP } : {}) });
    }
  }
  return mappings;
}

/** Throws when the host name does not fit (setHostnameAsFQDN). */
export async function sandboxConfig(core: KubeletCore, pod: Pod, attempt: number): Promise<PodSandboxConfig> {
  const spec = specOf(pod);
  const security = spec.securityContext;
  const warn = (reason: string, message: string): void => core.recorder.event(pod, 'Warning', reason, message);
  const dns = podDns(pod, await core.nodeDns(), { servers: core.config.clusterDNS, domain: core.config.clusterDomain }, warn);
  const mappings = portMappings(pod);
  const privileged = [...spec.containers, ...(spec.initContainers ?? [])].some((container) => container.securityContext?.privileged === true);
  const groups = [...(security?.fsGroup !== undefined ? [security.fsGroup] : []), ...(security?.supplementalGroups ?? [])];
  return {
    metadata: { name: nameOf(pod), uid: uidOf(pod), namespace: namespaceOf(pod), attempt },
    hostname: spec.hostNetwork === true ? '' : kernelHostname(pod, core.config.clusterDomain),
    log_directory: podLogDirectory(core, pod),
    dns_config: dns,
    ...(mappings.length > 0 ? { port_mappings: mappings } : {}),
    labels: podLabels(pod),
    annotations: { ...pod.metadata?.annotations },
    linux: {
      cgroup_parent: core.cgroups.parentOf(pod),
      security_context: {
        namespace_options: namespaceOptions(pod),
        ...(security?.runAsUser !== undefined ? { run_as_user: { value: security.runAsUser } } : {}),
        ...(security?.runAsGroup !== undefined ? { run_as_group: { value: security.runAsGroup } } : {}),
        supplemental_groups: groups,
        privileged,
        seccomp: { profile_type: 'RuntimeDefault' },
      },
      sysctls: Object.fromEntries((security?.sysctls ?? []).map(({ name, value }) => [name.replaceAll('/', '.'), value])),
    },
  };
}
