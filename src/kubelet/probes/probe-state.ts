// The decision of a probe, apart from time and network: results in a row against thresholds, the hold after
// a verdict, and which containers are probed at all. Pure; upstream's prober worker without its ticker.
import type { ContainerStatus, Probe } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import type { ProbeVerdict } from '../compute-actions.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** The verdict of a container that has not been probed yet. */
export const initialVerdict: Readonly<Record<ProbeKind, ProbeVerdict>> = { startup: 'unknown', liveness: 'success', readiness: 'failure' };

export interface ProbeState {
  readonly containerId: string;
  readonly lastResult: 'success' | 'failure' | undefined;
  readonly run: number;
  /** Nothing is probed until there is a new container. */
  readonly onHold: boolean;
}

export const freshState = (containerId: string): ProbeState => ({ containerId, lastResult: undefined, run: 0, onHold: false });

/** Whether a running container is to be probed at `nowMs`. */
export function probesNow(kind: ProbeKind, probe: Probe, status: ContainerStatus, nowMs: number): boolean {
  const startedAt = parseTime(status.state?.running?.startedAt);
  if (Math.floor((nowMs - startedAt) / 1000) < (probe.initialDelaySeconds ?? 0)) return false;
  return status.started === true ? kind !== 'startup' : kind === 'startup';
}

/** The state after one result, and the verdict when a threshold has been reached. */
export function afterResult(kind: ProbeKind, probe: Probe, state: ProbeState, result: 'success' | 'failure'): { state: ProbeState; verdict: 'success' | 'failure' | undefined } {
  const run = state.lastResult === result ? state.run + 1 : 1;
  const threshold = result === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
  if (run < threshold) return { state: { ...state, lastResult: result, run }, verdict: undefined };
  const hold = (kind === 'liveness' && result === 'failure') || kind === 'startup';
  return { state: { ...state, lastResult: result, run: hold ? 0 : run, onHold: hold }, verdict: result };
}
