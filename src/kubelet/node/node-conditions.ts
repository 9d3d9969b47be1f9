// The node's conditions as the kubelet tells them: three pressures and Ready, with upstream's reasons.
// Transition times move only when the status does. Pure.
import type { NodeCondition } from '#api/core/v1.ts';
import { rfc3339 } from '#base/clock.ts';

export interface NodeHealth {
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
  /** Why the node is not ready; empty when it is. */
  readonly problems: readonly string[];
}

function pressure(type: string, under: boolean, reason: readonly [string, string], message: readonly [string, string]): NodeCondition {
  return { type, status: under ? 'True' : 'False', reason: under ? reason[1] : reason[0], message: under ? message[1] : message[0] };
}

/** The conditions at `nowMs`, over those told before. */
export function nodeConditions(health: NodeHealth, before: readonly NodeCondition[], nowMs: number): NodeCondition[] {
  const ready = health.problems.length === 0;
  const fresh: NodeCondition[] = [
    pressure('MemoryPressure', health.memoryPressure, ['KubeletHasSufficientMemory', 'KubeletHasInsufficientMemory'], ['kubelet has sufficient memory available', 'kubelet has insufficient memory available']),
    pressure('DiskPressure', health.diskPressure, ['KubeletHasNoDiskPressure', 'KubeletHasDiskPressure'], ['kubelet has no disk pressure', 'kubelet has disk pressure']),
    pressure('PIDPressure', health.pidPressure, ['KubeletHasSufficientPID', 'KubeletHasInsufficientPID'], ['kubelet has sufficient PID available', 'kubelet has insufficient PID available']),
    ready
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: health.problems.length === 1 ? health.problems[0] : `[${health.problems.join(', ')}]` },
  ];
  const now = rfc3339(nowMs);
  const kept = before.filter(({ type }) => !fresh.some((condition) => condition.type === type));
  return [...kept, ...fresh.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime: old?.status === condition.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : now };
  })];
}
