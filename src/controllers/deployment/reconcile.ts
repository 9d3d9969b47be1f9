// One step of a Deployment: from its ReplicaSets (and for Recreate their pods) to what must be created, changed
// and deleted, and to its status. Pure; every outcome is level-based, so that doing a step twice, late, or
// after a lost event ends the same. Upstream: pkg/controller/deployment.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '#api/apps/v1.ts';
import type { Pod, PodTemplateSpec } from '#api/core/v1.ts';
import { controllerReference, podTemplateHash } from '#client';
import { isFinished } from '../pod-state.ts';
import { sameValue } from '../same-value.ts';
import { active, byAge, draftOf, type Draft } from './draft.ts';
import { isRolling, maxSurge, progressDeadlineMs, replicasOf, revisionHistoryLimit } from './fenceposts.ts';
import { scaleAll } from './proportional.ts';
import { countAnnotation, desiredAnnotation, maxRevision, revisionAnnotation, revisionOf, setReplicasAnnotations, setRevision } from './revision.ts';
import { allowedSize, growCurrent, shrinkAll, shrinkOld } from './rolling.ts';
import { condition, conditionOf, isComplete, pausedConditions, progressCheckMs, rolloutStatusOf, statusOf, withCondition } from './status.ts';

export const hashLabel = 'pod-template-hash';

export interface Observed {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods by the uid of the ReplicaSet that controls them. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
}

export interface Update {
  readonly object: ReplicaSet;
  /** Its size before, when it is scaled. */
  readonly scaledFrom: number | undefined;
}

export interface Plan {
  readonly create: ReplicaSet | undefined;
  readonly update: readonly Update[];
  readonly remove: readonly ReplicaSet[];
  readonly status: DeploymentStatus;
  /** The Deployment's revision annotation as it should be. */
  readonly revision: string | undefined;
  readonly requeueAfterMs: number | undefined;
}

const apps = { group: 'apps', version: 'v1', kind: 'Deployment' };

/** Equal but for the hash that the controller itself adds. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  const plain = (template: PodTemplateSpec | undefined): object => {
    const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
    return { ...template, metadata: { ...template?.metadata, labels, creationTimestamp: undefined } };
  };
  return sameValue(plain(a), plain(b));
}

interface Work {
  readonly deployment: Deployment;
  readonly old: readonly Draft[];
  current: Draft | undefined;
  conditions: DeploymentCondition[];
  revision: string | undefined;
  readonly remove: ReplicaSet[];
}

/** What to do now. */
export function reconcile({ deployment, replicaSets, pods }: Observed, nowMs: number): Plan {
  const drafts = replicaSets.map(draftOf).sort(byAge);
  const current = drafts.find((draft) => sameTemplate(draft.object.spec?.template, deployment.spec?.template));
  const work: Work = {
    deployment,
    current,
    old: drafts.filter((draft) => draft !== current),
    conditions: [...(deployment.status?.conditions ?? [])],
    revision: deployment.metadata?.annotations?.[revisionAnnotation],
    remove: [],
  };
  if (deployment.metadata?.deletionTimestamp !== undefined) return finish(work, statusOf(work, nowMs), nowMs);
  work.conditions = pausedConditions(deployment, work.conditions, nowMs);
  adoptCurrent(work, nowMs);
  if (deployment.spec?.paused === true || isScaling(work)) {
    scaleAll(deployment, work.current, work.old);
    if (deployment.spec?.paused === true) cleanUp(work);
    return finish(work, statusOf(work, nowMs), nowMs);
  }
  const moved = isRolling(deployment) ? roll(work, nowMs) : recreate(work, pods, nowMs);
  if (!moved && isComplete(deployment, deployment.status)) cleanUp(work);
  return finish(work, rolloutStatusOf(work, nowMs), nowMs);
}

/** Somebody changed spec.replicas since the ReplicaSets were last written. */
function isScaling({ deployment, old, current }: Work): boolean {
  return active(current === undefined ? old : [...old, current]).some((draft) => {
    const desired = countAnnotation(draft.object, desiredAnnotation);
    return desired !== undefined && desired !== replicasOf(deployment);
  });
}

