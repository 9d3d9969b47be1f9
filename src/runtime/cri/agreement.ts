// containerd tells of an exit before its CRI knows it: at once when idle, seconds later under load, and after a
// back-off of up to five minutes when its own handler of the exit failed. A 'stopped' event is held back until
// CRI's status agrees, so that whoever acts on it does not see a running container. Events of one id are
// passed on in the order in which they came.
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { RuntimeEvent } from '../contract.ts';
import type { GrpcService } from '../grpc.ts';
import { isRuntimeNotFound } from '../runtime-error.ts';

const shortestPauseMs = 2;
const longestPauseMs = 1000;
/** containerd's longest back-off. Beyond it the kubelet's own look around has to do. */
const patienceMs = 5 * 60_000;
const callTimeoutMs = 10_000;

/** Whether CRI still says that the container or sandbox runs. What it does not know does not. */
async function runs(cri: GrpcService, id: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, timeoutMs: callTimeoutMs };
  try {
    const { status } = await cri.call<{ status: { state: string } | null }>('ContainerStatus', { container_id: id }, options);
    return status?.state === 'CONTAINER_RUNNING';
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
  }
  try {
    const { status } = await cri.call<{ status: { state: string } | null }>('PodSandboxStatus', { pod_sandbox_id: id }, options);
    return status?.state === 'SANDBOX_READY';
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
    return false;
  }
}

/** Resolves when CRI agrees that `id` does not run, or nobody can wait longer; a call that fails is no answer. Rejects when the signal aborts. */
async function agreed(world: World, cri: GrpcService, id: string, signal: AbortSignal): Promise<void> {
  const { clock, log } = world;
  const end = clock.monotonic() + patienceMs;
  for (let pauseMs = shortestPauseMs; clock.monotonic() < end; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
    try {
      if (!(await runs(cri, id, signal))) return;
    } catch (error) {
      log.debug('the status of a stopped container is not known yet', { id, err: error });
    }
    await sleep(clock, pauseMs, signal);
  }
  log.warn('the runtime still says that a stopped container runs', { id });
}

/** Passes events on to `onEvent`, those of a stopped container once `cri` agrees; nothing after the signal aborts. */
export function inAgreement(world: World, cri: GrpcService, signal: AbortSignal, onEvent: (event: RuntimeEvent) => void): (event: RuntimeEvent) => void {
  /** By id what has to wait: one event of a kind, for a second tells nothing new. An id leaves with its last. */
  const held = new Map<string, RuntimeEvent[]>();
  const release = (id: string): void => {
    const events = held.get(id) ?? [];
    held.delete(id);
    if (!signal.aborted) for (const event of events) onEvent(event);
  };
  return (event) => {
    if (signal.aborted) return;
    const { kind, id } = event;
    const before = held.get(id);
    if (before !== undefined) {
      if (!before.some((other) => other.kind === kind)) before.push(event);
    } else if (kind === 'stopped') {
      held.set(id, [event]);
      void agreed(world, cri, id, signal).then(() => release(id), () => held.delete(id));
    } else {
      onEvent(event);
    }
  };
}
