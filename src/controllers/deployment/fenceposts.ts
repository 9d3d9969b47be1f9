// How far a rolling update may leave the wanted number of pods, above (maxSurge) and below (maxUnavailable).
import type { Deployment } from '#api/apps/v1.ts';
import { scaledValue } from '../int-or-percent.ts';

const notLimited = 2 ** 31 - 1;

export function replicasOf(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

export function isRolling(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge, replicasOf(deployment), 'up');
  const unavailable = scaledValue(rolling?.maxUnavailable, replicasOf(deployment), 'down');
  // Both zero (a percentage rounded down) would never move: then one may be missing.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

/** The progress deadline in milliseconds, if there is one. */
export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === notLimited ? undefined : seconds * 1000;
}

export function revisionHistoryLimit(deployment: Deployment): number | undefined {
  const limit = deployment.spec?.revisionHistoryLimit;
  return limit === undefined || limit === notLimited ? undefined : limit;
}
