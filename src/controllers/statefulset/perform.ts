// The steps of a StatefulSet's plan on the server: pods with their claims created before them, the owners of claims
// by the retention policy, and the events that users see for it.
import type { StatefulSet } from '#api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { controllerReference, resourceNamed, retryOnConflict, type Informer } from '#client';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery';
import type { ControllerContext } from '../context.ts';
import { slowStart } from '../slow-start.ts';
import { claimName, claimsFor, identityMatches, newPod, ordinalOf, repaired, storageMatches } from './identity.ts';
import type { Plan, Step } from './reconcile.ts';
import { hasConflictingController, withOwners } from './retention.ts';

export interface Performing {
  readonly context: ControllerContext;
  readonly set: StatefulSet;
  readonly claims: Informer<PersistentVolumeClaim>;
  /** The template of a revision, by the revision's name. */
  readonly templateOf: (revision: string) => PodTemplateSpec;
}

/** Performs the stages; rejects with the first failure and leaves the rest. */
export async function perform(performing: Performing, { stages, parallel }: Plan): Promise<void> {
  for (const steps of stages) {
    if (parallel) {
      const { error } = await slowStart(steps.length, async (at) => {
        const step = steps[at];
        if (step !== undefined) await take(performing, step);
      });
      if (error !== undefined) throw error;
    } else for (const step of steps) await take(performing, step);
  }
}

async function take(performing: Performing, step: Step): Promise<void> {
  switch (step.do) {
    case 'create':
      return createPod(performing, step.ordinal, step.revision);
    case 'delete':
      return deletePod(performing, step.pod);
    case 'claims':
      await createClaims(performing, step.pod);
      return tellFailure(performing, 'update', step.pod, () => setOwners(performing, step.pod));
    case 'own':
      return setOwners(performing, step.pod);
    case 'repair':
      return repairPod(performing, step.pod);
  }
}

type Verb = 'create' | 'update' | 'delete';

function tellPod({ context, set }: Performing, verb: Verb, pod: Pod, error?: unknown): void {
  const title = verb.charAt(0).toUpperCase() + verb.slice(1);
  const what = `${title} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
  if (error === undefined) context.recorder.event(set, 'Normal', `Successful${title}`, `${what} successful`);
  else context.recorder.event(set, 'Warning', `Failed${title}`, `${what} failed error: ${errorText(error)}`);
}

async function tellFailure(performing: Performing, verb: Verb, pod: Pod, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    tellPod(performing, verb, pod, error);
    throw error;
  }
}

async function createPod(performing: Performing, ordinal: number, revision: string): Promise<void> {
  const { context, set } = performing;
  const pod = newPod(set, ordinal, performing.templateOf(revision), revision, controllerReference(set, resourceNamed('statefulsets.apps')));
  await tellFailure(performing, 'create', pod, () => createClaims(performing, pod));
  let created: Pod;
  try {
    created = await context.client.resource<Pod>('pods').in(set.metadata?.namespace ?? '').create(pod);
  } catch (error) {
    // It is there: the cache will show it soon.
    if (!isAlreadyExists(error)) tellPod(performing, 'create', pod, error);
    throw error;
  }
  await tellFailure(performing, 'update', pod, () => setOwners(performing, created));
  tellPod(performing, 'create', pod);
}

async function deletePod(performing: Performing, pod: Pod): Promise<void> {
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  try {
    // The uid keeps an old cache from deleting the successor of the same name.
    await performing.context.client.resource<Pod>('pods').in(namespace).delete(name, { preconditions: { uid } });
  } catch (error) {
    if (isConflict(error)) return;
    if (!isNotFound(error)) {
      tellPod(performing, 'delete', pod, error);
      throw error;
    }
  }
  tellPod(performing, 'delete', pod);
}

/** Creates what the pod's claims lack; rejects when one is just being deleted. */
async function createClaims({ context, set, claims }: Performing, pod: Pod): Promise<void> {
  const failures: string[] = [];
  const what = (claim: PersistentVolumeClaim): string => `${claim.metadata?.name}`;
  for (const claim of claimsFor(set, ordinalOf(pod))) {
    const existing = claims.get(set.metadata?.namespace ?? '', claim.metadata?.name ?? '');
    if (existing?.metadata?.deletionTimestamp !== undefined) failures.push(`pvc ${what(claim)} is being deleted`);
    if (existing !== undefined) continue;
    try {
      await context.client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(set.metadata?.namespace ?? '').create(claim);
      context.recorder.event(set, 'Normal', 'SuccessfulCreate', `Create Claim ${what(claim)} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name} success`);
    } catch (error) {
      failures.push(`failed to create PVC ${what(claim)}: ${errorText(error)}`);
      if (!isAlreadyExists(error)) context.recorder.event(set, 'Warning', 'FailedCreate', `Create Claim ${what(claim)} for Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name} failed error: ${errorText(error)}`);
    }
  }
  if (failures.length === 1) throw new Error(failures[0]);
  if (failures.length > 1) throw new Error(`[${failures.join(', ')}]`);
}

async function setOwners({ context, set, claims }: Performing, pod: Pod): Promise<void> {
  const namespace = set.metadata?.namespace ?? '';
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    const name = claimName(set, template, ordinalOf(pod));
    const claim = claims.get(namespace, name);
    if (claim === undefined) continue;
    if (hasConflictingController(claim, set, pod)) {
      context.recorder.event(set, 'Warning', 'ConflictingController', `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`);
    }
    const wanted = withOwners(claim, set, pod);
    if (wanted !== undefined) await context.client.resource<PersistentVolumeClaim>('persistentvolumeclaims').in(namespace).update(wanted);
  }
}

async function repairPod(performing: Performing, pod: Pod): Promise<void> {
  const { context, set } = performing;
  const resource = context.client.resource<Pod>('pods').in(set.metadata?.namespace ?? '');
  let current = pod;
  let wrote = false;
  try {
    await retryOnConflict(context.world, async () => {
      if (!storageMatches(set, current)) await createClaims(performing, current);
      await setOwners(performing, current);
      if (identityMatches(set, current) && storageMatches(set, current)) return;
      wrote = true;
      try {
        await resource.update(repaired(set, current));
      } catch (error) {
        current = await resource.get(pod.metadata?.name ?? '');
        throw error;
      }
    });
  } catch (error) {
    tellPod(performing, 'update', pod, error);
    throw error;
  }
  if (wrote) tellPod(performing, 'update', pod);
}
