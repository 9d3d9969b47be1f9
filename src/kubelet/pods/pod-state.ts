// What a pod's worker remembers between looks, and the status made from it.
import type { Pod, PodCondition, PodStatus } from '#api/core/v1.ts';
import type { KubeletCore } from '../core.ts';
import type { PodObservation } from '../observed.ts';
import type { StartFailure } from '../status/container-statuses.ts';
import { generateStatus } from '../status/generate.ts';
import type { Phase } from '../status/phase.ts';
import { uidOf } from '../pod.ts';

/** An end decided apart from the containers: eviction, deadline, refusal. */
export interface Verdict {
  readonly phase: Phase;
  readonly reason: string;
  readonly message: string;
  readonly conditions?: readonly PodCondition[];
}

export interface PodState {
  pod: Pod;
  verdict: Verdict | undefined;
  /** Why each container's last start failed. */
  readonly failures: Map<string, StartFailure>;
  /** Containers whose image could not be had: not before then are they tried again, so that the reason is seen. */
  readonly heldUntilMs: Map<string, number>;
}

/** The pod's status now. `terminal`: its containers have ended for good. */
export function statusOf(core: KubeletCore, state: PodState, observed: PodObservation, terminal: boolean): PodStatus {
  const { pod } = state;
  return generateStatus({
    pod, observed, terminal,
    old: core.status.get(uidOf(pod)) ?? pod.status ?? {},
    readiness: core.probes.readiness(pod),
    failure: (name) => state.failures.get(name),
    hostIPs: core.node.hostIPs,
    nowMs: core.world.clock.now(),
    ...(state.verdict !== undefined ? { verdict: state.verdict } : {}),
  });
}
