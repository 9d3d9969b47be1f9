// A pod as the scheduler works with it: what it asks for, computed once when the pod is first seen, so that the
// inner loops over nodes compare numbers and parsed selectors only.
import type { Affinity, Container, Pod, PodAffinityTerm, ResourceRequirements, Toleration, TopologySpreadConstraint } from '#api/core/v1.ts';
import { everything, nothing, parseQuantity, quantityMilliValue, quantityValue, selectorFromLabels, selectorFromObject, type LabelMatcher } from '#machinery';

/** Amounts: CPU in millicores, everything else in whole units (bytes, counts). */
export type Amounts = Readonly<Record<string, number>>;

export interface AffinityTerm {
  readonly selector: LabelMatcher;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelMatcher;
  readonly topologyKey: string;
  /** 0 for required terms. */
  readonly weight: number;
}

export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly hard: boolean;
  readonly selector: LabelMatcher;
  readonly minDomains: number;
  readonly honourAffinity: boolean;
  readonly honourTaints: boolean;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Amounts;
  /** Requests with upstream's floor for pods that ask for nothing (100m, 200 MB): spreads best-effort pods. */
  readonly scoringCpu: number;
  readonly scoringMemory: number;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  readonly nodeSelector: LabelMatcher;
  readonly nodeAffinity: Affinity['nodeAffinity'];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  readonly spread: readonly SpreadConstraint[];
  readonly images: readonly string[];
}

const defaultMilliCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

export function amountOf(resource: string, text: string): number {
  const quantity = parseQuantity(text);
  return resource === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity);
}

export function amounts(list: Readonly<Record<string, string>> | undefined): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, text] of Object.entries(list ?? {})) result[name] = amountOf(name, text);
  return result;
}

function add(into: Record<string, number>, more: Amounts): void {
  for (const [name, value] of Object.entries(more)) into[name] = (into[name] ?? 0) + value;
}

function raise(into: Record<string, number>, floor: Amounts): void {
  for (const [name, value] of Object.entries(floor)) into[name] = Math.max(into[name] ?? 0, value);
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/**
 * What a pod needs at its worst moment: containers and sidecars together, or one init container beside the sidecars
 * started before it; then overhead. Resources at pod level replace the sum where given.
 */
export function podRequests(pod: Pod, requestsOf: (c: Container) => Amounts = (c) => amounts(c.resources?.requests)): Amounts {
  const spec = pod.spec;
  const total: Record<string, number> = {};
  for (const container of spec?.containers ?? []) add(total, requestsOf(container));
  const sidecars: Record<string, number> = {};
  const startup: Record<string, number> = {};
  for (const container of spec?.initContainers ?? []) {
    const needed = { ...requestsOf(container) };
    if (isSidecar(container)) {
      add(sidecars, needed);
      raise(startup, sidecars);
    } else {
      add(needed, sidecars);
      raise(startup, needed);
    }
  }
  add(total, sidecars);
  raise(total, startup);
  const podLevel: ResourceRequirements | undefined = spec?.resources;
  Object.assign(total, amounts(podLevel?.requests));
  add(total, amounts(spec?.overhead));
  return total;
}

function term(namespace: string, labels: Readonly<Record<string, string>>, source: PodAffinityTerm, weight: number): AffinityTerm {
  const extra: Record<string, string> = {};
  for (const key of source.matchLabelKeys ?? []) if (labels[key] !== undefined) extra[key] = labels[key];
  const base = selectorFromObject(source.labelSelector);
  const also = selectorFromLabels(extra);
  const namespaces = source.namespaces ?? [];
  return {
    selector: source.labelSelector === undefined ? nothing : Object.keys(extra).length === 0 ? base : { ...base, matches: (l) => base.matches(l) && also.matches(l) },
    namespaces: new Set(namespaces.length === 0 && source.namespaceSelector === undefined ? [namespace] : namespaces),
    namespaceSelector: source.namespaceSelector === undefined ? nothing : selectorFromObject(source.namespaceSelector),
    topologyKey: source.topologyKey,
    weight,
  };
}

function spreadConstraint(source: TopologySpreadConstraint, labels: Readonly<Record<string, string>>): SpreadConstraint {
  const extra: Record<string, string> = {};
  for (const key of source.matchLabelKeys ?? []) if (labels[key] !== undefined) extra[key] = labels[key];
  const base = source.labelSelector === undefined ? nothing : selectorFromObject(source.labelSelector);
  const also = selectorFromLabels(extra);
  return {
    maxSkew: source.maxSkew,
    topologyKey: source.topologyKey,
    hard: source.whenUnsatisfiable === 'DoNotSchedule',
    selector: Object.keys(extra).length === 0 ? base : { ...base, matches: (l) => base.matches(l) && also.matches(l) },
    minDomains: source.minDomains ?? 1,
    honourAffinity: source.nodeAffinityPolicy !== 'Ignore',
    honourTaints: source.nodeTaintsPolicy === 'Honor',
  };
}

function hostPorts(pod: Pod): HostPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)];
  return containers.flatMap((c) => c.ports ?? []).filter((p) => (p.hostPort ?? 0) > 0).map((p) => ({ ip: p.hostIP === undefined || p.hostIP === '' ? '0.0.0.0' : p.hostIP, protocol: p.protocol ?? 'TCP', port: p.hostPort ?? 0 }));
}

function scoringAmount(pod: Pod, resource: string, floor: number): number {
  return podRequests(pod, (c) => ({ [resource]: c.resources?.requests?.[resource] === undefined ? floor : amountOf(resource, c.resources.requests[resource]) }))[resource] ?? floor;
}

/** "namespace/name" */
export function podKey(pod: Pod): string {
  return `${pod.metadata?.namespace}/${pod.metadata?.name}`;
}

/** Reads everything that scheduling needs from the pod, once. */
export function podInfo(pod: Pod): PodInfo {
  const spec = pod.spec;
  const namespace = pod.metadata?.namespace ?? '';
  const labels = pod.metadata?.labels ?? {};
  const affinity = spec?.affinity;
  const terms = (list: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (list ?? []).map((t) => term(namespace, labels, t, 0));
  const weighted = (list: readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[] | undefined): AffinityTerm[] => (list ?? []).map((t) => term(namespace, labels, t.podAffinityTerm, t.weight));
  return {
    pod,
    key: podKey(pod),
    uid: pod.metadata?.uid ?? '',
    namespace,
    labels,
    priority: spec?.priority ?? 0,
    requests: podRequests(pod),
    scoringCpu: scoringAmount(pod, 'cpu', defaultMilliCpu),
    scoringMemory: scoringAmount(pod, 'memory', defaultMemory),
    hostPorts: hostPorts(pod),
    tolerations: spec?.tolerations ?? [],
    nodeSelector: spec?.nodeSelector === undefined ? everything : selectorFromLabels(spec.nodeSelector),
    nodeAffinity: affinity?.nodeAffinity,
    requiredAffinity: terms(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: terms(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    spread: (spec?.topologySpreadConstraints ?? []).map((c) => spreadConstraint(c, labels)),
    images: [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((c) => c.image ?? '').filter((image) => image !== ''),
  };
}
