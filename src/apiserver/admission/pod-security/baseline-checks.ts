// The checks of the level "baseline": known ways out of a container. Upstream's Pod Security Standards, with its texts.
import type { LifecycleHandler, Probe, SELinuxOptions } from '#api/core/v1.ts';
import { containerList, containersOf, hasOwnUsers, namesOf, plural, quoted, setters, sorted, type PodCheck } from './words.ts';

export const privileged: PodCheck = ({ spec }) => {
  const bad = namesOf(containersOf(spec).filter((c) => c.securityContext?.privileged === true));
  return bad.length === 0 ? undefined : { reason: 'privileged', detail: `${containerList(bad)} must not set securityContext.privileged=true` };
};

export const hostNamespaces: PodCheck = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
  return shared.length === 0 ? undefined : { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
};

export const hostPathVolumes: PodCheck = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map((volume) => volume.name);
  return bad.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad)}` };
};

export const hostPorts: PodCheck = ({ spec }) => {
  const bad = containersOf(spec).filter((c) => c.ports?.some((port) => (port.hostPort ?? 0) !== 0));
  if (bad.length === 0) return undefined;
  const ports = sorted(bad.flatMap((c) => (c.ports ?? []).flatMap((port) => ((port.hostPort ?? 0) === 0 ? [] : [String(port.hostPort)]))));
  return { reason: 'hostPort', detail: `${containerList(namesOf(bad))} ${plural('uses', 'use', bad.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}` };
};

function hostsOf(handler: Probe | LifecycleHandler | undefined): string[] {
  return [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => (host === undefined || host === '' ? [] : [host]));
}

export const hostProbesAndLifecycle: PodCheck = ({ spec }) => {
  const found = containersOf(spec).map((c) => ({ name: c.name, hosts: [c.livenessProbe, c.readinessProbe, c.startupProbe, c.lifecycle?.postStart, c.lifecycle?.preStop].flatMap(hostsOf) })).filter((c) => c.hosts.length > 0);
  if (found.length === 0) return undefined;
  const hosts = sorted(found.flatMap((c) => c.hosts));
  const names = sorted(found.map((c) => c.name));
  return { reason: 'probe or lifecycle host', detail: `${containerList(names)} ${plural('uses', 'use', names.length)} ${plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)} ${quoted(hosts)}` };
};

const ordinaryCapabilities = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']);

export const ordinaryCapabilitiesOnly: PodCheck = ({ spec }) => {
  const more = (c: { securityContext?: { capabilities?: { add?: readonly string[] } } }): string[] => (c.securityContext?.capabilities?.add ?? []).filter((name) => !ordinaryCapabilities.has(name));
  const bad = containersOf(spec).filter((c) => more(c).length > 0);
  if (bad.length === 0) return undefined;
  return { reason: 'non-default capabilities', detail: `${containerList(namesOf(bad))} must not include ${quoted(sorted(bad.flatMap(more)))} in securityContext.capabilities.add` };
};

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmor: PodCheck = ({ spec, annotations }) => {
  const isBad = (type: string | undefined): boolean => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const podType = spec.securityContext?.appArmorProfile?.type;
  const bad = containersOf(spec).filter((c) => isBad(c.securityContext?.appArmorProfile?.type));
  const byAnnotation = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const values = [...sorted([podType, ...bad.map((c) => c.securityContext?.appArmorProfile?.type)].flatMap((type) => (type !== undefined && isBad(type) ? [type] : []))), ...byAnnotation];
  if (values.length === 0) return undefined;
  const who = setters(isBad(podType), namesOf(bad), byAnnotation.length === 0 ? [] : [plural('annotation', 'annotations', byAnnotation.length)]);
  return { reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length), detail: `${who} must not set AppArmor profile type to ${quoted(values)}` };
};

export function seLinux(...allowedTypes: readonly string[]): PodCheck {
  const allowed = new Set(['', ...allowedTypes]);
  const isBad = (options: SELinuxOptions | undefined): options is SELinuxOptions => options !== undefined && (!allowed.has(options.type ?? '') || (options.user ?? '') !== '' || (options.role ?? '') !== '');
  return ({ spec }) => {
    const own = spec.securityContext?.seLinuxOptions;
    const bad = containersOf(spec).filter((c) => isBad(c.securityContext?.seLinuxOptions));
    const all = [own, ...bad.map((c) => c.securityContext?.seLinuxOptions)].filter(isBad);
    if (all.length === 0) return undefined;
    const types = sorted(all.map((options) => options.type ?? '').filter((type) => !allowed.has(type)));
    const data = [
      ...(types.length === 0 ? [] : [`${plural('type', 'types', types.length)} ${quoted(types)}`]),
      ...(all.some((options) => (options.user ?? '') !== '') ? ['user may not be set'] : []),
      ...(all.some((options) => (options.role ?? '') !== '') ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${setters(isBad(own), namesOf(bad))} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
  };
}

export const procMount: PodCheck = ({ spec }) => {
  const bad = containersOf(spec).filter((c) => c.securityContext?.procMount !== undefined && c.securityContext.procMount !== 'Default');
  if (bad.length === 0) return undefined;
  return { reason: 'procMount', detail: `${containerList(namesOf(bad))} must not set securityContext.procMount to ${quoted(sorted(bad.map((c) => c.securityContext?.procMount ?? '')))}` };
};

export const procMountOfOwnUsers: PodCheck = (pod) => (hasOwnUsers(pod.spec) ? undefined : procMount(pod));

const podAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const containerAnnotation = 'container.seccomp.security.alpha.kubernetes.io/';

/** As pods said it before the field. */
export const seccompAnnotations: PodCheck = ({ spec, annotations }) => {
  const bad = [podAnnotation, ...containersOf(spec).map((c) => containerAnnotation + c.name)].flatMap((key) => {
    const value = annotations[key];
    return value === undefined || value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/') ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  const list = sorted(bad);
  return list.length === 0 ? undefined : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', list.length)} ${list.join(', ')}` };
};

export function isConfinedSeccomp(type: string | undefined): boolean {
  return type === 'Localhost' || type === 'RuntimeDefault';
}

export const seccomp: PodCheck = ({ spec }) => {
  const isBad = (profile: { readonly type?: string } | undefined): boolean => profile !== undefined && !isConfinedSeccomp(profile.type);
  const own = spec.securityContext?.seccompProfile;
  const bad = containersOf(spec).filter((c) => isBad(c.securityContext?.seccompProfile));
  if (!isBad(own) && bad.length === 0) return undefined;
  const values = sorted([...(isBad(own) ? [own?.type ?? ''] : []), ...bad.map((c) => c.securityContext?.seccompProfile?.type ?? '')]);
  return { reason: 'seccompProfile', detail: `${setters(isBad(own), namesOf(bad))} must not set securityContext.seccompProfile.type to ${quoted(values)}` };
};

export function sysctls(...allowed: readonly string[]): PodCheck {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map((sysctl) => sysctl.name).filter((name) => !allowed.includes(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };
}

export const windowsHostProcess: PodCheck = ({ spec }) => {
  const own = spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = namesOf(containersOf(spec).filter((c) => c.securityContext?.windowsOptions?.hostProcess === true));
  return !own && bad.length === 0 ? undefined : { reason: 'hostProcess', detail: `${setters(own, bad)} must not set securityContext.windowsOptions.hostProcess=true` };
};