/** Brings revision, annotations and minReadySeconds of the current ReplicaSet up to date. */
function adoptCurrent(work: Work, nowMs: number): void {
  const { deployment, current, old } = work;
  if (current === undefined) return;
  setRevision(current, deployment, maxRevision(old.map((draft) => draft.object)) + 1);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if ((current.object.spec?.minReadySeconds ?? 0) !== minReadySeconds && current.object.spec !== undefined) {
    current.object = { ...current.object, spec: { ...current.object.spec, minReadySeconds } };
    current.changed = true;
  }
  work.revision = current.object.metadata?.annotations?.[revisionAnnotation] ?? work.revision;
  if (progressDeadlineMs(deployment) !== undefined && conditionOf(work.conditions, 'Progressing') === undefined) {
    work.conditions = withCondition(work.conditions, condition('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${current.object.metadata?.name ?? ''}"`, nowMs));
  }
}

/** The ReplicaSet for the present template, made when there is none. */
function ensureCurrent(work: Work, nowMs: number): Draft {
  if (work.current !== undefined) return work.current;
  const { deployment, old } = work;
  const made = newReplicaSet(deployment);
  const draft: Draft = { object: made, original: undefined, changed: true, scaledFrom: undefined };
  const revision = maxRevision(old.map((each) => each.object)) + 1;
  setRevision(draft, deployment, revision);
  const replicas = allowedSize(deployment, [...old, draft], draft);
  setReplicasAnnotations(draft, replicasOf(deployment), replicasOf(deployment) + maxSurge(deployment));
  if (draft.object.spec !== undefined) draft.object = { ...draft.object, spec: { ...draft.object.spec, replicas } };
  work.current = draft;
  work.revision = String(revision);
  if (progressDeadlineMs(deployment) !== undefined) {
    work.conditions = withCondition(work.conditions, condition('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${made.metadata?.name ?? ''}"`, nowMs));
  }
  return draft;
}

function newReplicaSet(deployment: Deployment): ReplicaSet {
  const template = deployment.spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const name = deployment.metadata?.name ?? '';
  const longest = 253 - 1 - hash.length;
  const selector = deployment.spec?.selector ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name.slice(0, longest)}-${hash}`,
      namespace: deployment.metadata?.namespace,
      labels,
      ownerReferences: [controllerReference(deployment, apps)],
    },
    spec: {
      replicas: 0,
      minReadySeconds: deployment.spec?.minReadySeconds ?? 0,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** True when something was scaled. */
function roll(work: Work, nowMs: number): boolean {
  const current = ensureCurrent(work, nowMs);
  if (growCurrent(work.deployment, [...work.old, current], current)) return true;
  return shrinkOld(work.deployment, work.old, current);
}

function recreate(work: Work, pods: Observed['pods'], nowMs: number): boolean {
  if (shrinkAll(work.deployment, work.old) || oldPodsRun(work, pods)) return true;
  growCurrent(work.deployment, work.old, ensureCurrent(work, nowMs));
  return false;
}

function oldPodsRun({ old, current }: Work, pods: Observed['pods']): boolean {
  if (old.some((draft) => (draft.object.status?.replicas ?? 0) > 0)) return true;
  const own = current?.object.metadata?.uid;
  for (const [uid, list] of pods) if (uid !== own && list.some((pod) => !isFinished(pod))) return true;
  return false;
}

/** Old ReplicaSets beyond the history limit that hold nothing any more, oldest revisions first. */
function cleanUp(work: Work): void {
  const limit = revisionHistoryLimit(work.deployment);
  if (limit === undefined) return;
  const alive = work.old.filter((draft) => draft.object.metadata?.deletionTimestamp === undefined);
  const byRevision = [...alive].sort((a, b) => (revisionOf(a.object) ?? 0) - (revisionOf(b.object) ?? 0) || byAge(a, b));
  for (const { object } of byRevision.slice(0, Math.max(0, alive.length - limit))) {
    const settled = (object.metadata?.generation ?? 0) <= (object.status?.observedGeneration ?? 0);
    if ((object.status?.replicas ?? 0) === 0 && (object.spec?.replicas ?? 1) === 0 && settled) work.remove.push(object);
  }
}

function finish(work: Work, status: DeploymentStatus, nowMs: number): Plan {
  const { current, old, remove } = work;
  const all = current === undefined ? old : [...old, current];
  const create = current !== undefined && current.original === undefined ? current.object : undefined;
  return {
    create,
    update: all.filter((draft) => draft.changed && draft.original !== undefined && !remove.includes(draft.object)).map(({ object, scaledFrom }) => ({ object, scaledFrom })),
    remove,
    status,
    revision: work.revision,
    requeueAfterMs: progressCheckMs(work.deployment, status, nowMs),
  };
}
