// One step of a rollout: the new ReplicaSet up as far as maxSurge allows, else the old ones down as far as
// maxUnavailable allows (unhealthy pods first); or, for Recreate, all old ones down before the new one starts.
import type { Deployment } from '#api/apps/v1.ts';
import { active, available, byAge, scale, size, total, type Draft } from './draft.ts';
import { isRolling, maxSurge, maxUnavailable, replicasOf } from './fenceposts.ts';

/** How many pods the current ReplicaSet may have now. */
export function allowedSize(deployment: Deployment, all: readonly Draft[], current: Draft): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - total(all, size);
  if (room <= 0) return size(current);
  return size(current) + Math.min(room, wanted - size(current));
}

/** True when the current ReplicaSet was scaled. */
export function growCurrent(deployment: Deployment, all: readonly Draft[], current: Draft): boolean {
  const wanted = replicasOf(deployment);
  if (size(current) === wanted) return false;
  return scale(current, deployment, size(current) > wanted ? wanted : allowedSize(deployment, all, current));
}

/** True when an old ReplicaSet was scaled. */
export function shrinkOld(deployment: Deployment, old: readonly Draft[], current: Draft): boolean {
  const running = active(old).sort(byAge);
  if (running.length === 0) return false;
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const all = [...old, current];
  const currentUnavailable = size(current) - available(current);
  const most = total(all, size) - minAvailable - currentUnavailable;
  if (most <= 0) return false;
  const unhealthy = shrinkUnhealthy(deployment, running, most);
  const healthy = shrinkHealthy(deployment, running, total(all, available) - minAvailable);
  return unhealthy + healthy > 0;
}

/** Pods that are not available cost nothing: they go first, or they would block the rollout. */
function shrinkUnhealthy(deployment: Deployment, running: readonly Draft[], most: number): number {
  let removed = 0;
  for (const draft of running) {
    if (removed >= most) break;
    const count = Math.min(most - removed, size(draft) - available(draft));
    if (size(draft) === 0 || count <= 0) continue;
    scale(draft, deployment, size(draft) - count);
    removed += count;
  }
  return removed;
}

function shrinkHealthy(deployment: Deployment, running: readonly Draft[], spare: number): number {
  let removed = 0;
  for (const draft of running) {
    if (removed >= spare) break;
    const count = Math.min(size(draft), spare - removed);
    if (count <= 0) continue;
    scale(draft, deployment, size(draft) - count);
    removed += count;
  }
  return removed;
}

/** Recreate: true when an old ReplicaSet still had to be scaled to nothing. */
export function shrinkAll(deployment: Deployment, old: readonly Draft[]): boolean {
  let scaled = false;
  for (const draft of active(old)) scaled = scale(draft, deployment, 0) || scaled;
  return scaled;
}
