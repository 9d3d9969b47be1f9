// What must happen to a pod now: observed sandboxes and containers against the spec, to a list of actions.
// Pure and level-based, so that lost or doubled events change nothing. Follows upstream's computePodActions
// (sandbox changes, init containers backwards from the last, sidecars, restarts, probe failures).
import type { Container, Pod } from '#api/core/v1.ts';
import { containerHash, latest, type ObservedContainer, type PodObservation } from './observed.ts';
import { isDeleting, isSidecar, restartPolicyOf, restartsAfter, specOf } from './pod.ts';

export type ProbeVerdict = 'success' | 'failure' | 'unknown';
export type KillReason = '' | 'StartupProbe' | 'LivenessProbe' | 'Unknown' | 'FailedPostStartHook';

export interface ProbeResults {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
}

export interface KillAction {
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly reason: KillReason;
}

export interface PodActions {
  /** End every container and the sandbox. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox to use, or the one that is replaced; '' when there is none. */
  readonly sandboxId: string;
  readonly attempt: number;
  readonly ephemeralToStart: readonly number[];
  readonly initToStart: readonly number[];
  readonly toStart: readonly number[];
  readonly toKill: readonly KillAction[];
}

interface Draft {
  killPod: boolean;
  createSandbox: boolean;
  sandboxId: string;
  attempt: number;
  ephemeralToStart: number[];
  initToStart: number[];
  toStart: number[];
  toKill: KillAction[];
}

/** Whether a new sandbox is needed, its attempt number, and the sandbox in use (or to replace). */
export function sandboxChanged(pod: Pod, observed: PodObservation): { changed: boolean; attempt: number; sandboxId: string } {
  const newest = observed.sandboxes[0];
  if (newest === undefined) return { changed: true, attempt: 0, sandboxId: '' };
  const ready = observed.sandboxes.filter((sandbox) => sandbox.ready).length;
  const lacksAddress = specOf(pod).hostNetwork !== true && newest.ips.length === 0;
  if (ready > 1 || !newest.ready || lacksAddress) return { changed: true, attempt: newest.attempt + 1, sandboxId: newest.id };
  return { changed: false, attempt: newest.attempt, sandboxId: newest.id };
}

/** Whether a container that does not run is to be started. */
export function shouldStart(pod: Pod, container: Container, observed: PodObservation): boolean {
  if (isDeleting(pod)) return false;
  const status = latest(observed, container.name);
  if (status === undefined) return true;
  if (status.state === 'running') return false;
  if (status.state !== 'exited') return true;
  return restartsAfter(pod, container, status.exitCode);
}

/** A regular container exists: initialization was passed once. */
export const anyRegularCreated = (pod: Pod, observed: PodObservation): boolean =>
  specOf(pod).containers.some((container) => latest(observed, container.name) !== undefined);

const changedSpec = (container: Container, status: ObservedContainer): boolean => status.hash !== containerHash(container);

const succeeded = (container: Container, observed: PodObservation): boolean => {
  const status = latest(observed, container.name);
  return status?.state === 'exited' && status.exitCode === 0;
};

function newSandboxActions(pod: Pod, observed: PodObservation, draft: Draft): PodActions {
  const spec = specOf(pod);
  const restarts = restartPolicyOf(pod) !== 'Never' || spec.containers.some((c) => c.restartPolicy !== undefined && c.restartPolicy !== 'Never');
  if (!restarts && draft.attempt !== 0 && observed.containers.length > 0) return { ...draft, createSandbox: false };
  const toStart: number[] = [];
  spec.containers.forEach((container, index) => {
    const policy = container.restartPolicy ?? restartPolicyOf(pod);
    if (policy === 'OnFailure' && succeeded(container, observed)) return;
    toStart.push(index);
  });
  if (toStart.length === 0 && anyRegularCreated(pod, observed)) return { ...draft, createSandbox: false };
  if ((spec.initContainers ?? []).length > 0) return { ...draft, initToStart: [0] };
  return { ...draft, toStart };
}

