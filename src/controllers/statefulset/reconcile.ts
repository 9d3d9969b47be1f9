// What a StatefulSet does next. OrderedReady goes through the ordinals one by one and stops at the first pod that is
// not available; Parallel does all at once. Then what is beyond the range goes, highest first, and then old pods
// give way to new ones from the highest ordinal down to the partition. Pure. Upstream: stateful_set_control.go.
import type { StatefulSet, StatefulSetStatus } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1.ts';
import { scaledValue } from '../int-or-percent.ts';
import { availableInMs, isAvailable, isFinished, isReady } from '../pod-state.ts';
import { claimName, identityMatches, isInRange, ordinalOf, replicasOf, revisionOf, startOrdinal, storageMatches } from './identity.ts';
import { isLeavingWithOldPod, withOwners } from './retention.ts';

export interface Observed {
  readonly set: StatefulSet;
  /** Its own pods. */
  readonly pods: readonly Pod[];
  /** Names of the revisions. */
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
}

export type Step =
  | { readonly do: 'create'; readonly ordinal: number; readonly revision: string }
  | { readonly do: 'delete'; readonly pod: Pod }
  /** Creates the claims that a waiting pod lacks. */
  | { readonly do: 'claims'; readonly pod: Pod }
  /** Puts identity, volumes and the owners of its claims right. */
  | { readonly do: 'repair'; readonly pod: Pod }
  /** Puts the owners of a leaving pod's claims right. */
  | { readonly do: 'own'; readonly pod: Pod };

export interface Plan {
  /** One after the other; the steps of one stage at once when `parallel`. */
  readonly stages: readonly (readonly Step[])[];
  readonly parallel: boolean;
  /** Pods that the last stage deletes to update them. */
  readonly updating: readonly Pod[];
}

/** The revision that a missing pod is created of. */
export function revisionFor({ set, currentRevision, updateRevision }: Observed, ordinal: number): string {
  const strategy = set.spec?.updateStrategy;
  const at = ordinal - startOrdinal(set);
  const kept = strategy?.rollingUpdate === undefined ? (strategy?.type === 'RollingUpdate' ? (set.status?.currentReplicas ?? 0) : 0) : (strategy.rollingUpdate.partition ?? 0);
  return at < kept ? currentRevision : updateRevision;
}

export function plan(observed: Observed, nowMs: number): Plan {
  const { set } = observed;
  const parallel = set.spec?.podManagementPolicy === 'Parallel';
  const stages: Step[][] = [];
  const idle: Plan = { stages, parallel, updating: [] };
  if (set.metadata?.deletionTimestamp !== undefined) return idle;
  const slots = slotsOf(set, observed.pods);
  const condemned = observed.pods.filter((pod) => ordinalOf(pod) >= 0 && !isInRange(set, pod)).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const living = livingStage(observed, slots, parallel, nowMs);
  stages.push(living.steps);
  if (living.blocked) return idle;
  stages.push(condemned.filter((pod) => !ownersMatch(observed, pod)).map((pod): Step => ({ do: 'own', pod })));
  const leaving = leavingStage(observed, slots, condemned, parallel, nowMs);
  stages.push(leaving.steps);
  if (leaving.blocked) return idle;
  const updating = updateStage(observed, slots, nowMs);
  stages.push(updating.map((pod): Step => ({ do: 'delete', pod })));
  return { stages, parallel, updating };
}

type Slot = Pod | undefined;

/** One per ordinal of the range. */
function slotsOf(set: StatefulSet, pods: readonly Pod[]): Slot[] {
  const slots: Slot[] = Array.from({ length: replicasOf(set) }, () => undefined);
  for (const pod of pods) if (isInRange(set, pod)) slots[ordinalOf(pod) - startOrdinal(set)] = pod;
  return slots;
}

interface Stage {
  readonly steps: Step[];
  /** Nothing further this time. */
  readonly blocked: boolean;
}

function isUnavailable(set: StatefulSet, pod: Slot, nowMs: number): boolean {
  return pod === undefined || pod.metadata?.deletionTimestamp !== undefined || !isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs);
}

function livingStage(observed: Observed, slots: readonly Slot[], parallel: boolean, nowMs: number): Stage {
  const { set } = observed;
  const steps: Step[] = [];
  for (const [at, pod] of slots.entries()) {
    const { step, settled } = slotStep(observed, startOrdinal(set) + at, pod, nowMs);
    if (step !== undefined) steps.push(step);
    if (!settled && !parallel) return { steps, blocked: true };
  }
  return { steps, blocked: false };
}

