// Ending all containers of a pod at once: regular ones side by side, then sidecars from the last to the
// first (they serve those before them), then the sandbox. Works for pods whose spec is gone too, from what
// the containers' annotations remember.
import type { Container, Pod } from '#api/core/v1.ts';
import { isRuntimeNotFound } from '#runtime';
import { stopContainer } from '../container/stop-container.ts';
import type { KubeletCore } from '../core.ts';
import type { ObservedContainer, PodObservation } from '../observed.ts';
import { findContainer, isSidecar, specOf } from '../pod.ts';

export interface KillOptions {
  readonly graceOverride?: number;
  readonly signal: AbortSignal;
}

/** Who waits for whom: a sidecar for every running regular container and for the sidecars after it. */
export function terminationOrder(pod: Pod, running: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const inits = specOf(pod).initContainers ?? [];
  const sidecars = inits.filter(isSidecar).map(({ name }) => name).filter((name) => running.includes(name));
  const others = running.filter((name) => specOf(pod).containers.some((container) => container.name === name));
  return new Map(sidecars.map((name, index) => [name, [...others, ...sidecars.slice(index + 1)]]));
}

/** The spec's container, or one restored from annotations when the spec no longer has it. */
function specFor(pod: Pod, seen: ObservedContainer): Container {
  const found = findContainer(pod, seen.name);
  if (found !== undefined) return found;
  return { name: seen.name, ...(seen.preStop !== undefined ? { lifecycle: { preStop: seen.preStop } } : {}), ports: [...seen.ports] };
}

export async function killPod(core: KubeletCore, pod: Pod, observed: PodObservation, options: KillOptions): Promise<void> {
  const alive = observed.containers.filter(({ state }) => state === 'running' || state === 'created' || state === 'unknown');
  const order = terminationOrder(pod, alive.map(({ name }) => name));
  const ended = new Map(alive.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const outcomes = await Promise.allSettled(alive.map(async (seen) => {
    const waits = order.get(seen.name);
    try {
      await stopContainer(core, {
        pod, container: specFor(pod, seen), containerId: seen.id, message: '', reason: '', podIP: observed.ips[0] ?? '', signal: options.signal,
        ...(options.graceOverride !== undefined ? { graceOverride: options.graceOverride } : {}),
        ...(waits !== undefined ? { turn: () => Promise.all(waits.map((name) => ended.get(name)?.promise)).then(() => {}) } : {}),
      });
    } finally {
      ended.get(seen.name)?.resolve();
    }
  }));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  for (const sandbox of observed.sandboxes) {
    if (!sandbox.ready) continue;
    try {
      await core.runtime.stopPodSandbox(sandbox.id, options.signal);
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
    }
  }
}

/** Removes every container and sandbox of a pod that has ended, newest last so that logs go last. */
export async function removePod(core: KubeletCore, observed: PodObservation): Promise<void> {
  const gone = (error: unknown): void => {
    if (!isRuntimeNotFound(error)) throw error;
  };
  for (const container of [...observed.containers].reverse()) await core.runtime.removeContainer(container.id).catch(gone);
  for (const sandbox of [...observed.sandboxes].reverse()) {
    if (sandbox.ready) await core.runtime.stopPodSandbox(sandbox.id).catch(gone);
    await core.runtime.removePodSandbox(sandbox.id).catch(gone);
  }
}
