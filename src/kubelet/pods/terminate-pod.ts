// The end of a pod: its containers are ended within the grace period, their last states are told, and then
// what they used is freed: volumes, cgroup, tokens. Each step is repeatable.
import type { ContainerStatus, Pod, PodStatus } from '#api/core/v1.ts';
import { type KubeletCore, podDirectory } from '../core.ts';
import type { PodObservation } from '../observed.ts';
import { isSidecar, isStatic, isTerminalPhase, refOf, specOf, uidOf } from '../pod.ts';
import { lostState } from '../status/container-statuses.ts';
import { tearDownVolumes } from '../volumes/pod-volumes.ts';
import { killPod } from './kill-pod.ts';
import { type PodState, statusOf } from './pod-state.ts';

/** Ends all containers. Resolves when none runs and their end is told. */
export async function terminatePod(core: KubeletCore, state: PodState, observed: PodObservation, graceSeconds: number | undefined, signal: AbortSignal): Promise<void> {
  const { pod } = state;
  const uid = uidOf(pod);
  core.status.set(pod, statusOf(core, state, observed, false), true);
  core.probes.stopLiveness(uid);
  await killPod(core, pod, observed, { signal, ...(graceSeconds !== undefined ? { graceOverride: graceSeconds } : {}) });
  core.probes.remove(uid);
  const after = await core.observer.observe(refOf(pod));
  const running = after.containers.filter(({ state: now }) => now === 'running');
  if (running.length > 0) throw new Error(`containers still run after they were ended: ${running.map(({ id }) => id).join(', ')}`);
  // The address stays in the status though the sandbox is gone.
  core.status.set(pod, statusOf(core, state, { ...after, ips: observed.ips.length > 0 ? observed.ips : after.ips }, true), false);
}

function hasInitialized(pod: Pod, status: PodStatus): boolean {
  const inits = specOf(pod).initContainers ?? [];
  if (inits.length === 0) return true;
  if ((status.containerStatuses ?? []).some(({ state, lastState }) => lastState?.terminated !== undefined || state?.waiting === undefined)) return true;
  const lastSpec = inits.at(-1);
  const last = status.initContainerStatuses?.at(-1);
  if (lastSpec === undefined || last === undefined) return false;
  return isSidecar(lastSpec) ? last.state?.running !== undefined && last.started === true : last.state?.terminated?.exitCode === 0;
}

/** A pod that ends has no container without an end and no living phase. Pure. */
export function finalStatus(pod: Pod, status: PodStatus, nowMs: number): PodStatus {
  const message = 'The container could not be located when the pod was terminated';
  const ended = (each: ContainerStatus): ContainerStatus => (each.state?.terminated !== undefined ? each : { ...each, state: lostState(message, each.state, nowMs), ready: false, started: false });
  const regular = status.containerStatuses ?? [];
  const inits = status.initContainerStatuses ?? [];
  const seen = inits.findLastIndex(({ state, lastState }) => lastState?.terminated !== undefined || state?.waiting === undefined);
  return {
    ...status,
    ...(inits.length > 0 ? { initContainerStatuses: inits.map((each, index) => (index <= seen ? ended(each) : each)) } : {}),
    containerStatuses: hasInitialized(pod, status) ? regular.map(ended) : regular,
    ...(isTerminalPhase(status) || isStatic(pod) ? {} : { phase: 'Failed' }),
  };
}

/** Frees what the pod held, and tells its final status. */
export async function releasePod(core: KubeletCore, state: PodState): Promise<void> {
  const { pod } = state;
  const uid = uidOf(pod);
  await tearDownVolumes(core.host, podDirectory(core, uid));
  await core.cgroups.remove(pod);
  core.reader.forget(uid);
  core.tokens.forget(uid);
  core.images.forget(uid);
  core.crashes.forget(`${uid}_`);
  const status = core.status.get(uid);
  if (status !== undefined) core.status.set(pod, finalStatus(pod, status, core.world.clock.now()), false);
  core.status.terminated(pod);
}
