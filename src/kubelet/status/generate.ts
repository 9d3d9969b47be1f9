// The whole status of a pod at one moment, from the runtime's view, the status told before, and the
// verdicts of probes. Pure; the pod's worker calls it before and after it acts.
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '#api/core/v1.ts';
import { sandboxChanged } from '../compute-actions.ts';
import type { PodObservation } from '../observed.ts';
import { isSidecar, isTerminalPhase, qosClass, specOf } from '../pod.ts';
import { kubeletConditions, ownedByKubelet } from './conditions.ts';
import { containerStatuses, type StartFailure } from './container-statuses.ts';
import { type Phase, podPhase } from './phase.ts';

/** What probes make of a running container. */
export interface Readiness {
  started(container: ContainerStatus): boolean;
  /** Asked only of started containers. */
  ready(container: ContainerStatus): boolean;
}

export interface GenerateInput {
  readonly pod: Pod;
  readonly observed: PodObservation;
  /** The status told last; the API's when none was. */
  readonly old: PodStatus;
  readonly readiness: Readiness;
  readonly failure: (containerName: string) => StartFailure | undefined;
  readonly hostIPs: readonly string[];
  readonly nowMs: number;
  /** The pod's containers have ended for good. */
  readonly terminal: boolean;
  /** Decided elsewhere and final: eviction, deadline, rejection. */
  readonly verdict?: { readonly phase: Phase; readonly reason: string; readonly message: string; readonly conditions?: readonly PodCondition[] };
}

function applyProbes(pod: Pod, kind: 'init' | 'regular', statuses: ContainerStatus[], readiness: Readiness): void {
  for (const status of statuses) {
    const running = status.state?.running !== undefined;
    status.started = running && readiness.started(status);
    const spec = kind === 'init' ? (specOf(pod).initContainers ?? []).find(({ name }) => name === status.name) : undefined;
    if (spec !== undefined && !isSidecar(spec)) status.ready = status.state?.terminated?.exitCode === 0;
    else status.ready = status.started && readiness.ready(status);
  }
}

/** IPs in the family order of the node's main address, one of each family. */
export function orderIPs(ips: readonly string[], nodeIPs: readonly string[]): string[] {
  const v6First = nodeIPs[0]?.includes(':') === true;
  const pick = (v6: boolean): string | undefined => ips.find((ip) => ip.includes(':') === v6);
  return [pick(v6First), pick(!v6First)].filter((ip): ip is string => ip !== undefined);
}

function settlePhase(input: GenerateInput, statuses: readonly ContainerStatus[]): { phase: Phase; reason?: string; message?: string } {
  const { pod, old, observed, verdict } = input;
  const api = pod.status;
  const started = specOf(pod).containers.some(({ name }) => observed.containers.some((seen) => seen.name === name && seen.sandboxId === observed.sandboxes[0]?.id && seen.state !== 'created'));
  let phase: string = podPhase(pod, statuses, input.terminal, started);
  if (phase !== 'Failed' && phase !== 'Succeeded') {
    if (isTerminalPhase(old)) phase = old.phase ?? phase;
    else if (isTerminalPhase(api)) phase = api?.phase ?? phase;
  }
  let reason = phase === old.phase ? (old.reason ?? api?.reason) : undefined;
  let message = phase === old.phase ? (old.message ?? api?.message) : undefined;
  if (verdict !== undefined) ({ phase, reason, message } = verdict);
  if (isTerminalPhase(api) && api?.phase !== undefined) phase = api.phase;
  return { phase: phase as Phase, ...(reason !== undefined && reason !== '' ? { reason } : {}), ...(message !== undefined && message !== '' ? { message } : {}) };
}

/** Status without times: `status-manager` puts startTime and transition times on it when it changes. */
export function generateStatus(input: GenerateInput): PodStatus {
  const { pod, observed, old, verdict } = input;
  const spec = specOf(pod);
  const source = { pod, observed, failure: input.failure, nowMs: input.nowMs };
  const regular = containerStatuses(source, spec.containers, old.containerStatuses ?? [], 'regular');
  const init = containerStatuses(source, spec.initContainers ?? [], old.initContainerStatuses ?? [], 'init');
  const ephemeral = containerStatuses(source, spec.ephemeralContainers ?? [], old.ephemeralContainerStatuses ?? [], 'ephemeral');
  applyProbes(pod, 'init', init, input.readiness);
  applyProbes(pod, 'regular', regular, input.readiness);
  const { phase, reason, message } = settlePhase(input, [...regular, ...init]);
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !ownedByKubelet(type));
  const disruption = verdict?.conditions?.[0] ?? old.conditions?.find(({ type }) => type === 'DisruptionTarget');
  const kept = disruption === undefined ? others : [...others.filter(({ type }) => type !== disruption.type), disruption];
  const sandboxReady = !sandboxChanged(pod, observed).changed;
  const generation = pod.metadata?.generation;
  const mine = kubeletConditions(pod, [...init, ...regular], phase, sandboxReady, others);
  let ips = orderIPs(observed.ips, input.hostIPs);
  if (spec.hostNetwork === true && ips.length === 0) ips = old.podIPs?.map(({ ip }) => ip) ?? orderIPs(input.hostIPs, input.hostIPs);
  return {
    ...(generation !== undefined ? { observedGeneration: generation } : {}),
    phase,
    conditions: [...kept, ...mine.map((condition) => (generation !== undefined ? { ...condition, observedGeneration: generation } : condition))],
    ...(message !== undefined ? { message } : {}),
    ...(reason !== undefined ? { reason } : {}),
    ...(input.hostIPs[0] !== undefined ? { hostIP: input.hostIPs[0], hostIPs: input.hostIPs.map((ip) => ({ ip })) } : {}),
    ...(ips[0] !== undefined ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    qosClass: qosClass(pod),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}
