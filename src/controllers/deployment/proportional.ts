// Scaling in the middle of a rollout: the new total is shared among the ReplicaSets in proportion to their size,
// so that changing replicas neither hurries nor reverts the rollout.
import type { Deployment } from '#api/apps/v1.ts';
import { active, available, byAge, bySizeNewerFirst, bySizeOlderFirst, scale, size, total, type Draft } from './draft.ts';
import { isRolling, maxSurge, replicasOf } from './fenceposts.ts';
import { countAnnotation, desiredAnnotation, maxAnnotation } from './revision.ts';

/** Scales all ReplicaSets to the Deployment's size. For scaling and while paused; not part of a rollout step. */
export function scaleAll(deployment: Deployment, current: Draft | undefined, old: readonly Draft[]): void {
  const only = onlyActiveOrLatest(current, old);
  if (only !== undefined) {
    scale(only, deployment, replicasOf(deployment));
    return;
  }
  if (isSaturated(deployment, current)) {
    for (const draft of active(old)) scale(draft, deployment, 0);
    return;
  }
  if (isRolling(deployment)) scaleInProportion(deployment, current === undefined ? old : [...old, current]);
}

/** The one that takes all: the only active one, or without any the newest. */
function onlyActiveOrLatest(current: Draft | undefined, old: readonly Draft[]): Draft | undefined {
  const all = current === undefined ? [...old] : [...old, current];
  const running = active(all);
  if (running.length > 1) return undefined;
  return running[0] ?? current ?? [...old].sort(byAge).at(-1);
}

function isSaturated(deployment: Deployment, current: Draft | undefined): boolean {
  if (current === undefined) return false;
  const wanted = replicasOf(deployment);
  return size(current) === wanted && countAnnotation(current.object, desiredAnnotation) === wanted && available(current) === wanted;
}

function scaleInProportion(deployment: Deployment, all: readonly Draft[]): void {
  const running = active(all);
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - total(running, size);
  if (toAdd > 0) running.sort(bySizeNewerFirst);
  else if (toAdd < 0) running.sort(bySizeOlderFirst);
  let added = 0;
  const sizes = running.map((draft) => {
    const share = shareOf(draft, deployment, toAdd, added);
    added += share;
    return size(draft) + share;
  });
  running.forEach((draft, at) => {
    const left = at === 0 ? toAdd - added : 0;
    scale(draft, deployment, Math.max(0, (sizes[at] ?? 0) + left), true);
  });
}

function shareOf(draft: Draft, deployment: Deployment, toAdd: number, added: number): number {
  if (size(draft) === 0 || toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(draft, deployment);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

function fractionOf(draft: Draft, deployment: Deployment): number {
  const wanted = replicasOf(deployment);
  if (wanted === 0) return -size(draft);
  // Without the annotation the Deployment's present size is the best guess at what it was before.
  const before = countAnnotation(draft.object, maxAnnotation) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const exact = (size(draft) * (wanted + maxSurge(deployment))) / before;
  return roundHalfAway(exact) - size(draft);
}

function roundHalfAway(value: number): number {
  return value < 0 ? Math.ceil(value - 0.5) : Math.floor(value + 0.5);
}
