// How many pods a ReplicaSet (or ReplicationController) must create or which it must delete, and what its
// status says. Pure: the shell in controller.ts performs it. Upstream: pkg/controller/replicaset.
import type { ReplicaSetCondition, ReplicaSetStatus } from '#api/apps/v1.ts';
import type { Pod, PodTemplateSpec } from '#api/core/v1.ts';
import type { ObjectMeta } from '#api/meta/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { podsToDelete } from '../deletion-order.ts';
import { availableInMs, isAvailable, isReady } from '../pod-state.ts';

/** At most this many pods are created or deleted in one go. */
export const burstReplicas = 500;

/** What ReplicaSets and ReplicationControllers have in common. */
export interface Replicated {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status?: ReplicaSetStatus;
}

export interface Observed {
  readonly owner: Replicated;
  /** Its own pods that are neither finished nor terminating. */
  readonly active: readonly Pod[];
  /** All pods of the same workload on all its ReplicaSets. */
  readonly related: readonly Pod[];
}

export interface Actions {
  readonly create: number;
  readonly remove: readonly Pod[];
}

export function wanted(owner: Replicated): number {
  return owner.spec?.replicas ?? 1;
}

/** What to do about the number of pods. */
export function reconcile({ owner, active, related }: Observed, nowMs: number): Actions {
  if (owner.metadata?.deletionTimestamp !== undefined) return { create: 0, remove: [] };
  const missing = wanted(owner) - active.length;
  if (missing > 0) return { create: Math.min(missing, burstReplicas), remove: [] };
  return { create: 0, remove: missing === 0 ? [] : podsToDelete(active, Math.min(-missing, burstReplicas), { related, nowMs }) };
}

export interface StatusInput {
  readonly owner: Replicated;
  readonly active: readonly Pod[];
  /** Counted in the status of ReplicaSets; undefined for kinds that do not tell. */
  readonly terminating: readonly Pod[] | undefined;
  /** Why pods could not be created or deleted. */
  readonly failure: string | undefined;
}

/** The status after looking at the pods. */
export function statusOf({ owner, active, terminating, failure }: StatusInput, nowMs: number): ReplicaSetStatus {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const templateLabels = Object.entries(owner.spec?.template?.metadata?.labels ?? {});
  const fullyLabelled = active.filter((pod) => templateLabels.every(([key, value]) => pod.metadata?.labels?.[key] === value));
  return {
    replicas: active.length,
    fullyLabeledReplicas: fullyLabelled.length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating.length }),
    observedGeneration: owner.metadata?.generation ?? 0,
    conditions: conditionsOf(owner, active.length, failure, nowMs),
  };
}

function conditionsOf(owner: Replicated, activeCount: number, failure: string | undefined, nowMs: number): ReplicaSetCondition[] {
  const before = owner.status?.conditions ?? [];
  const known = before.find((condition) => condition.type === 'ReplicaFailure');
  if (failure === undefined) return before.filter((condition) => condition.type !== 'ReplicaFailure');
  if (known !== undefined) return before;
  const reason = activeCount < wanted(owner) ? 'FailedCreate' : 'FailedDelete';
  return [...before, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(nowMs), reason, message: failure }];
}

/** When to look again so that availability is counted although nothing changes; undefined when need not. */
export function nextCheckMs(owner: Replicated, active: readonly Pod[], status: ReplicaSetStatus, nowMs: number): number | undefined {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  if (minReadySeconds === 0 || status.readyReplicas === status.availableReplicas) return undefined;
  const waits = active.map((pod) => availableInMs(pod, minReadySeconds, nowMs)).filter((wait) => wait !== undefined && wait > 0);
  return waits.length === 0 ? minReadySeconds * 1000 : Math.min(...waits.map((wait) => wait ?? 0)) + 1;
}
