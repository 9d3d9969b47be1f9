// One container from running to ended: the Killing event, the preStop hook within the grace period, then the
// stop signal and after what grace is left SIGKILL, which the runtime does. At least two seconds are given.
import type { Container, Pod, Probe } from '#api/core/v1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { isRuntimeNotFound } from '#runtime';
import type { KillReason } from '../compute-actions.ts';
import type { KubeletCore } from '../core.ts';
import { containerFieldPath, specOf } from '../pod.ts';
import { runHook } from './lifecycle-hooks.ts';

export interface StopInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** '' for "Stopping container x". */
  readonly message: string;
  readonly reason: KillReason;
  readonly podIP: string;
  /** Seconds; overrides the pod's own. */
  readonly graceOverride?: number;
  /** Waits for this container's turn (sidecars end after those they serve); gets the seconds left. */
  readonly turn?: (graceSeconds: number) => Promise<void>;
  readonly signal: AbortSignal;
}

const minimumGraceSeconds = 2;

const probeGrace = (probe: Probe | undefined): number | undefined => probe?.terminationGracePeriodSeconds;

/** Grace for this stop: the deletion's, the failed probe's own, or the pod's. */
function graceOf(input: StopInput): number {
  const { pod, container, reason } = input;
  const base = pod.metadata?.deletionGracePeriodSeconds ?? undefined;
  if (base !== undefined) return base;
  if (reason === 'StartupProbe') return probeGrace(container.startupProbe) ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
  if (reason === 'LivenessProbe') return probeGrace(container.livenessProbe) ?? specOf(pod).terminationGracePeriodSeconds ?? 30;
  return specOf(pod).terminationGracePeriodSeconds ?? 30;
}

/** Seconds that the hook took. */
async function preStop(core: KubeletCore, input: StopInput, graceSeconds: number): Promise<number> {
  const handler = input.container.lifecycle?.preStop;
  if (handler === undefined || graceSeconds <= 0) return 0;
  const { clock } = core.world;
  const began = clock.monotonic();
  const enough = new AbortController();
  const timer = clock.after(graceSeconds * 1000, () => enough.abort(new Error('grace period is over')));
  const both = AbortSignal.any([enough.signal, input.signal]);
  const over = new Promise<void>((resolve) => both.addEventListener('abort', () => resolve(), { once: true }));
  const target = { pod: input.pod, container: input.container, containerId: input.containerId, podIP: input.podIP };
  try {
    await Promise.race([runHook(core, target, handler, both), over]);
  } catch (error) {
    if (!both.aborted) {
      core.world.log.info('a preStop hook failed', { container: input.container.name, error: errorText(error) });
      core.recorder.event(input.pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', { fieldPath: containerFieldPath(input.pod, input.container.name) });
    }
  } finally {
    timer.cancel();
  }
  return Math.floor((clock.monotonic() - began) / 1000);
}

/** Resolves when the container has ended; one that is not there has ended. */
export async function stopContainer(core: KubeletCore, input: StopInput): Promise<void> {
  const { pod, container } = input;
  let grace = graceOf(input);
  const message = input.message === '' ? `Stopping container ${container.name}` : input.message;
  core.recorder.event(pod, 'Normal', 'Killing', message, { fieldPath: containerFieldPath(pod, container.name) });
  if (input.graceOverride !== undefined) grace = input.graceOverride;
  grace -= await preStop(core, input, grace);
  if (input.turn !== undefined && grace > 0) {
    const began = core.world.clock.monotonic();
    const patience = new AbortController();
    await Promise.race([input.turn(grace), sleep(core.world.clock, grace * 1000, patience.signal).catch(() => {})]);
    patience.abort(new Error('the turn came'));
    grace -= Math.floor((core.world.clock.monotonic() - began) / 1000);
  }
  try {
    await core.runtime.stopContainer(input.containerId, Math.max(minimumGraceSeconds, grace), input.signal);
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
  }
}
