// What a Deployment says of itself: counts over its ReplicaSets, and the conditions Available, Progressing and
// ReplicaFailure with upstream's reasons and messages, which `kubectl rollout status` and many tools read.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSetCondition } from '#api/apps/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { size, total, type Draft } from './draft.ts';
import { maxUnavailable, progressDeadlineMs, replicasOf } from './fenceposts.ts';

type Conditions = readonly DeploymentCondition[];

export function conditionOf(conditions: Conditions | undefined, type: string): DeploymentCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function without(conditions: Conditions, type: string): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}

/** A new condition; its times are `nowMs`. */
export function condition(type: string, status: string, reason: string, message: string, nowMs: number): DeploymentCondition {
  const now = rfc3339(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** Puts `next` in its place unless status and reason are as before; the transition time moves only with the status. */
export function withCondition(conditions: Conditions, next: DeploymentCondition): DeploymentCondition[] {
  const before = conditionOf(conditions, next.type);
  if (before?.status === next.status && before.reason === next.reason) return [...conditions];
  const kept = before?.status === next.status ? { ...next, lastTransitionTime: before.lastTransitionTime } : next;
  return [...without(conditions, next.type), kept];
}

/** Pausing and resuming start the clock of progress anew. */
export function pausedConditions(deployment: Deployment, conditions: Conditions, nowMs: number): DeploymentCondition[] {
  const progressing = conditionOf(conditions, 'Progressing');
  if (progressDeadlineMs(deployment) === undefined || progressing?.reason === 'ProgressDeadlineExceeded') return [...conditions];
  const told = progressing?.reason === 'DeploymentPaused';
  const paused = deployment.spec?.paused === true;
  if (paused && !told) return withCondition(conditions, condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', nowMs));
  if (!paused && told) return withCondition(conditions, condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', nowMs));
  return [...conditions];
}

export interface StatusInput {
  readonly deployment: Deployment;
  /** As changed so far in this reconcile. */
  readonly conditions: Conditions;
  readonly current: Draft | undefined;
  readonly old: readonly Draft[];
}

/** Counts and the Available condition. */
export function statusOf({ deployment, conditions, current, old }: StatusInput, nowMs: number): DeploymentStatus {
  const all = current === undefined ? old : [...old, current];
  const availableReplicas = total(all, (draft) => draft.object.status?.availableReplicas ?? 0);
  const enough = availableReplicas >= replicasOf(deployment) - maxUnavailable(deployment);
  const terminating = terminatingCount(all);
  const collisionCount = deployment.status?.collisionCount;
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: total(all, (draft) => draft.object.status?.replicas ?? 0),
    updatedReplicas: current?.object.status?.replicas ?? 0,
    readyReplicas: total(all, (draft) => draft.object.status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, total(all, size) - availableReplicas),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    conditions: withCondition(
      conditions,
      enough
        ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', nowMs)
        : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', nowMs),
    ),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

/** undefined while a ReplicaSet that has been looked at has not told its count. */
function terminatingCount(all: readonly Draft[]): number | undefined {
  let count = 0;
  for (const { object } of all) {
    const own = object.status?.terminatingReplicas;
    if (own === undefined && (object.status?.observedGeneration ?? 0) !== 0) return undefined;
    count += own ?? 0;
  }
  return count;
}

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function timedOut(deadlineMs: number, conditions: Conditions, nowMs: number): boolean {
  const progressing = conditionOf(conditions, 'Progressing');
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return false;
  if (progressing.reason === 'ProgressDeadlineExceeded') return true;
  return parseTime(progressing.lastUpdateTime) + deadlineMs < nowMs;
}

/** The status during a rollout: counts, and what can be said of its progress. */
export function rolloutStatusOf(input: StatusInput, nowMs: number): DeploymentStatus {
  const { deployment, current, old } = input;
  const status = statusOf(input, nowMs);
  let conditions: Conditions = status.conditions ?? [];
  const deadlineMs = progressDeadlineMs(deployment);
  const before = conditionOf(input.conditions, 'Progressing');
  const done = status.replicas === status.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (deadlineMs === undefined) conditions = without(conditions, 'Progressing');
  else if (!done) {
    const what = current === undefined ? `Deployment "${deployment.metadata?.name ?? ''}"` : `ReplicaSet "${current.object.metadata?.name ?? ''}"`;
    if (isComplete(deployment, status)) {
      conditions = withCondition(conditions, condition('Progressing', 'True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`, nowMs));
    } else if (hasProgressed(deployment.status ?? {}, status)) {
      // Progress moves the update time although reason and status stay.
      const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`, nowMs);
      const since = before?.status === 'True' ? { lastTransitionTime: before.lastTransitionTime } : {};
      conditions = [...without(conditions, 'Progressing'), { ...next, ...since }];
    } else if (timedOut(deadlineMs, conditions, nowMs)) {
      conditions = withCondition(conditions, condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`, nowMs));
    }
  }
  const failure = replicaFailure(current, old);
  conditions = failure === undefined ? without(conditions, 'ReplicaFailure') : withCondition(conditions, failure);
  return { ...status, conditions: [...conditions] };
}

/** The failure to create or delete pods that a ReplicaSet reports, the current one's first. */
function replicaFailure(current: Draft | undefined, old: readonly Draft[]): DeploymentCondition | undefined {
  for (const draft of current === undefined ? old : [current, ...old]) {
    const failure: ReplicaSetCondition | undefined = draft.object.status?.conditions?.find((each) => each.type === 'ReplicaFailure');
    if (failure !== undefined) return { ...failure, lastUpdateTime: failure.lastTransitionTime };
  }
  return undefined;
}

/** When to look again at a rollout that shows no sign of life; undefined when there is nothing to wait for. */
export function progressCheckMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const deadlineMs = progressDeadlineMs(deployment);
  const progressing = conditionOf(status.conditions, 'Progressing');
  if (deadlineMs === undefined || progressing === undefined) return undefined;
  if (isComplete(deployment, status) || progressing.reason === 'ProgressDeadlineExceeded') return undefined;
  return Math.max(0, parseTime(progressing.lastUpdateTime) + deadlineMs - nowMs) + 1000;
}