function slotStep(observed: Observed, ordinal: number, pod: Slot, nowMs: number): { readonly step?: Step; readonly settled: boolean } {
  const { set } = observed;
  if (pod === undefined) {
    if (hasStaleClaim(observed, ordinal)) return { settled: false };
    return { step: { do: 'create', ordinal, revision: revisionFor(observed, ordinal) }, settled: false };
  }
  const dying = pod.metadata?.deletionTimestamp !== undefined;
  // Whatever its exit code, a finished pod makes room for the next of its name.
  if (isFinished(pod)) return dying ? { settled: false } : { step: { do: 'delete', pod }, settled: false };
  const settled = !dying && pod.status?.phase === 'Running' && !isUnavailable(set, pod, nowMs);
  if (pod.status?.phase === 'Pending') return { step: { do: 'claims', pod }, settled };
  const parallel = set.spec?.podManagementPolicy === 'Parallel';
  const right = identityMatches(set, pod) && storageMatches(set, pod) && ownersMatch(observed, pod);
  return right || (!settled && !parallel) ? { settled } : { step: { do: 'repair', pod }, settled };
}

function hasStaleClaim({ set, claim }: Observed, ordinal: number): boolean {
  const pod: Pod = { metadata: { name: `${set.metadata?.name}-${ordinal}`, namespace: set.metadata?.namespace, uid: '' } };
  return (set.spec?.volumeClaimTemplates ?? []).some((template) => {
    const found = claim(claimName(set, template, ordinal));
    return found !== undefined && isLeavingWithOldPod(set, found, pod);
  });
}

function ownersMatch({ set, claim }: Observed, pod: Pod): boolean {
  return (set.spec?.volumeClaimTemplates ?? []).every((template) => {
    const found = claim(claimName(set, template, ordinalOf(pod)));
    return found === undefined || withOwners(found, set, pod) === undefined;
  });
}

function leavingStage({ set }: Observed, slots: readonly Slot[], condemned: readonly Pod[], parallel: boolean, nowMs: number): Stage {
  if (parallel) return { steps: condemned.filter((pod) => pod.metadata?.deletionTimestamp === undefined).map((pod) => ({ do: 'delete', pod })), blocked: false };
  const [highest] = condemned;
  if (highest === undefined) return { steps: [], blocked: false };
  const unavailable = (pod: Slot): boolean => isUnavailable(set, pod, nowMs);
  // In order a pod goes only when all others are well, or when it is itself the first that is not.
  const firstBad = slots.some(unavailable) ? undefined : [...condemned].reverse().find(unavailable);
  const well = highest.status?.phase === 'Running' && isReady(highest) && isAvailable(highest, set.spec?.minReadySeconds ?? 0, nowMs);
  const goes = highest.metadata?.deletionTimestamp === undefined && (well || highest === firstBad);
  return { steps: goes ? [{ do: 'delete', pod: highest }] : [], blocked: true };
}

/** Old pods to be deleted now, from the highest ordinal down. */
function updateStage({ set, updateRevision }: Observed, slots: readonly Slot[], nowMs: number): Pod[] {
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type === 'OnDelete') return [];
  const partition = strategy?.rollingUpdate?.partition ?? 0;
  const isOld = (pod: Slot): pod is Pod => pod !== undefined && revisionOf(pod) !== updateRevision && pod.metadata?.deletionTimestamp === undefined;
  const fromTop = slots.slice(partition).reverse();
  const limit = strategy?.rollingUpdate?.maxUnavailable;
  if (limit !== undefined) {
    const allowed = Math.max(1, scaledValue(limit, slots.length, 'down')) - slots.filter((pod) => isUnavailable(set, pod, nowMs)).length;
    return fromTop.filter(isOld).slice(0, Math.max(0, allowed));
  }
  for (const pod of fromTop) {
    if (isOld(pod)) return [pod];
    if (isUnavailable(set, pod, nowMs)) return [];
  }
  return [];
}

/** The status after looking at the pods; `updating` are those just deleted to update them. */
export function statusOf({ set, pods, currentRevision, updateRevision }: Observed, collisionCount: number, updating: number, nowMs: number): StatefulSetStatus {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const created = pods.filter((pod) => (pod.status?.phase ?? '') !== '');
  const alive = created.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod));
  const status: StatefulSetStatus = {
    ...set.status,
    observedGeneration: set.metadata?.generation,
    replicas: created.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    currentReplicas: Math.max(0, alive.filter((pod) => revisionOf(pod) === currentRevision).length - updating),
    updatedReplicas: alive.filter((pod) => revisionOf(pod) === updateRevision).length,
    currentRevision,
    updateRevision,
    collisionCount,
  };
  const wanted = replicasOf(set);
  const complete = set.spec?.updateStrategy?.type === 'RollingUpdate' && status.updatedReplicas === wanted && status.readyReplicas === wanted && status.replicas === wanted;
  return complete ? { ...status, currentReplicas: status.updatedReplicas, currentRevision: updateRevision } : status;
}

/** When to look again so that availability is counted although nothing changes; undefined when need not. */
export function nextCheckMs(set: StatefulSet, pods: readonly Pod[], status: StatefulSetStatus, nowMs: number): number | undefined {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  if (minReadySeconds === 0 || status.readyReplicas === status.availableReplicas) return undefined;
  const waits = pods.map((pod) => availableInMs(pod, minReadySeconds, nowMs) ?? 0).filter((wait) => wait > 0);
  return waits.length === 0 ? minReadySeconds * 1000 : Math.min(...waits) + 1;
}
