// Whether a pod that was bound here can stay: the kubelet's own checks of room, selectors, ports, taints and
// sysctls against what already runs, since schedulers may be wrong or bypassed. A refusal is final: the pod
// fails with upstream's reason and message.
import type { Node, NodeSelectorTerm, Pod, Taint, Toleration } from '#api/core/v1.ts';
import { parseLabelSelector, parseQuantity, quantityMilliValue, quantityValue } from '#machinery';
import { isCritical, isStatic, specOf } from '../pod.ts';
import { podRequests } from '../resources/pod-resources.ts';

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: Pod;
  readonly node: Node | undefined;
  /** Pods that run or will run here, without this one. */
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly allowedUnsafeSysctls: readonly string[];
}

const safeSysctls = new Set([
  'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem',
]);

const amount = (name: string, text: string | undefined): number => {
  const quantity = parseQuantity(text ?? '0');
  return name === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity);
};

function roomRefusal(input: AdmissionInput): Refusal | undefined {
  const room = (name: string, requested: number, used: number, capacity: number): Refusal => ({
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  });
  const maxPods = amount('pods', input.allocatable['pods']);
  if (input.others.length + 1 > maxPods) return room('pods', 1, input.others.length, maxPods);
  const requests = podRequests(input.pod);
  const used = input.others.map(podRequests);
  for (const [name, text] of Object.entries(requests)) {
    const requested = amount(name, text);
    const known = input.allocatable[name];
    if (requested === 0 || (known === undefined && name !== 'cpu' && name !== 'memory')) continue;
    const taken = used.reduce((sum, list) => sum + amount(name, list[name]), 0);
    const capacity = amount(name, known);
    if (requested > capacity - taken) return room(name, requested, taken, capacity);
  }
  return undefined;
}

function termMatches(term: NodeSelectorTerm, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if ((term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0) return false;
  const fits = (value: string | undefined, operator: string, values: readonly string[]): boolean => {
    switch (operator) {
      case 'In': return value !== undefined && values.includes(value);
      case 'NotIn': return value === undefined || !values.includes(value);
      case 'Exists': return value !== undefined;
      case 'DoesNotExist': return value === undefined;
      case 'Gt': return Number(value) > Number(values[0]);
      case 'Lt': return Number(value) < Number(values[0]);
      default: return false;
    }
  };
  return (term.matchExpressions ?? []).every(({ key, operator, values }) => fits(labels[key], operator, values ?? []))
    && (term.matchFields ?? []).every(({ key, operator, values }) => key === 'metadata.name' && fits(node.metadata?.name, operator, values ?? []));
}

function affinityRefusal(pod: Pod, node: Node): Refusal | undefined {
  const refusal: Refusal = { reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed: node(s) didn\'t match Pod\'s node affinity/selector' };
  const selector = Object.entries(specOf(pod).nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`).join(',');
  if (selector !== '' && !parseLabelSelector(selector).matches(node.metadata?.labels ?? {})) return refusal;
  const terms = specOf(pod).affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms !== undefined && !terms.some((term) => termMatches(term, node)) ? refusal : undefined;
}

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

function hostPorts(pod: Pod): HostPort[] {
  return [...specOf(pod).containers, ...(specOf(pod).initContainers ?? [])].flatMap(({ ports }) => ports ?? []).filter(({ hostPort }) => (hostPort ?? 0) > 0)
    .map((port) => ({ ip: port.hostIP === undefined || port.hostIP === '' ? '0.0.0.0' : port.hostIP, protocol: port.protocol ?? 'TCP', port: port.hostPort ?? 0 }));
}

function portRefusal(input: AdmissionInput): Refusal | undefined {
  const taken = input.others.flatMap(hostPorts);
  const clash = hostPorts(input.pod).some((port) => taken.some((other) => other.port === port.port && other.protocol === port.protocol && (other.ip === port.ip || other.ip === '0.0.0.0' || port.ip === '0.0.0.0')));
  return clash ? { reason: 'NodePorts', message: 'Predicate NodePorts failed: node(s) didn\'t have free ports for the requested pod ports' } : undefined;
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

function taintRefusal(pod: Pod, node: Node): Refusal | undefined {
  if (isStatic(pod)) return undefined;
  const bad = (node.spec?.taints ?? []).some((taint) => taint.effect === 'NoExecute' && !(specOf(pod).tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
  return bad ? { reason: 'TaintToleration', message: 'Predicate TaintToleration failed: node(s) had taints that the pod didn\'t tolerate' } : undefined;
}

function sysctlRefusal(pod: Pod, allowed: readonly string[]): Refusal | undefined {
  for (const { name } of specOf(pod).securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll('/', '.');
    const fits = allowed.some((pattern) => (pattern.endsWith('*') ? dotted.startsWith(pattern.slice(0, -1)) : pattern === dotted));
    if (!safeSysctls.has(dotted) && !fits) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" not allowlisted` };
  }
  return undefined;
}

/** undefined: the pod may run here. */
export function admissionRefusal(input: AdmissionInput): Refusal | undefined {
  const { pod, node } = input;
  const room = isCritical(pod) ? undefined : roomRefusal(input);
  return sysctlRefusal(pod, input.allowedUnsafeSysctls) ?? room ?? (node === undefined ? undefined : (affinityRefusal(pod, node) ?? taintRefusal(pod, node))) ?? portRefusal(input);
}
