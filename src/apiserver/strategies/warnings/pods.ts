// Warnings about pods and pod templates: what is accepted and will surprise (pkg/api/pod/warnings.go). They are
// computed on create, and on an update that changes the template.
import type { Affinity, AppArmorProfile, Container, ContainerPort, PodAffinityTerm, PodSpec, PodTemplateSpec } from '#api/core/v1.ts';
import type { ObjectMeta } from '#api/meta/v1.ts';
import { dns1123LabelErrors, goQuote, ipWarnings, oncePerTwin } from '#machinery';
import { deprecatedLabel, termWarnings } from './node-labels.ts';
import { fractionWarnings, isFraction, volumeWarnings } from './volumes.ts';

const deprecatedAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;
const noSelector = 'a null labelSelector results in matching no pod';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';

interface Placed {
  readonly container: Container;
  readonly at: string;
}

/** Init containers, containers and ephemeral ones, with their paths. */
function containersOf(spec: PodSpec, path: string): Placed[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    ((spec[field] ?? []) as readonly Container[]).map((container, i) => ({ container, at: `${path}.${field}[${i}]` })),
  );
}

function affinityWarnings(affinity: Affinity | undefined, path: string): string[] {
  if (!affinity) return [];
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const node = affinity.nodeAffinity;
  return [
    ...(node?.[required]?.nodeSelectorTerms ?? []).flatMap((term, i) => termWarnings(term, `${path}.nodeAffinity.${required}.nodeSelectorTerms[${i}]`, false)),
    ...(node?.[preferred] ?? []).flatMap(({ preference }, i) => termWarnings(preference, `${path}.nodeAffinity.${preferred}[${i}].preference`, true)),
  ];
}

function podAffinityWarnings(affinity: Affinity | undefined, path: string): string[] {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const missing = (term: PodAffinityTerm | undefined, at: string): string[] => (term?.labelSelector ? [] : [`${at}.labelSelector: ${noSelector}`]);
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => [
    ...(affinity?.[kind]?.[required] ?? []).flatMap((term, i) => missing(term, `${path}.${kind}.${required}[${i}]`)),
    ...(affinity?.[kind]?.[preferred] ?? []).flatMap((term, i) => missing(term.podAffinityTerm, `${path}.${kind}.${preferred}[${i}].podAffinityTerm`)),
  ]);
}

function repeated<T>(list: readonly T[] | undefined, keyOf: (item: T) => string, told: (key: string, i: number) => string): string[] {
  const seen = new Set<string>();
  return (list ?? []).flatMap((item, i) => {
    const key = keyOf(item);
    const twice = seen.has(key);
    seen.add(key);
    return twice ? [told(key, i)] : [];
  });
}

function envWarnings({ container, at }: Placed): string[] {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap(({ name, value = '', valueFrom }, i) => {
    const known = seen.has(name);
    seen.add(name);
    const reference = `$(${name})`;
    const hides = known && (Boolean(valueFrom) || value === reference || !value.includes(reference));
    return hides ? [`${at}.env[${i}]: hides previous definition of ${goQuote(name)}, which may be dropped when using apply`] : [];
  });
}

/** The profile that the old annotation means. */
function annotatedProfile(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  return annotation.startsWith('localhost/') && annotation.length > 'localhost/'.length ? { type: 'Localhost', localhostProfile: annotation.slice('localhost/'.length) } : undefined;
}

