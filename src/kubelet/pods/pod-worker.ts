// The serial life of one pod on this node: looks one after the other while anything has changed, living, then
// ending, then freed. A request to end it interrupts the look in progress; a shorter grace interrupts the
// ending. Failures are tried again with growing waits.
import type { Pod } from '#api/core/v1.ts';
import { parseTime, type Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { KubeletCore } from '../core.ts';
import { graceSeconds, isDeleting, isTerminalPhase, podText, refOf, specOf, uidOf } from '../pod.ts';
import type { PodState, Verdict } from './pod-state.ts';
import { syncPod, SyncError } from './sync-pod.ts';
import { releasePod, terminatePod } from './terminate-pod.ts';

export type WorkerPhase = 'living' | 'ending' | 'ended' | 'released';

export interface PodWorker {
  readonly pod: Pod;
  readonly phase: WorkerPhase;
  /** A newer version of the pod. */
  update(pod: Pod): void;
  /** Something about it may have changed: look. */
  poke(): void;
  /** Ends the pod; `graceSeconds` undefined for the pod's own. */
  terminate(graceSeconds?: number, verdict?: Verdict): void;
  /** Resolves when it has ended and all is freed. */
  readonly released: Promise<void>;
  /** Stops looking; containers go on. */
  close(): void;
}

const firstRetryMs = 500;
const maxRetryMs = 60_000;
/** A pod that nothing happens to is looked at this often. */
const slowLookMs = 300_000;

/** When the pod's activeDeadlineSeconds are over. */
function deadlineOf(core: KubeletCore, pod: Pod): number | undefined {
  const seconds = specOf(pod).activeDeadlineSeconds;
  const start = parseTime(core.status.get(uidOf(pod))?.startTime ?? pod.status?.startTime);
  return seconds === undefined || Number.isNaN(start) ? undefined : start + seconds * 1000;
}

const deadlineVerdict: Verdict = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };

/** Starts looking at once. */
export function createPodWorker(core: KubeletCore, first: Pod): PodWorker {
  const { clock, log } = core.world;
  const state: PodState = { pod: first, verdict: undefined, failures: new Map(), heldUntilMs: new Map() };
  const released = Promise.withResolvers<void>();
  let phase: WorkerPhase = 'living';
  let dirty = false;
  let running = false;
  let closed = false;
  let grace: number | undefined;
  let retryMs = firstRetryMs;
  let timer: Timer | undefined;
  let look = new AbortController();

  const wakeAt = (atMs: number): void => {
    timer?.cancel();
    timer = clock.after(Math.max(0, atMs - clock.now()), () => poke(), { background: true });
  };
  const live = async (signal: AbortSignal): Promise<void> => {
    const deadline = deadlineOf(core, state.pod);
    if (deadline !== undefined && clock.now() >= deadline) {
      core.recorder.event(state.pod, 'Normal', 'DeadlineExceeded', deadlineVerdict.message);
      terminate(undefined, deadlineVerdict);
      return;
    }
    const observed = await core.observer.observe(refOf(state.pod));
    const result = await syncPod(core, state, observed, signal);
    retryMs = firstRetryMs;
    if (result.terminal) {
      phase = 'ending';
      dirty = true;
      return;
    }
    if (result.acted) dirty = true;
    wakeAt(Math.min(result.wakeAtMs ?? Number.POSITIVE_INFINITY, deadlineOf(core, state.pod) ?? Number.POSITIVE_INFINITY, clock.now() + slowLookMs));
  };
  const step = async (signal: AbortSignal): Promise<void> => {
    if (phase === 'living') await live(signal);
    else if (phase === 'ending') {
      await terminatePod(core, state, await core.observer.observe(refOf(state.pod)), grace, signal);
      phase = 'ended';
      dirty = true;
    } else if (phase === 'ended') {
      await releasePod(core, state);
      phase = 'released';
      released.resolve();
    } else core.status.terminated(state.pod);
  };
  const run = async (): Promise<void> => {
    running = true;
    while (dirty && !closed) {
      dirty = false;
      look = new AbortController();
      try {
        await step(look.signal);
      } catch (error) {
        if (closed || look.signal.aborted) continue;
        if (!(error instanceof SyncError)) {
          const reason = phase === 'living' ? 'FailedSync' : 'FailedKillPod';
          core.recorder.event(state.pod, 'Warning', reason, phase === 'living' ? `error determining status: ${errorText(error)}` : `error killing pod: ${errorText(error)}`);
        }
        log.warn('a pod could not be brought to where it should be', { pod: podText(state.pod), phase, retryMs, error: errorText(error) });
        wakeAt(clock.now() + retryMs);
        retryMs = Math.min(maxRetryMs, retryMs * 2);
      }
    }
    running = false;
  };
  function poke(): void {
    if (closed) return;
    dirty = true;
    if (!running) void run();
  }
  function terminate(graceOverride?: number, verdict?: Verdict): void {
    if (verdict !== undefined) state.verdict ??= verdict;
    if (phase === 'ended' || phase === 'released') {
      poke();
      return;
    }
    const before = grace;
    grace = graceSeconds(state.pod, graceOverride);
    const shorter = phase === 'ending' && before !== undefined && grace < before;
    if (before !== undefined) grace = Math.min(grace, before);
    if (phase === 'living' || shorter) look.abort(new Error('the pod is to end'));
    phase = 'ending';
    retryMs = firstRetryMs;
    poke();
  }
  const update = (pod: Pod): void => {
    state.pod = pod;
    if (isDeleting(pod)) terminate();
    else if (isTerminalPhase(pod.status) && phase === 'living') terminate();
    else poke();
  };
  update(first);
  return {
    get pod() {
      return state.pod;
    },
    get phase() {
      return phase;
    },
    update,
    poke,
    terminate,
    released: released.promise,
    close() {
      closed = true;
      timer?.cancel();
      look.abort(new Error('the agent ends'));
    },
  };
}