/** One init container, looked at from the last backwards. True when the pod counts as initialized by it. */
function initAction(pod: Pod, index: number, container: Container, status: ObservedContainer, initializedBefore: boolean, probes: ProbeResults, draft: Draft): boolean | 'failed' {
  const last = index === (specOf(pod).initContainers ?? []).length - 1;
  const kill = (message: string, reason: KillReason): void => {
    draft.toKill.push({ id: status.id, name: container.name, message, reason });
    draft.initToStart.push(index);
  };
  if (status.state === 'created') {
    draft.initToStart.push(index);
    return false;
  }
  if (status.state === 'running') {
    if (!isSidecar(container)) return false;
    if (container.startupProbe !== undefined) {
      const startup = probes.startup(status.id);
      if (startup === 'failure') kill(`Init container ${container.name} failed startup probe`, 'StartupProbe');
      if (startup !== 'success') return false;
    }
    if (!last && !initializedBefore) draft.initToStart.push(index + 1);
    if (changedSpec(container, status)) kill(`Init container ${container.name} definition changed`, '');
    else if (container.livenessProbe !== undefined && probes.liveness(status.id) === 'failure') kill(`Init container ${container.name} failed liveness probe`, 'LivenessProbe');
    return last;
  }
  if (status.state === 'exited') {
    if (isSidecar(container)) {
      draft.initToStart.push(index);
      return false;
    }
    if (status.exitCode !== 0) {
      if (!restartsAfter(pod, container, status.exitCode)) return 'failed';
      draft.initToStart.push(index);
      return false;
    }
    if (!last) draft.initToStart.push(index + 1);
    return last;
  }
  const restartable = isSidecar(container) || (container.restartPolicy ?? restartPolicyOf(pod)) !== 'Never';
  if (!restartable) return 'failed';
  kill('Init container is in "unknown" state, try killing it before restart', 'Unknown');
  return false;
}

/** Fills in which init containers to start; true when all have done their part. */
function initActions(pod: Pod, observed: PodObservation, probes: ProbeResults, draft: Draft): boolean {
  const spec = specOf(pod);
  const inits = spec.initContainers ?? [];
  if (inits.length === 0) return true;
  let initialized = spec.containers.some((container) => {
    const state = latest(observed, container.name)?.state;
    return state === 'created' || state === 'running';
  });
  let before = initialized;
  for (let index = inits.length - 1; index >= 0; index--) {
    const container = inits[index];
    if (container === undefined) continue;
    const status = latest(observed, container.name);
    if (status === undefined) {
      if (before && isSidecar(container)) draft.initToStart.push(index);
      continue;
    }
    if (before && !isSidecar(container)) continue;
    const verdict = initAction(pod, index, container, status, before, probes, draft);
    if (verdict === 'failed') {
      draft.killPod = true;
      draft.initToStart = [];
      return false;
    }
    if (verdict) initialized = true;
    before = true;
  }
  if (!before) draft.initToStart.push(0);
  draft.initToStart = [...new Set(draft.initToStart)].sort((a, b) => a - b);
  return initialized;
}

/** One regular container; true when it runs and stays. */
function regularAction(pod: Pod, index: number, container: Container, observed: PodObservation, probes: ProbeResults, draft: Draft): boolean {
  const status = latest(observed, container.name);
  if (status === undefined || status.state !== 'running') {
    if (!shouldStart(pod, container, observed)) return false;
    draft.toStart.push(index);
    if (status?.state === 'unknown') {
      draft.toKill.push({ id: status.id, name: container.name, message: 'Container is in "unknown" state, try killing it before restart', reason: 'Unknown' });
    }
    return false;
  }
  let message: string;
  let reason: KillReason = '';
  let restart = (container.restartPolicy ?? restartPolicyOf(pod)) !== 'Never';
  if (changedSpec(container, status)) {
    message = `Container ${container.name} definition changed`;
    restart = true;
  } else if (probes.liveness(status.id) === 'failure') {
    message = `Container ${container.name} failed liveness probe`;
    reason = 'LivenessProbe';
  } else if (probes.startup(status.id) === 'failure') {
    message = `Container ${container.name} failed startup probe`;
    reason = 'StartupProbe';
  } else {
    return true;
  }
  if (restart) {
    message += ', will be restarted';
    draft.toStart.push(index);
  }
  draft.toKill.push({ id: status.id, name: container.name, message, reason });
  return false;
}

/** The actions that bring the pod from what is observed to what its spec says. */
export function computeActions(pod: Pod, observed: PodObservation, probes: ProbeResults): PodActions {
  const spec = specOf(pod);
  const { changed, attempt, sandboxId } = sandboxChanged(pod, observed);
  const draft: Draft = { killPod: changed, createSandbox: changed, sandboxId, attempt, ephemeralToStart: [], initToStart: [], toStart: [], toKill: [] };
  if (changed) return newSandboxActions(pod, observed, draft);
  (spec.ephemeralContainers ?? []).forEach((container, index) => {
    if (latest(observed, container.name) === undefined) draft.ephemeralToStart.push(index);
  });
  const initialized = initActions(pod, observed, probes, draft);
  if (draft.killPod || !initialized) return draft;
  let kept = 0;
  spec.containers.forEach((container, index) => {
    if (regularAction(pod, index, container, observed, probes, draft)) kept++;
  });
  if (kept === 0 && draft.toStart.length === 0) return { ...draft, killPod: true, initToStart: [] };
  return draft;
}