function containerWarnings(placed: Placed, spec: PodSpec, meta: ObjectMeta, path: string): string[] {
  const { container, at } = placed;
  const warnings: string[] = [];
  const annotations = meta.annotations ?? {};
  const annotated = (key: string, text: string): void => void warnings.push(`${path}metadata.annotations[${key}]: ${text}`);
  const seccomp = `container.seccomp.security.alpha.kubernetes.io/${container.name}`;
  if (!container.securityContext?.seccompProfile && annotations[seccomp] !== undefined) annotated(seccomp, 'non-functional in v1.27+; use the "seccompProfile" field instead');
  const profile = annotations[appArmor + container.name];
  if (path !== '' && profile !== undefined && !container.securityContext?.appArmorProfile) {
    const [wanted, ofPod] = [annotatedProfile(profile), spec.securityContext?.appArmorProfile];
    const same = ofPod !== undefined && wanted?.type === ofPod.type && wanted.localhostProfile === ofPod.localhostProfile;
    if (!same) annotated(appArmor + container.name, 'deprecated since v1.30; use the "appArmorProfile" field instead');
  }
  if (container.resources !== undefined) {
    for (const resource of ['memory', 'ephemeral-storage']) {
      for (const kind of ['limits', 'requests'] as const) {
        const amount = container.resources[kind]?.[resource];
        if (isFraction(amount)) warnings.push(...fractionWarnings(amount, `${at}.resources.${kind}[${resource}]`));
      }
    }
  }
  return container.env === undefined || container.env.length < 2 ? warnings : [...warnings, ...envWarnings(placed)];
}

/** As Go prints the struct. */
function shownPort({ name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

/** A pod of equal ports would have one for each pair of them: more than an answer has room for helps nobody. */
const mostPortWarnings = 1000;

interface PlacedPort {
  /** In the order of the pod's ports. */
  readonly number: number;
  readonly at: string;
  readonly ip: string;
  readonly hostPort: number;
}

/** The ports of one number and protocol that came before, by what a later one may have in common with them. */
interface EarlierPorts {
  readonly all: PlacedPort[];
  readonly byHostPort: Map<number, PlacedPort[]>;
  readonly byAddress: Map<string, PlacedPort[]>;
}

function addTo<K>(map: Map<K, PlacedPort[]>, key: K, port: PlacedPort): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [port]);
  else known.push(port);
}

const addressOf = ({ hostPort, ip }: PlacedPort): string => `${hostPort}/${ip}`;

/** Those among them that a port has a conflict with, each of which is told: none is looked at in vain. */
function conflictsOf(port: PlacedPort, { all, byHostPort, byAddress }: EarlierPorts): readonly PlacedPort[] {
  if (port.hostPort === 0) return all;
  const alike = port.ip === '' ? byHostPort.get(port.hostPort) : byAddress.get(addressOf(port));
  const lists = [alike, port.ip === '' ? undefined : byAddress.get(`${port.hostPort}/`), byHostPort.get(0)].filter((list) => list !== undefined);
  return lists.length === 1 ? (lists[0] ?? []) : lists.flatMap((list) => list.slice(0, mostPortWarnings)).toSorted((a, b) => a.number - b.number);
}

function conflict(port: PlacedPort, other: PlacedPort): string {
  if (port.ip === other.ip && port.hostPort === other.hostPort) return 'duplicate port definition with';
  return port.hostPort === 0 || other.hostPort === 0 ? 'overlapping port definition with' : 'dangerously ambiguous port definition with';
}

function portWarnings(containers: readonly Placed[]): string[] {
  const warnings: string[] = [];
  const earlier = new Map<string, EarlierPorts>();
  let number = 0;
  for (const { container, at } of containers) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      if (warnings.length >= mostPortWarnings) return warnings;
      const placed: PlacedPort = { number: number++, at: `${at}.ports[${i}]`, ip: port.hostIP ?? '', hostPort: port.hostPort ?? 0 };
      if (placed.ip !== '' && placed.hostPort === 0) warnings.push(`${placed.at}: hostIP set without hostPort: ${shownPort(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      let others = earlier.get(key);
      if (others === undefined) earlier.set(key, (others = { all: [], byHostPort: new Map(), byAddress: new Map() }));
      for (const other of conflictsOf(placed, others)) {
        if (warnings.length >= mostPortWarnings) return warnings;
        warnings.push(`${placed.at}: ${conflict(placed, other)} ${other.at}`);
      }
      others.all.push(placed);
      addTo(others.byHostPort, placed.hostPort, placed);
      addTo(others.byAddress, addressOf(placed), placed);
    }
  }
  return warnings;
}

function portNameWarnings(containers: readonly Placed[]): string[] {
  const names = new Map<string, string>();
  return containers.flatMap(({ container, at }) =>
    (container.ports ?? []).flatMap(({ name = '' }, i) => {
      const other = names.get(name);
      if (name === '') return [];
      if (other !== undefined) return [`${at}.ports[${i}]: duplicate port name ${goQuote(name)} with ${other}, services and probes that select ports by name will use ${other}`];
      names.set(name, `${at}.ports[${i}]`);
      return [];
    }),
  );
}

function schedulingWarnings(spec: PodSpec, path: string): string[] {
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => {
      const message = deprecatedLabel(key);
      return message === undefined ? [] : [`${path}.nodeSelector[${key}]: ${message}`];
    }),
    ...affinityWarnings(spec.affinity, `${path}.affinity`),
    ...(spec.topologySpreadConstraints ?? []).flatMap((constraint, i) => {
      const at = `${path}.topologySpreadConstraints[${i}]`;
      const message = deprecatedLabel(constraint.topologyKey);
      return [
        ...(message === undefined ? [] : [`${at}.topologyKey: ${constraint.topologyKey} is ${message}`]),
        ...(constraint.labelSelector ? [] : [`${at}.labelSelector: ${noSelector}`]),
      ];
    }),
  ];
}

/** @param path '' for a pod, "spec.template." and so on for a template. */
export function podSpecWarnings(spec: PodSpec, meta: ObjectMeta, path: string): string[] {
  // Annotations of the old kinds are warned of by what the spec says; without any, the spec says it all.
  const isSpecAlone = path === '' && !Object.keys(meta.annotations ?? {}).some((key) => key.includes('kubernetes.io/'));
  return isSpecAlone ? warningsOfPods(spec, () => allWarnings(spec, meta, path)) : allWarnings(spec, meta, path);
}

const warningsOfPods = oncePerTwin<string[]>();

function allWarnings(spec: PodSpec, meta: ObjectMeta, path: string): string[] {
  const at = `${path}spec`;
  const containers = containersOf(spec, at);
  const annotations = meta.annotations ?? {};
  const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
  return [
    ...schedulingWarnings(spec, at),
    ...deprecatedAnnotations.filter(([key]) => annotations[key] !== undefined).map(([key, text]) => `${path}metadata.annotations[${key}]: ${text}`),
    ...volumeWarnings(spec.volumes, `${at}.volumes`),
    ...repeated(spec.hostAliases, (alias) => alias.ip ?? '', (ip, i) => `${at}.hostAliases[${i}].ip: duplicate ip ${goQuote(ip)}`),
    ...repeated(spec.imagePullSecrets, (secret) => secret.name ?? '', (name, i) => `${at}.imagePullSecrets[${i}].name: duplicate name ${goQuote(name)}`),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name = '' }, i) => (name === '' ? [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`] : [])),
    ...['memory', 'ephemeral-storage'].flatMap((name) => fractionWarnings(spec.overhead?.[name], `${at}.overhead[${name}]`)),
    ...(!spec.securityContext?.seccompProfile && annotations[seccomp] !== undefined
      ? [`${path}metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`]
      : []),
    ...containers.flatMap((placed) => containerWarnings(placed, spec, meta, path)),
    ...portWarnings(containers),
    ...portNameWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0 ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...podAffinityWarnings(spec.affinity, `${at}.affinity`),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((server, i) => ipWarnings(server, `${at}.dnsConfig.nameservers[${i}]`)),
    ...(spec.hostAliases ?? []).flatMap((alias, i) => ipWarnings(alias.ip ?? '', `${at}.hostAliases[${i}].ip`)),
  ];
}

export function templateWarnings(template: PodTemplateSpec | undefined, path: string): string[] {
  return template?.spec ? podSpecWarnings(template.spec, template.metadata ?? {}, `${path}.`) : [];
}

/** Names that become host names should be labels. */
export function hostnameWarnings(name: string, use: string): string[] {
  const errors = dns1123LabelErrors(name);
  return errors.length === 0 ? [] : [`metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`];
}
